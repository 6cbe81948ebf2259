// SPDX-License-Identifier: Apache-2.0
/** `fold`: which chains of layers become one layer and which do not, with the results of the float64 definition. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers as L, sequential } from '@tensorflow/tfjs-layers';
import { conv1dTranspose, conv2dTranspose, fold } from '../src/integrations/layers';
import { describeOnEveryBackend, isVariation, rowsOn } from './support/environments';
import { type KerasLayer, image, norm, same, seeded, size, summary, wrong } from './support/folding';
import { sizeOf } from './support/layer';
import { uniform } from './support/random';
import { chain } from './support/seeded_model';

interface Case {
  inputShape: number[];
  layers(): KerasLayer[];
  left: string;
}

const on = (inputShape: number[], layers: Case['layers'], left: string): Case => ({ inputShape, layers, left });

/** What becomes of a chain of layers. */
const CASES: Readonly<Record<string, Case>> = {
  'a stock transposed convolution': on(
    image,
    () => [L.conv2dTranspose({ ...size, strides: 2, useBias: false }), norm(), L.reLU()],
    'Conv2DTranspose relu',
  ),
  'a stock transposed convolution that ignores its dilation': on(
    image,
    () => [L.conv2dTranspose({ ...size, dilationRate: 2, padding: 'valid' }), norm()],
    'Conv2DTranspose',
  ),
  'groups, an output padding and LeakyReLU': on(
    image,
    () => [conv2dTranspose({ ...size, strides: 3, groups: 2, outputPadding: 1 }), norm(), L.leakyReLU({ alpha: 0.1 })],
    'Conv2DTranspose leakyrelu',
  ),
  'a dilation, channels first and PReLU': on(
    [4, 5, 4],
    () => [
      conv2dTranspose({ ...size, dilationRate: 2, dataFormat: 'channelsFirst' }),
      norm({ axis: 1 }),
      L.prelu({ sharedAxes: [2, 3] }),
    ],
    'Conv2DTranspose prelu',
  ),
  'as many groups as channels, and tanh': on(
    image,
    () => [
      conv2dTranspose({ ...size, filters: 8, groups: 4, strides: 2, padding: 'valid' }),
      norm({ scale: false }),
      L.activation({ activation: 'tanh' }),
    ],
    'Conv2DTranspose tanh',
  ),
  'one dimension, transposed': on(
    [6, 4],
    () => [conv1dTranspose({ ...size, strides: 2, groups: 2 }), norm({ center: false }), L.elu()],
    'Conv1DTranspose elu',
  ),
  'one dimension': on(
    [6, 4],
    () => [L.conv1d({ ...size, strides: 2 }), norm(), L.spatialDropout1d({ rate: 0.3 }), L.reLU()],
    'Conv1D relu',
  ),
  'a convolution': on(image, () => [L.conv2d({ ...size, useBias: false }), norm(), L.reLU()], 'Conv2D relu'),
  'a dilated one and sigmoid': on(
    image,
    () => [L.conv2d({ ...size, dilationRate: 2 }), norm(), L.activation({ activation: 'sigmoid' })],
    'FusedConv2D sigmoid',
  ),
  'channels first and ReLU6': on(
    [4, 5, 4],
    () => [L.conv2d({ ...size, strides: 2, dataFormat: 'channelsFirst' }), norm({ axis: 1 }), L.reLU({ maxValue: 6 })],
    'FusedConv2D relu6',
  ),
  'a convolution and LeakyReLU': on(
    image,
    () => [L.conv2d({ ...size, padding: 'valid' }), norm(), L.leakyReLU()],
    'FusedConv2D leakyrelu',
  ),
  'a convolution and PReLU of one slope': on(
    image,
    () => [L.conv2d(size), norm(), L.prelu({ sharedAxes: [1, 2, 3] })],
    'FusedConv2D prelu',
  ),
  'a depthwise convolution': on(
    image,
    () => [L.depthwiseConv2d({ ...size, depthMultiplier: 2 }), norm(), L.reLU({ maxValue: 6 })],
    'DepthwiseConv2D relu6',
  ),
  'a separable convolution': on(
    image,
    () => [L.separableConv2d({ ...size, depthMultiplier: 2 }), norm(), L.reLU()],
    'SeparableConv2D relu',
  ),
  'a dense layer': on([7], () => [L.dense({ units: 6, useBias: false }), norm(), L.reLU()], 'Dense relu'),
  'two normalizations, and what acts in training only': on(
    image,
    () => [
      L.gaussianNoise({ stddev: 1 }),
      L.conv2d(size),
      L.dropout({ rate: 0.5 }),
      norm(),
      L.gaussianDropout({ rate: 0.5 }),
      norm(),
      L.alphaDropout({ rate: 0.5 }),
      L.activation({ activation: 'linear' }),
    ],
    'Conv2D',
  ),
  // What cannot be taken up stays, and what is before it is folded all the same.
  'an activation between': on(
    image,
    () => [L.conv2d({ ...size, activation: 'relu' }), norm(), L.reLU()],
    'Conv2D relu, BatchNormalization, ReLU',
  ),
  'two activations': on(
    image,
    () => [L.conv2d(size), norm(), L.reLU(), L.activation({ activation: 'tanh' })],
    'Conv2D relu, Activation tanh',
  ),
  'activations that nothing fuses': on(
    image,
    () => [L.conv2d(size), norm(), L.thresholdedReLU(), conv2dTranspose(size), L.reLU({ maxValue: 3 })],
    'Conv2D, ThresholdedReLU, Conv2DTranspose, ReLU',
  ),
  'a slope for each pixel': on(image, () => [L.conv2d(size), norm(), L.prelu()], 'Conv2D, PReLU'),
  'an activation with parameters that the class has no kernel for': on(
    [7],
    () => [L.dense({ units: 6 }), norm(), L.leakyReLU()],
    'Dense, LeakyReLU',
  ),
  'a normalization with nothing before it': on(image, () => [norm(), L.conv2d(size)], 'BatchNormalization, Conv2D'),
};

