// SPDX-License-Identifier: Apache-2.0
/** `fold` of whole models: branches, models within models, what is shared, trained, saved and loaded. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type LayersModel,
  type SymbolicTensor,
  input as inputOf,
  layers as L,
  loadLayersModel,
  model as modelOf,
  models,
  sequential,
} from '@tensorflow/tfjs-layers';
import { conv2dTranspose, fold } from '../src/integrations/layers';
import { describeOnEveryBackend, isVariation } from './support/environments';
import { type KerasLayer, generator, image, norm, same, seeded, size, summary, wrong } from './support/folding';
import { sizeOf } from './support/layer';
import { NOTHING } from './support/leaks';
import { kernelsThatRun } from './support/profile';
import { uniform } from './support/random';
import { chain } from './support/seeded_model';

/** A U-Net of two levels, with a residual block at its bottom. */
function unet(): LayersModel {
  const x = inputOf({ shape: [8, 8, 3], name: 'image' });
  const through = (y: SymbolicTensor, ...given: KerasLayer[]): SymbolicTensor =>
    given.reduce((z, layer) => layer.apply(z) as SymbolicTensor, y);
  const conv = (filters: number, strides = 1): KerasLayer[] => [
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

describeOnEveryBackend('fold, what models compute', (environment) => {
  it('a DCGAN generator, to four layers whose kernels do it all', async () => {
    const model = seeded(environment, generator(), 'generator');
    const fast = fold(model);
    expect(summary(fast)).toBe(
      'Dense relu, Reshape, Conv2DTranspose leakyrelu, Conv2DTranspose relu, Conv2DTranspose tanh',
    );
    expect(wrong(environment, model, fast, 'generator')).toBe('');
    const kernels = await kernelsThatRun(() => tf.tidy(() => void fast.predict(tf.ones([1, 5]))));
    if (environment.withoutKernels === undefined) {
      expect(kernels.filter((kernel) => /Batch|Relu|Tanh|^Add/.test(kernel))).toEqual([]);
    } else console.warn(`${environment.name}: activations are ops of their own; ${environment.withoutKernels}`);
    [model, fast].forEach((each) => each.dispose());
  });

  it('a U-Net: every convolution takes up what is behind it, and the skip connections stay', () => {
    const model = seeded(environment, unet(), 'unet');
    const fast = fold(model);
    expect(model.layers.length - fast.layers.length).toBe(16);
    expect(summary(fast)).not.toMatch(/BatchNormalization|Dropout|LeakyReLU/);
    expect(summary(fast).match(/ReLU|Concatenate|Add/g)).toEqual(['Add', 'ReLU', 'Concatenate', 'Concatenate']);
    expect(fast.inputNames).toEqual(['image']);
    expect(wrong(environment, model, fast, 'unet')).toBe('');
    [model, fast].forEach((each) => each.dispose());
  });
});

// Which layers are whose is the same in every setting of a backend.
describeOnEveryBackend(
  'fold, what becomes of models',
  (environment) => {
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

    it('what is used twice stays, and is still one layer', () => {
      const [a, b] = ['a', 'b'].map((name) => inputOf({ shape: [4, 4, 3], name }));
      const shared = L.conv2d({ filters: 4, kernelSize: 3, name: 'shared' });
      const relu = L.reLU();
      const normed = [a, b].map((x) => norm().apply(shared.apply(x)) as SymbolicTensor);
      const seen = L.conv2d({ filters: 4, kernelSize: 1, name: 'seen' }).apply(normed[0]) as SymbolicTensor;
      // An activation may serve many: it has nothing of its own.
      const outputs = [seen, relu.apply(norm().apply(seen)), relu.apply(L.conv2d(size).apply(normed[1]))];
      const model = seeded(environment, modelOf({ inputs: [a, b], outputs: outputs as SymbolicTensor[] }), 'twice');
      const fast = fold(model);
      expect(fast.layers.filter(({ name }) => name === 'shared').length).toBe(1);
      expect(summary(fast).match(/BatchNormalization/g)!.length).toBe(3);
      expect(summary(fast)).toContain('Conv2D relu');
      expect(wrong(environment, model, fast, 'twice')).toBe('');
      [model, fast].forEach((each) => each.dispose());
    });

    it('models within, called once, twice, or first in a Sequential', () => {
      const inner = chain([4, 4, 3], [L.conv2d({ ...size, filters: 3 }), norm(), L.reLU()]);
      const x = inputOf({ shape: [4, 4, 3] });
      const twice = inner.apply(inner.apply(x)) as SymbolicTensor;
      const nested = seeded(
        environment,
        modelOf({ inputs: x, outputs: norm().apply(twice) as SymbolicTensor }),
        'nested',
      );
      const discriminator = sequential({
        name: 'discriminator',
        layers: [
          L.conv2d({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', inputShape: [16, 16, 3] }),
          norm(),
          L.leakyReLU(),
        ],
      });
      const gan = seeded(environment, sequential({ layers: [generator(), discriminator] }), 'gan');
      const left = {
        nested: '{ Conv2D relu }, BatchNormalization',
        gan:
          'Dense relu, Reshape, Conv2DTranspose leakyrelu, Conv2DTranspose relu, Conv2DTranspose tanh, ' +
          '{ FusedConv2D leakyrelu }',
      };
      for (const [name, model] of Object.entries({ nested, gan })) {
        const fast = fold(model);
        expect(summary(fast)).toBe(left[name as keyof typeof left]);
        expect(wrong(environment, model, fast, name)).toBe('');
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
      const model = seeded(environment, modelOf({ inputs: x, outputs: [y, same, idle] }), 'apart');
      const fast = fold(model);
      expect(fast.outputs.length).toBe(3);
      expect(wrong(environment, model, fast, 'apart')).toBe('');
      [model, fast].forEach((each) => each.dispose());
    });

    it('the original stays as it is, trains on, and shares no variable with the folded model', async () => {
      if (environment.precision === 16) return console.warn('Skipped: Adam’s ε vanishes in half floats');
      const make = (): LayersModel =>
        seeded(
          environment,
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
      const made = seeded(environment, generator(), 'saved');
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
        expect(wrong(environment, made, each, 'saved')).toBe('');
      }
      const fused = seeded(
        environment,
        chain(image, [L.conv2d(size), norm(), L.prelu({ sharedAxes: [1, 2] })]),
        'prelu',
      );
      const prelus = [fold(fused)];
      prelus.push(await save(prelus[0]), fold(prelus[0]));
      for (const each of prelus) {
        expect(summary(each)).toBe('FusedConv2D prelu');
        expect(wrong(environment, fused, each, 'prelu')).toBe('');
      }
      const fresh = await models.modelFromJSON(JSON.parse(JSON.stringify({ modelTopology: made.toJSON(null, false) })));
      const plain = fold(fresh);
      expect(summary(plain)).toBe(summary(fast));
      expect(wrong(environment, fresh, plain, 'fresh')).toBe('');
      [made, model, fast, loaded, again, fused, ...prelus, fresh, plain].forEach((each) => each.dispose());
    });

    it('layers of other kinds, with weights and states of their own, are what they were', () => {
      // With a mask, tfjs's own recurrent layers give other results in every call on webgpu.
      const maskZero = environment.backend !== 'webgpu';
      const model = sequential({
        layers: [
          L.embedding({ inputDim: 9, outputDim: 4, maskZero, inputLength: 6 }),
          L.dropout({ rate: 0.5 }),
          L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true }) as never, mergeMode: 'concat' }),
          L.timeDistributed({ layer: L.dense({ units: 5, kernelConstraint: 'nonNeg' }) }),
          L.layerNormalization(),
          L.gru({ units: 2 }),
        ],
      });
      const fast = fold(seeded(environment, model, 'others'));
      expect(fast.layers.length).toBe(6);
      same(model, fast, tf.tensor2d([1, 5, 3, 0, 0, 0, 8, 7, 6, 5, 4, 0], [2, 6]));
    });
  },
  (environment) => !isVariation(environment),
);
