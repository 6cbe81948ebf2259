// SPDX-License-Identifier: Apache-2.0
/** `fold`: what becomes one layer and what does not, with the results of the float64 definition. */
import * as tf from '@tensorflow/tfjs-core';
import {
  LayersModel,
  type Sequential,
  type SymbolicTensor,
  input as inputOf,
  layers as L,
  loadLayersModel,
  model as modelOf,
  models,
  sequential,
} from '@tensorflow/tfjs-layers';
import { conv1dTranspose, conv2dTranspose, fold } from '../src/integrations/layers';
import { mismatch } from './support/compare';
import { describeOnEveryBackend } from './support/environments';
import { sizeOf } from './support/layer';
import { NOTHING } from './support/leaks';
import { evaluate, input } from './support/model_oracle';
import { kernelsThatRun } from './support/profile';
import { uniform } from './support/random';
import { chain, seededModel } from './support/seeded_model';

type Layer = SymbolicTensor['sourceLayer'];

/** What is left: the class of each layer, and its activation. */
const summary = (model: LayersModel): string =>
  model.layers
    .filter((layer) => layer.getClassName() !== 'InputLayer')
    .map((layer) => {
      if (layer instanceof LayersModel) return `{ ${summary(layer)} }`;
      const { activation } = layer.getConfig();
      return `${layer.getClassName()}${activation && activation !== 'linear' ? ` ${String(activation)}` : ''}`;
    })
    .join(', ');

interface Case {
  inputShape: number[];
  layers(): Layer[];
  left: string;
}

const on = (inputShape: number[], layers: Case['layers'], left: string): Case => ({ inputShape, layers, left });

const size = { filters: 6, kernelSize: 3, padding: 'same' as const };
const image = [5, 4, 4];
const norm = (args: Parameters<typeof L.batchNormalization>[0] = {}): Layer =>
  L.batchNormalization({ epsilon: 1e-5, ...args });

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

/** A DCGAN generator, small. */
const generator = (): Sequential =>
  sequential({
    name: 'generator',
    layers: [
      L.dense({ units: 2 * 2 * 8, useBias: false, inputShape: [5] }),
      norm(),
      L.reLU(),
      L.reshape({ targetShape: [2, 2, 8] }),
      conv2dTranspose({ filters: 8, kernelSize: 4, strides: 2, padding: 'same', useBias: false }),
      norm(),
      L.leakyReLU({ alpha: 0.2 }),
      L.conv2dTranspose({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', useBias: false }),
      norm(),
      L.dropout({ rate: 0.4 }),
      L.reLU(),
      L.conv2dTranspose({ filters: 3, kernelSize: 4, strides: 2, padding: 'same', activation: 'tanh' }),
    ],
  });

/** A U-Net of two levels, with a residual block at its bottom. */
function unet(): LayersModel {
  const x = inputOf({ shape: [8, 8, 3], name: 'image' });
  const through = (y: SymbolicTensor, ...given: Layer[]): SymbolicTensor =>
    given.reduce((z, layer) => layer.apply(z) as SymbolicTensor, y);
  const conv = (filters: number, strides = 1): Layer[] => [
    L.conv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false }),
    norm(),
    L.reLU(),
  ];
  const top = through(x, ...conv(4));
  const down = through(top, ...conv(6, 2));
  const bottom = through(down, ...conv(8, 2), L.dropout({ rate: 0.5 }));
  const residual = through(bottom, L.conv2d({ filters: 8, kernelSize: 1 }), norm());
  const block = L.reLU().apply(L.add().apply([bottom, residual])) as SymbolicTensor;
  const up = (y: SymbolicTensor, filters: number, skip: SymbolicTensor): SymbolicTensor => {
    const larger = conv2dTranspose({ filters, kernelSize: 2, strides: 2, padding: 'same' });
    return L.concatenate().apply([through(y, larger, norm(), L.leakyReLU()), skip]) as SymbolicTensor;
  };
  const first = through(up(block, 6, down), ...conv(6));
  const outputs = through(
    up(first, 4, top),
    ...conv(4),
    L.conv2d({ filters: 2, kernelSize: 1, activation: 'sigmoid' }),
  );
  return modelOf({ inputs: x, outputs, name: 'unet' });
}

