// SPDX-License-Identifier: Apache-2.0
/** fused.conv2dTranspose: equal to the ops one by one, values and gradients; in one kernel where there is one. */
import * as tf from '@tensorflow/tfjs-core';
import {
  ACTIVATIONS,
  type Activation,
  type Conv2DTransposeAttrs,
  Conv2DTransposeBackpropInput,
  type FusedConv2DTransposeConfig,
  KERNEL_OF_VARIANT,
  type Variant,
  computeGeometry,
  conv2dTranspose,
  fused,
  registerGradients,
} from '../src';
import { xShapeOf, yShapeOf } from '../src/geometry/geometry';
import { EXACT_VARIANTS, describeOnEveryBackend, isVariation, rowsOn, variantsOn } from './support/environments';
import { NOTHING, leaked } from './support/leaks';
import { uniform } from './support/random';

type Config = FusedConv2DTransposeConfig<tf.Tensor4D>;

/** `below` of the numbers below 0, the others as they are. */
function belowZero(y: tf.Tensor, below: tf.Tensor): tf.Tensor {
  const isBelow = tf.step(tf.neg(y)); // 1 or 0; a comparison has no gradient in tfjs, not even of zeros.
  return tf.add(tf.mul(isBelow, below), tf.mul(tf.sub(1, isBelow), y));
}

/** What an activation makes of a sum, by its definition; a row for each, or this does not compile. */
const FORMULAS: Readonly<Record<Activation, (y: tf.Tensor, config: Config) => tf.Tensor>> = {
  linear: (y) => y,
  relu: (y) => belowZero(y, tf.zerosLike(y)),
  relu6: (y) => tf.clipByValue(belowZero(y, tf.zerosLike(y)), 0, 6),
  elu: (y) => belowZero(y, tf.sub(tf.exp(y), 1)),
  sigmoid: (y) => tf.div(1, tf.add(1, tf.exp(tf.neg(y)))),
  // Not by exp(2y), which half floats cannot hold.
  tanh: (y) => {
    const e = tf.exp(tf.mul(-2, tf.abs(y)));
    return tf.mul(tf.sign(y), tf.div(tf.sub(1, e), tf.add(1, e)));
  },
  leakyrelu: (y, { leakyreluAlpha }) => belowZero(y, tf.mul(y, leakyreluAlpha!)),
  prelu: (y, { preluActivationWeights }) => belowZero(y, tf.mul(y, preluActivationWeights as tf.Tensor)),
};

/** The ops one by one. */
function composed(config: Config): tf.Tensor {
  const { x, filter, outputShape, strides, pad, dilations, groups, variant, bias, activation = 'linear' } = config;
  const options = { dilations, groups, variant };
  const sums = conv2dTranspose(x as tf.Tensor4D, filter, outputShape, strides, pad, options);
  return FORMULAS[activation](bias === undefined ? sums : tf.add(sums, bias as tf.Tensor), config);
}

/** The layer that all tests here are of, unless they say otherwise. */
const LAYER = { xShape: [2, 4, 5, 4], filterShape: [3, 3, 5, 4], strides: 2, pad: 'same' as const };

function runKernel(kernelName: string, inputs: tf.NamedTensorMap, attrs: Conv2DTransposeAttrs): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attrs as unknown as tf.NamedAttrMap);
}

