// SPDX-License-Identifier: Apache-2.0
/** fused.conv2dTranspose: equal to the ops one by one, values and gradients; in one kernel where there is one. */
import * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type FusedConv2DTransposeConfig, conv2dTranspose, fused } from '../src';
import { describeOnEveryBackend, variantsOn } from './support/environments';
import { NOTHING, leaked } from './support/leaks';
import { uniform } from './support/random';

type Config = FusedConv2DTransposeConfig<tf.Tensor4D>;

describeOnEveryBackend('fused.conv2dTranspose', (environment) => {
  const tolerance = environment.precision === 16 ? 2e-2 : 1e-5;
  const x = (): tf.Tensor4D => tf.tensor4d(uniform(2 * 4 * 5 * 4, 'fused x'), [2, 4, 5, 4]);
  const filter = (outChannels = 5): tf.Tensor4D =>
    tf.tensor4d(uniform(9 * outChannels * 4, 'fused filter'), [3, 3, outChannels, 4]);
  const bias = [0.5, -1, 0, 2, 0.25];
  const slopes = [0.1, 0.2, 0.3, -0.4, 0];

  function composed({
    bias: b,
    activation = 'linear',
    preluActivationWeights,
    leakyreluAlpha,
    ...rest
  }: Config): tf.Tensor {
    // prettier-ignore
    const { x: input, filter: w, outputShape, strides, pad, ...options } = rest;
    const sums = conv2dTranspose(input as tf.Tensor4D, w, outputShape, strides, pad, options);
    const biased = b === undefined ? sums : tf.add(sums, b as tf.Tensor);
    const activations = {
      linear: () => biased,
      relu: () => tf.relu(biased),
      relu6: () => tf.relu6(biased),
      elu: () => tf.elu(biased),
      sigmoid: () => tf.sigmoid(biased),
      leakyrelu: () => tf.leakyRelu(biased, leakyreluAlpha),
      prelu: () => tf.prelu(biased, preluActivationWeights as tf.Tensor),
    };
    return activations[activation]();
  }

  function distance(a: tf.Tensor, b: tf.Tensor): number {
    expect(a.shape).toEqual(b.shape);
    return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
  }

  for (const variant of variantsOn(environment)) {
    for (const activation of ACTIVATIONS) {
      it(`${variant}, ${activation}, with a bias per channel, a single one and none`, () => {
        for (const b of [tf.tensor1d(bias), tf.scalar(0.5), undefined]) {
          for (const outChannels of [5, 4]) {
            if (b && b.size > 1 && outChannels !== 5) continue;
            const preluActivationWeights =
              activation === 'prelu' ? tf.tensor1d(slopes.slice(0, outChannels)) : undefined;
            tf.tidy(() => {
              const config = { x: x(), filter: filter(outChannels), strides: 2, pad: 'same' as const, bias: b, activation, preluActivationWeights, leakyreluAlpha: 0.3, variant }; // prettier-ignore
              expect(distance(fused.conv2dTranspose(config), composed(config))).toBeLessThan(tolerance);
            });
            preluActivationWeights?.dispose();
          }
          b?.dispose();
        }
      });
    }
  }

  it('has gradients with respect to x, filter, bias and prelu weights', () => {
    for (const activation of ACTIVATIONS) {
      tf.tidy(() => {
        const inputs = [x(), filter(), tf.tensor1d(bias), ...(activation === 'prelu' ? [tf.tensor1d(slopes)] : [])];
        const run =
          (op: (config: Config) => tf.Tensor) =>
          (...[a, w, b, p]: tf.Tensor[]): tf.Tensor =>
            op({ x: a as tf.Tensor4D, filter: w as tf.Tensor4D, strides: 2, pad: 'same', bias: b, activation, preluActivationWeights: p, leakyreluAlpha: 0.3 }); // prettier-ignore
        const ours = tf.grads(run(fused.conv2dTranspose))(inputs);
        const theirs = tf.grads(run(composed))(inputs);
        ours.forEach((gradient, n) => expect(distance(gradient, theirs[n])).toBeLessThan(tolerance * 50));
      });
    }
  });

  it('takes NCHW, rank 3 and groups', () => {
    tf.tidy(() => {
      const w = tf.tensor4d(uniform(9 * 2 * 4, 'grouped'), [3, 3, 2, 4]);
      const config = { filter: w, strides: 2, pad: 'same' as const, groups: 2, bias: tf.tensor1d([1, 2, 3, 4]), activation: 'relu' as const }; // prettier-ignore
      const nhwc = fused.conv2dTranspose({ ...config, x: x() });
      const nchw = fused.conv2dTranspose({ ...config, x: tf.transpose(x(), [0, 3, 1, 2]), dataFormat: 'NCHW' });
      expect(distance(tf.transpose(nchw, [0, 2, 3, 1]), nhwc)).toBeLessThan(tolerance);
      const first = fused.conv2dTranspose({ ...config, x: tf.reshape<tf.Rank.R3>(tf.slice(x(), 0, 1), [4, 5, 4]) });
      expect(distance(tf.reshape(first, [1, ...first.shape]), tf.slice(nhwc, 0, 1))).toBeLessThan(tolerance);
    });
  });

  if (environment.withoutKernels === undefined) {
    it('is one kernel', async () => {
      const config = { x: x(), filter: filter(), strides: 2, pad: 'same' as const, bias: tf.tensor1d(bias), activation: 'relu' as const }; // prettier-ignore
      const names: string[] = [];
      const { kernels } = await tf.profile(() => fused.conv2dTranspose(config));
      names.push(...kernels.map((kernel) => kernel.name));
      expect(names).toEqual([names[0]]);
      expect(names[0]).toMatch(/^Conv2DTranspose/);
    });
  }

  it('leaves nothing behind, not after an error either', () => {
    const [input, w, b] = [x(), filter(), tf.tensor1d(bias)];
    const config = { x: input, filter: w, strides: 2, pad: 'same' as const };
    expect(leaked(() => fused.conv2dTranspose({ ...config, bias: b, activation: 'elu' }).dispose())).toEqual(NOTHING);
    const wrong: [Partial<Config>, RegExp][] = [
      [{ activation: 'tanh' as 'relu' }, /activation must be one of linear, relu.*"tanh"/],
      [{ bias: tf.tensor1d([1, 2]) }, /bias must hold a value for each of the 5 output channels.*shape \[2\]/],
      [{ activation: 'prelu' }, /preluActivationWeights must be given with activation 'prelu'/],
      [{ preluActivationWeights: b }, /only then/],
      [{ colour: 1 } as Partial<Config>, /unknown option 'colour'/],
    ];
    for (const [more, message] of wrong) {
      expect(leaked(() => expect(() => fused.conv2dTranspose({ ...config, ...more })).toThrowError(message))).toEqual(
        NOTHING,
      );
    }
  });
});
