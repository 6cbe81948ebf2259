// SPDX-License-Identifier: Apache-2.0
/** The elementwise kernels that install() brings: bit by bit what stock computes, whatever the shapes and values. */
import * as tf from '@tensorflow/tfjs-core';
import { install, uninstall } from '../src';
import { descriptorOf } from '../src/contract';
import { describeOnEveryBackend } from './support/environments';
import { sizeOf } from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import { uniform } from './support/random';

/** Pairs of shapes: those that repeat in full, those that do not and go to stock, and small ones first. */
const SHAPES: readonly (readonly [number[], number[]])[] = [
  [
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ],
  [[2, 3, 4, 5], [5]],
  [[2, 3, 4, 5], []],
  [
    [1, 40, 30, 7],
    [1, 1, 7],
  ],
  [
    [2, 3, 4, 5],
    [1, 1, 4, 5],
  ],
  [[7, 500], [1]],
  [[5], [2, 3, 4, 5]],
  [[], [6]],
  [
    [2, 1, 3],
    [2, 4, 1],
  ],
  [
    [4, 5],
    [4, 1],
  ],
  [[3], [1, 3]],
  [[0, 3], [3]],
  [[], []],
];
const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 1e-45, -1e-45, 3e38, -3e38];

function tensorOf(shape: number[], seed: string): tf.Tensor {
  const values = uniform(sizeOf(shape), seed).map((value, n) => (n % 3 === 1 ? SPECIAL[n % SPECIAL.length] : value));
  return tf.tensor(values, shape);
}

const OPS: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  Add: tf.add,
  Minimum: tf.minimum,
  Prelu: tf.prelu,
};
const bitsOf = (tensor: tf.Tensor): number[] => [...new Uint32Array(tensor.dataSync<'float32'>().slice().buffer)];

describeOnEveryBackend(
  'elementwise kernels',
  ({ backend }) => {
    afterEach(uninstall);

    for (const [kernelName, op] of Object.entries(OPS)) {
      it(`${kernelName}: the same bits as stock, whatever the shapes`, () => {
        const run = (): (number | number[])[][] =>
          SHAPES.map(([first, second]) =>
            tf.tidy(() => {
              const result = op(tensorOf(first, `${kernelName} first`), tensorOf(second, `${kernelName} second`));
              return [result.shape, ...bitsOf(result)];
            }),
          );
        const stock = run();
        expect(install({ backends: [backend] })).toContain(`${backend}/${kernelName}`);
        let ours: unknown;
        expect(leaked(() => (ours = run()))).toEqual(NOTHING);
        expect(ours).toEqual(stock);
      });
    }

    it('leaves other types to stock', () => {
      const run = (): unknown[] =>
        tf.tidy(() => {
          const [int, bool] = [tf.tensor1d([1, -2], 'int32'), tf.tensor1d([true, false], 'bool')];
          const complex = tf.complex([1, 2], [3, 4]);
          const results = [tf.add(int, int), tf.minimum(int, tf.scalar(0, 'int32')), tf.add(complex, tf.scalar(1))];
          const mixed = tf.add(tf.tensor1d([0.5, 1]), bool);
          return [...results, mixed].map((tensor) => [tensor.dtype, ...tensor.dataSync()]);
        });
      const stock = run();
      install({ backends: [backend] });
      expect(run()).toEqual(stock);
    });
  },
  ({ backend }) => descriptorOf(backend)?.elementwise !== undefined,
);