describeOnEveryBackend('fused.conv2dTranspose', (environment) => {
  const tolerance = environment.precision === 16 ? 2e-2 : 1e-5;
  const x = (): tf.Tensor4D => tf.tensor4d(uniform(2 * 4 * 5 * 4, 'fused x'), [2, 4, 5, 4]);
  const filter = (outChannels = 5): tf.Tensor4D =>
    tf.tensor4d(uniform(9 * outChannels * 4, 'fused filter'), [3, 3, outChannels, 4]);
  const bias = [0.5, -1, 0, 2, 0.25];
  const slopes = [0.1, 0.2, 0.3, -0.4, 0];

  function distance(a: tf.Tensor, b: tf.Tensor): number {
    expect(a.shape).toEqual(b.shape);
    return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
  }

  const pairs = variantsOn(environment).flatMap((variant) =>
    ACTIVATIONS.map((activation) => ({ variant, activation })),
  );
  for (const { variant, activation } of rowsOn(environment, pairs, isVariation)) {
    it(`${variant}, ${activation}, with a bias per channel, a single one and none`, () => {
      for (const b of [tf.tensor1d(bias), tf.scalar(0.5), undefined]) {
        for (const outChannels of [5, 4]) {
          if (b && b.size > 1 && outChannels !== 5) continue;
          tf.tidy(() => {
            const shared = { x: x(), filter: filter(outChannels), strides: 2, pad: 'same' as const, variant };
            const weights = activation === 'prelu' ? tf.tensor1d(slopes.slice(0, outChannels)) : undefined;
            const curve = { activation, preluActivationWeights: weights, leakyreluAlpha: 0.3 };
            const config: Config = { ...shared, ...curve, bias: b };
            expect(distance(fused.conv2dTranspose(config), composed(config))).toBeLessThan(tolerance);
          });
        }
        b?.dispose();
      }
    });
  }

  it('has gradients with respect to x, filter, bias and prelu weights', () => {
    for (const activation of ACTIVATIONS) {
      tf.tidy(() => {
        const inputs = [x(), filter(), tf.tensor1d(bias), ...(activation === 'prelu' ? [tf.tensor1d(slopes)] : [])];
        const run =
          (op: (config: Config) => tf.Tensor) =>
          (...[a, w, b, p]: tf.Tensor[]): tf.Tensor =>
            op({
              ...{ x: a as tf.Tensor4D, filter: w as tf.Tensor4D, strides: 2, pad: 'same', bias: b },
              ...{ activation, preluActivationWeights: p, leakyreluAlpha: 0.3 },
            });
        const ours = tf.grads(run(fused.conv2dTranspose))(inputs);
        const theirs = tf.grads(run(composed))(inputs);
        ours.forEach((gradient, n) => expect(distance(gradient, theirs[n])).toBeLessThan(tolerance * 50));
      });
    }
  });

  it('takes NCHW, rank 3 and groups', () => {
    tf.tidy(() => {
      const w = tf.tensor4d(uniform(9 * 2 * 4, 'grouped'), [3, 3, 2, 4]);
      const layer = { filter: w, strides: 2, pad: 'same' as const, groups: 2 };
      const config = { ...layer, bias: tf.tensor1d([1, 2, 3, 4]), activation: 'relu' as const };
      const nhwc = fused.conv2dTranspose({ ...config, x: x() });
      const nchw = fused.conv2dTranspose({ ...config, x: tf.transpose(x(), [0, 3, 1, 2]), dataFormat: 'NCHW' });
      expect(distance(tf.transpose(nchw, [0, 2, 3, 1]), nhwc)).toBeLessThan(tolerance);
      const first = fused.conv2dTranspose({ ...config, x: tf.reshape<tf.Rank.R3>(tf.slice(x(), 0, 1), [4, 5, 4]) });
      expect(distance(tf.reshape(first, [1, ...first.shape]), tf.slice(nhwc, 0, 1))).toBeLessThan(tolerance);
    });
  });

  if (environment.withoutKernels === undefined) {
    it('is one kernel', async () => {
      const layer = { x: x(), filter: filter(), strides: 2, pad: 'same' as const };
      const config = { ...layer, bias: tf.tensor1d(bias), activation: 'relu' as const };
      const { kernels } = await tf.profile(() => fused.conv2dTranspose(config));
      expect(kernels.length).toBe(1);
      expect(kernels[0].name).toMatch(/^Conv2DTranspose/);
    });

    it('has no gradient if a kernel is called with it directly: none rather than a wrong one', () => {
      registerGradients();
      tf.tidy(() => {
        const geometry = computeGeometry(LAYER);
        const [image, cotangent] = [tf.ones(xShapeOf(geometry)), tf.ones(yShapeOf(geometry))];
        const slope = tf.scalar(0.25);
        for (const activation of ACTIVATIONS) {
          const gradientOf = (kernelName: string, input: 'x' | 'dy', variant: Variant) => (): tf.Tensor => {
            const attrs: Conv2DTransposeAttrs = { geometry, variant, activation };
            const others = { filter: filter(), ...(activation === 'prelu' && { preluActivationWeights: slope }) };
            const run = (t: tf.Tensor): tf.Tensor => runKernel(kernelName, { [input]: t, ...others }, attrs);
            return input === 'x' ? tf.grad(run)(image, cotangent) : tf.grad(run)(cotangent, image);
          };
          const calls = [
            ...EXACT_VARIANTS.map((variant) => gradientOf(KERNEL_OF_VARIANT[variant], 'x', variant)),
            gradientOf(Conv2DTransposeBackpropInput, 'dy', 'subpixel'),
          ];
          for (const call of calls) {
            if (activation === 'linear') expect(call).not.toThrow();
            else expect(call).toThrowError(new RegExp(`'${activation}' fused has no gradient; call fused.conv2d`));
          }
        }
      });
    });

    it('has the gradient of x if a kernel is called with a bias alone, and none of the bias', () => {
      registerGradients();
      tf.tidy(() => {
        const attrs: Conv2DTransposeAttrs = { geometry: computeGeometry(LAYER), variant: 'subpixel' };
        const [$x, $filter, $bias] = [x(), filter(), tf.tensor1d(bias)];
        const run = (image: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          runKernel(KERNEL_OF_VARIANT.subpixel, { x: image, filter: $filter, bias: b }, attrs);
        const plain = tf.grad((t) => conv2dTranspose(t as tf.Tensor4D, $filter, undefined, 2, 'same'))($x);
        expect(distance(tf.grad((t) => run(t, $bias))($x), plain)).toBeLessThan(tolerance);
        expect(() => tf.grad((t) => run($x, t))($bias)).toThrowError(/Cannot backprop through input bias/);
      });
    });
  }

  it('leaves nothing behind, not after an error either', () => {
    const [input, w, b] = [x(), filter(), tf.tensor1d(bias)];
    const config = { x: input, filter: w, strides: 2, pad: 'same' as const };
    expect(leaked(() => fused.conv2dTranspose({ ...config, bias: b, activation: 'elu' }).dispose())).toEqual(NOTHING);
    const wrong: [Partial<Config>, RegExp][] = [
      [{ activation: 'no such' as 'relu' }, /activation must be one of 'linear', 'relu'.*'no such'/],
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

  it('refuses a bias that does not fit a filter of nested arrays', () => {
    tf.tidy(() => {
      const layer = { x: x(), filter: filter().arraySync(), strides: 2, pad: 'same' as const };
      const run = (): unknown => fused.conv2dTranspose({ ...layer, bias: [1, 2] });
      expect(run).toThrowError(/bias must hold a value for each of the.* output channels.*shape \[2\]/);
    });
  });
});