describeOnEveryBackend('fold', (environment) => {
  for (const [name, { inputShape, layers, left }] of rowsOn(environment, Object.entries(CASES), isVariation)) {
    it(name, () => {
      const model = seeded(environment, chain(inputShape, layers()), name);
      const fast = fold(model);
      expect(summary(fast)).toBe(left);
      expect(wrong(environment, model, fast, name)).toBe('');
      [model, fast].forEach((each) => each.dispose());
    });
  }

  it('leaves a normalization that float32 has no weights for', () => {
    const model = seeded(environment, chain(image, [L.conv2d(size), norm({ epsilon: 0 })]), 'none');
    tf.tidy(() => (model.layers[2].weights[0].read() as tf.Variable).assign(tf.fill([6], 3e38)));
    const fast = fold(model);
    expect(summary(fast)).toBe('Conv2D, BatchNormalization');
    [model, fast].forEach((each) => each.dispose());
  });

  it('what stock computes in its own way stays, and gives what it gave', () => {
    const first = { dataFormat: 'channelsFirst' as const };
    const cases: [LayersModel, string][] = [
      [chain(image, [L.conv2d(size), norm({ axis: 1 })]), 'Conv2D, BatchNormalization'],
      [chain([4, 6], [L.conv1d({ ...size, ...first }), L.reLU()]), 'Conv1D, ReLU'],
      [
        chain([4, 5, 6], [L.separableConv2d({ ...size, ...first, useBias: false, depthMultiplier: 2 }), L.reLU()]),
        'SeparableConv2D, ReLU',
      ],
    ];
    for (const [model, left] of cases) {
      const fast = fold(seeded(environment, model, left));
      expect(summary(fast)).toBe(left);
      const shape = [2, ...(model.inputs[0].shape.slice(1) as number[])];
      same(model, fast, tf.tensor(uniform(sizeOf(shape), left), shape));
    }
  });

  it('explains what is wrong', () => {
    expect(() => fold({} as LayersModel)).toThrowError(/a layers model.*of class Object/);
    expect(() => fold(undefined as unknown as LayersModel)).toThrowError(/a layers model.*undefined/);
    expect(() => fold(sequential())).toThrowError(/not built yet.*inputShape/);
  });
});
