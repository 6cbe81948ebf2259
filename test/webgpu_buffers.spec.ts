// SPDX-License-Identifier: Apache-2.0
/** The buffers that webgpu's kernels make on their way go back to tfjs's pool, also where a program cannot be run. */
import * as tf from '@tensorflow/tfjs-core';
import type { Variant } from '../src';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend } from './support/environments';
import { forwardAndGradients } from './support/kernels';
import { layer, randomOperands } from './support/layer';
import { TILES_BY, backend, setTiles, submit, used } from './support/webgpu_backend';

describeOnEveryBackend('webgpu, buffers', specs, (environment) => environment.name === 'webgpu');

function specs({ specs: some }: Environment): void {
  // Of so many pixels that its filter gradient is cut into parts.
  const l = layer({ inSize: [7, 11], inChannels: 8, outChannels: 4, pads: [1, 0, 0, 1] });
  const operands = randomOperands(l, 'buffers');

  /** A forward pass and both gradients that the GPU is given at once, not once there is more. */
  const submitted = (variant: Variant): ReturnType<typeof forwardAndGradients> => {
    const { inputs, runs } = forwardAndGradients(l, operands, variant);
    return {
      inputs,
      runs: () => {
        runs();
        submit();
      },
    };
  };
  /** Has the backend note the programs that it runs, and throw instead of running one; returns what undoes that. */
  const watch = (throwsAt = Infinity): { names: string[]; undo: () => void } => {
    const run = backend().runWebGPUProgram.bind(backend());
    const names: string[] = [];
    backend().runWebGPUProgram = (program, ...rest) => {
      names.push(program.shaderKey);
      if (names.length === throwsAt) throw new Error('no such luck');
      return run(program, ...rest);
    };
    return { names, undo: () => void (backend().runWebGPUProgram = run) };
  };

  // Where only some suites are tried, one kind of programs: a CPU takes seconds to compile the other.
  for (const by of TILES_BY.slice(0, some === undefined ? undefined : 1)) {
    describe(`tiles by ${by}`, () => {
      beforeAll(() => setTiles(by));
      afterAll(() => setTiles());

      for (const variant of EXACT_VARIANTS) {
        it(`${variant}: all are given back`, () => {
          const { inputs, runs } = submitted(variant);
          runs();
          const before = used();
          for (let n = 0; n < 5; n++) runs();
          expect(used()).toEqual(before);
          tf.dispose(inputs);
        });

        it(`${variant}: all are given back when a program cannot be run`, () => {
          const { inputs, runs } = submitted(variant);
          runs();
          const before = used();
          const { names, undo } = watch();
          runs();
          undo();
          expect(names.some((name) => name.includes('partial sums'))).toBe(true);
          for (let last = 1; last <= names.length; last++) {
            const failing = watch(last);
            expect(() => tf.tidy(runs)).toThrowError(/no such luck/);
            failing.undo();
            submit();
            expect(used()).toEqual(before);
          }
          runs();
          expect(used()).toEqual(before);
          tf.dispose(inputs);
        });
      }
    });
  }
}
