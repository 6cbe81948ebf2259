// SPDX-License-Identifier: Apache-2.0
/**
 * A later tfjs that keeps tensors in another way: results are right all the same, composed of core ops; it says so
 * once, and why.
 */
import * as tf from '@tensorflow/tfjs-core';
import { peerDependencies } from '../package.json';
import { explain, install, uninstall } from '../src';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import {
  EXACT_VARIANTS,
  type Environment,
  describeOnEveryBackend,
  hasKernels,
  isDrawn,
  rowsOn,
} from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { explicitPad, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import { onLaterTfjs } from './support/later_tfjs';
import { LATER } from './support/later_versions';
import * as oracle from './support/oracle';
import { kernelsThatRun } from './support/profile';

const REQUEST = { xShape: [1, 4, 5, 3], filterShape: [3, 3, 2, 3], strides: 2, pad: 'same' } as const;
const LAYERS = ['stride 2', 'odd channels', 'groups 2'];

describeOnEveryBackend('a later tfjs', specs, hasKernels);

function specs(environment: Environment): void {
  const { backend } = environment;
  /** All that the op computes is right. Which of our kernels have run. */
  async function runAll(): Promise<string[]> {
    const names = await kernelsThatRun(() => {
      for (const name of rowsOn(environment, LAYERS, isDrawn)) {
        const l = CASES[name];
        const { x, filter, dy } = randomOperands(l, `later ${name}`);
        expect(mismatch(runForward(l, x, filter, 'auto'), oracle.forward(l, x, filter))).toBe('');
        expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
        expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
      }
    });
    return names.filter((name) => name.startsWith('Conv2DTranspose'));
  }

  for (const [what, [later, finding]] of Object.entries(LATER[backend])) {
    it(`${what}: results are right, composed of core ops, and one warning says why`, async () => {
      const l = layer();
      const { x, filter } = randomOperands(l, 'later');
      const warnings = await onLaterTfjs(later, async () => {
        expect(await runAll()).toEqual([]);
        const { variant, reason, variants } = explain(REQUEST);
        expect(variant).toBeUndefined();
        expect(reason).toMatch(finding);
        expect(reason).toMatch(
          /no variant can run on .*(keeps tensors in another way|could not be proven to).* composed of core ops/,
        );
        for (const name of EXACT_VARIANTS) {
          expect(variants[name].support.supported).toBe(false);
          expect(() => runForward(l, x, filter, name)).toThrowError(
            /cannot run on backend .*: tfjs \d.* (keeps tensors in another way|could not be proven).* 'auto' would do/,
          );
        }
      });
      expect(warnings.length).toBe(1);
      expect(warnings[0]).toMatch(finding);
      expect(warnings[0]).toContain(`backend '${backend}': tfjs ${tf.version_core} `);
      expect(warnings[0]).toMatch(/Use tfjs \d.*open an issue/);
      expect((await runAll()).length).toBeGreaterThan(2);
    });

    it(`${what}: what is installed leaves it to stock`, async () => {
      const l = layer({ outChannels: 4 });
      const { x, filter } = randomOperands(l, 'later, installed');
      await onLaterTfjs(later, async () => {
        install({ backends: [backend], kernels: ['Conv2DBackpropInput'] });
        try {
          const names = await kernelsThatRun(() =>
            tf.tidy(() => {
              const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
              const y = tf.conv2dTranspose($x, $filter, yShape(l), l.strides, explicitPad(l));
              expect(mismatch(y.dataSync(), oracle.forward(l, x, filter))).toBe('');
            }),
          );
          expect(names).toContain('Conv2DBackpropInput');
        } finally {
          uninstall();
        }
      });
    });
  }

  if (backend === 'wasm')
    it('is named where stock has no kernel to leave it to', async () => {
      await onLaterTfjs(Object.values(LATER[backend])[0][0], () => {
        install({ backends: [backend] });
        try {
          const gradient = (): unknown =>
            tf.tidy(() =>
              tf.grad((filter) => tf.conv2d(tf.ones<tf.Rank.R4>([1, 4, 4, 1]), filter as tf.Tensor4D, 1, 'same'))(
                tf.ones([3, 3, 1, 1]),
              ),
            );
          expect(gradient).toThrowError(
            /Conv2DBackpropFilter on backend 'wasm': tfjs .* could not be proven to keep tensors/,
          );
        } finally {
          uninstall();
        }
      });
    });

  it('is told the version to go back to that this package asks for', async () => {
    const [[later]] = Object.values(LATER[backend]);
    const [warning] = await onLaterTfjs(later, () => void explain(REQUEST));
    const known = /Use tfjs ([\d.]+\d)/.exec(warning)![1];
    expect(peerDependencies['@tensorflow/tfjs-core'].replace(/[^\d.]/g, '').startsWith(`${known}.`)).toBe(true);
  });
}