describeOnEveryBackend('fold', (environment) => {
  const halfFloats = environment.precision === 16;
  const seeded = <T extends LayersModel>(model: T, seed: string): T => seededModel(model, seed, halfFloats);

  /** What is wrong with the results of a folded model, against the float64 definition of its original. */
  const wrong = (original: LayersModel, folded: LayersModel, seed: string): string => {
    const shapes = original.inputs.map(({ shape }) => [2, ...(shape.slice(1) as number[])]);
    const values = shapes.map((shape, at) => uniform(sizeOf(shape), `${seed} x${at}`));
    const truths = evaluate(
      original,
      shapes.map((shape, at) => input(values[at], shape, halfFloats)),
    );
    return tf.tidy(() => {
      const xs = shapes.map((shape, at) => tf.tensor(values[at], shape));
      const given = folded.predict(xs.length === 1 ? xs[0] : xs);
      return (Array.isArray(given) ? given : [given])
        .map((y, at) =>
          `${y.shape}` === `${truths[at].shape}` ? mismatch(y.dataSync(), truths[at]) : `shape [${y.shape}]`,
        )
        .join('');
    });
  };

  /** That a model gives what its original gives, to the bit. */
  const same = (model: LayersModel, fast: LayersModel, x: tf.Tensor): void => {
    const [expected, y] = [model, fast].map((each) => each.predict(x) as tf.Tensor);
    expect(y.shape).toEqual(expected.shape);
    expect([...y.dataSync()]).toEqual([...expected.dataSync()]);
    tf.dispose([x, y, expected]);
    [model, fast].forEach((each) => each.dispose());
  };

  for (const [name, { inputShape, layers, left }] of Object.entries(CASES)) {
    it(name, () => {
      const model = seeded(chain(inputShape, layers()), name);
      const fast = fold(model);
      expect(summary(fast)).toBe(left);
      expect(wrong(model, fast, name)).toBe('');
      [model, fast].forEach((each) => each.dispose());
    });
  }

  it('leaves a recurrent layer its initial state, and gives back what it made when it fails', () => {
    const [x, state] = [inputOf({ shape: [4, 3] }), inputOf({ shape: [2] })];
    const inner = L.conv1d({ filters: 3, kernelSize: 1 }).apply(x) as SymbolicTensor;
    const normed = norm().apply(inner) as SymbolicTensor;
    const y = L.simpleRNN({ units: 2 }).apply(normed, { initialState: [state] }) as SymbolicTensor;
    const model = modelOf({ inputs: [x, state], outputs: y });
    const fast = fold(model);
    expect(summary(fast)).toBe('Conv1D, SimpleRNN tanh');
    tf.tidy(() => {
      const given = [tf.tensor3d(uniform(12, 'x'), [1, 4, 3]), tf.tensor2d(uniform(2, 'state'), [1, 2])];
      const [a, b] = [model, fast].map((each) => each.predict(given) as tf.Tensor);
      expect(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]).toBeLessThan(environment.precision === 16 ? 1e-2 : 1e-5);
    });
    fast.dispose();
    const before = tf.memory().numTensors;
    const rnn = model.layers.find((layer) => layer.getClassName() === 'SimpleRNN')!;
    const config = { ...rnn.getConfig(), units: 5 };
    rnn.getConfig = () => config;
    expect(() => fold(model)).toThrowError(/stateSize is 5/);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('a DCGAN generator, to four layers whose kernels do it all', async () => {
    const model = seeded(generator(), 'generator');
    const fast = fold(model);
    expect(summary(fast)).toBe(
      'Dense relu, Reshape, Conv2DTranspose leakyrelu, Conv2DTranspose relu, Conv2DTranspose tanh',
    );
    expect(wrong(model, fast, 'generator')).toBe('');
    const kernels = await kernelsThatRun(() => tf.tidy(() => void fast.predict(tf.ones([1, 5]))));
    if (environment.withoutKernels === undefined) {
      expect(kernels.filter((kernel) => /Batch|Relu|Tanh|^Add/.test(kernel))).toEqual([]);
    } else console.warn(`${environment.name}: activations are ops of their own; ${environment.withoutKernels}`);
    [model, fast].forEach((each) => each.dispose());
  });

  it('a U-Net: every convolution takes up what is behind it, and the skip connections stay', () => {
    const model = seeded(unet(), 'unet');
    const fast = fold(model);
    expect(model.layers.length - fast.layers.length).toBe(16);
    expect(summary(fast)).not.toMatch(/BatchNormalization|Dropout|LeakyReLU/);
    expect(summary(fast).match(/ReLU|Concatenate|Add/g)).toEqual(['Add', 'ReLU', 'Concatenate', 'Concatenate']);
    expect(fast.inputNames).toEqual(['image']);
    expect(wrong(model, fast, 'unet')).toBe('');
    [model, fast].forEach((each) => each.dispose());
  });

  it('what is used twice stays, and is still one layer', () => {
    const [a, b] = ['a', 'b'].map((name) => inputOf({ shape: [4, 4, 3], name }));
    const shared = L.conv2d({ filters: 4, kernelSize: 3, name: 'shared' });
    const relu = L.reLU();
    const normed = [a, b].map((x) => norm().apply(shared.apply(x)) as SymbolicTensor);
    const seen = L.conv2d({ filters: 4, kernelSize: 1, name: 'seen' }).apply(normed[0]) as SymbolicTensor;
    // An activation may serve many: it has nothing of its own.
    const outputs = [seen, relu.apply(norm().apply(seen)), relu.apply(L.conv2d(size).apply(normed[1]))];
    const model = seeded(modelOf({ inputs: [a, b], outputs: outputs as SymbolicTensor[] }), 'twice');
    const fast = fold(model);
    expect(fast.layers.filter(({ name }) => name === 'shared').length).toBe(1);
    expect(summary(fast).match(/BatchNormalization/g)!.length).toBe(3);
    expect(summary(fast)).toContain('Conv2D relu');
    expect(wrong(model, fast, 'twice')).toBe('');
    [model, fast].forEach((each) => each.dispose());
  });

  it('models within, called once, twice, or first in a Sequential', () => {
    const inner = chain([4, 4, 3], [L.conv2d({ ...size, filters: 3 }), norm(), L.reLU()]);
    const x = inputOf({ shape: [4, 4, 3] });
    const twice = inner.apply(inner.apply(x)) as SymbolicTensor;
    const nested = seeded(modelOf({ inputs: x, outputs: norm().apply(twice) as SymbolicTensor }), 'nested');
    const discriminator = sequential({
      name: 'discriminator',
      layers: [
        L.conv2d({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', inputShape: [16, 16, 3] }),
        norm(),
        L.leakyReLU(),
      ],
    });
    const gan = seeded(sequential({ layers: [generator(), discriminator] }), 'gan');
    const left = {
      nested: '{ Conv2D relu }, BatchNormalization',
      gan:
        'Dense relu, Reshape, Conv2DTranspose leakyrelu, Conv2DTranspose relu, Conv2DTranspose tanh, ' +
        '{ FusedConv2D leakyrelu }',
    };
    for (const [name, model] of Object.entries({ nested, gan })) {
      const fast = fold(model);
      expect(summary(fast)).toBe(left[name as keyof typeof left]);
      expect(wrong(model, fast, name)).toBe('');
      [model, fast].forEach((each) => each.dispose());
    }
  });

  it('a layer that was told to train keeps doing so', () => {
    const x = inputOf({ shape: [4, 4, 3] });
    const y = L.conv2d(size).apply(x) as SymbolicTensor;
    const noise = L.dropout({ rate: 0.5 }).apply(y, { training: true });
    const model = modelOf({ inputs: x, outputs: norm().apply(noise) as SymbolicTensor });
    const fast = fold(model);
    expect(summary(fast)).toBe('Conv2D, Dropout, BatchNormalization');
    expect((fast.outputs[0].inputs[0] as SymbolicTensor).callArgs).toEqual({ training: true });
    [model, fast].forEach((each) => each.dispose());
  });

  it('an output that is an input, or another output, stays apart', () => {
    const x = inputOf({ shape: [4, 4, 3] });
    const y = L.conv2d(size).apply(x) as SymbolicTensor;
    const [same, idle] = [y, x].map((each) => L.dropout({ rate: 0.5 }).apply(each) as SymbolicTensor);
    const model = seeded(modelOf({ inputs: x, outputs: [y, same, idle] }), 'apart');
    const fast = fold(model);
    expect(fast.outputs.length).toBe(3);
    expect(wrong(model, fast, 'apart')).toBe('');
    [model, fast].forEach((each) => each.dispose());
  });

  it('leaves a normalization that float32 has no weights for', () => {
    const model = seeded(chain(image, [L.conv2d(size), norm({ epsilon: 0 })]), 'none');
    tf.tidy(() => (model.layers[2].weights[0].read() as tf.Variable).assign(tf.fill([6], 3e38)));
    const fast = fold(model);
    expect(summary(fast)).toBe('Conv2D, BatchNormalization');
    [model, fast].forEach((each) => each.dispose());
  });

  it('the original stays as it is, trains on, and shares no variable with the folded model', async () => {
    if (halfFloats) return console.warn('Skipped: Adam’s ε vanishes in half floats');
    const make = (): LayersModel =>
      seeded(
        chain(image, [
          conv2dTranspose({ ...size, kernelConstraint: 'maxNorm', kernelRegularizer: 'l1l2' }),
          conv2dTranspose(size),
          norm(),
          L.reLU(),
        ]),
        'original',
      );
    const before = tf.memory();
    const model = make();
    const alone = tf.memory().numDataBuffers;
    const names = JSON.stringify(model.toJSON(undefined, false));
    const values = model.getWeights().map((weight) => [...weight.dataSync()]);
    const fast = fold(model);
    expect(JSON.stringify(model.toJSON(undefined, false))).toBe(names);
    expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(values);
    expect(tf.memory().numDataBuffers - alone).toBe(2); // The folded filter and its bias.
    const x = tf.tensor(uniform(2 * sizeOf(image), 'x'), [2, ...image]);
    const y = tf.ones([2, 5, 4, 6]);
    const folded = fast.predict(x) as tf.Tensor;
    const first = [...folded.dataSync()];
    model.compile({ optimizer: tf.train.sgd(1e-3), loss: 'meanSquaredError' });
    const { history } = await model.fit(x, y, { epochs: 3, verbose: 0 });
    expect(history.loss[2]).toBeLessThan(history.loss[0] as number);
    const again = tf.tidy(() => [...(fast.predict(x) as tf.Tensor).dataSync()]);
    expect(again).toEqual(first);
    model.dispose();
    const after = tf.tidy(() => [...(fast.predict(x) as tf.Tensor).dataSync()]);
    expect(after).toEqual(first);
    const other = make();
    fold(other).dispose();
    expect(other.getWeights().map((weight) => [...weight.dataSync()])).toEqual(values);
    [other, fast].forEach((each) => each.dispose());
    model.optimizer.dispose();
    tf.dispose([x, y, folded]);
    const now = tf.memory();
    expect({
      tensors: now.numTensors - before.numTensors,
      buffers: now.numDataBuffers - before.numDataBuffers,
    }).toEqual(NOTHING);
  });

  it('folds what was loaded, saves what was folded, and folds that again', async () => {
    const made = seeded(generator(), 'saved');
    const save = async (model: LayersModel): Promise<LayersModel> => {
      let saved: tf.io.ModelArtifacts | undefined;
      await model.save(
        tf.io.withSaveHandler((artifacts) => {
          saved = artifacts;
          return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
        }),
      );
      return loadLayersModel(tf.io.fromMemory(saved!));
    };
    const model = await save(made);
    const fast = fold(model);
    const loaded = await save(fast);
    const again = fold(loaded);
    for (const each of [fast, loaded, again]) {
      expect(each.layers.length).toBe(6);
      expect(wrong(made, each, 'saved')).toBe('');
    }
    const fused = seeded(chain(image, [L.conv2d(size), norm(), L.prelu({ sharedAxes: [1, 2] })]), 'prelu');
    const prelus = [fold(fused)];
    prelus.push(await save(prelus[0]), fold(prelus[0]));
    for (const each of prelus) {
      expect(summary(each)).toBe('FusedConv2D prelu');
      expect(wrong(fused, each, 'prelu')).toBe('');
    }
    const fresh = await models.modelFromJSON(JSON.parse(JSON.stringify({ modelTopology: made.toJSON(null, false) })));
    const plain = fold(fresh);
    expect(summary(plain)).toBe(summary(fast));
    expect(wrong(fresh, plain, 'fresh')).toBe('');
    [made, model, fast, loaded, again, fused, ...prelus, fresh, plain].forEach((each) => each.dispose());
  });

  it('layers of other kinds, with weights and states of their own, are what they were', () => {
    const model = sequential({
      layers: [
        L.embedding({ inputDim: 9, outputDim: 4, maskZero: true, inputLength: 6 }),
        L.dropout({ rate: 0.5 }),
        L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true }) as never, mergeMode: 'concat' }),
        L.timeDistributed({ layer: L.dense({ units: 5, kernelConstraint: 'nonNeg' }) }),
        L.layerNormalization(),
        L.gru({ units: 2 }),
      ],
    });
    const fast = fold(seeded(model, 'others'));
    expect(fast.layers.length).toBe(6);
    same(model, fast, tf.tensor2d([1, 5, 3, 0, 0, 0, 8, 7, 6, 5, 4, 0], [2, 6]));
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
      const fast = fold(seeded(model, left));
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
