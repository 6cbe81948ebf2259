// SPDX-License-Identifier: Apache-2.0
/** The layers: Keras's shapes and values, models that load, train and save, and conv1dTranspose. */
import * as tf from '@tensorflow/tfjs-core';
import { type Shape, layers, loadLayersModel, models, sequential } from '@tensorflow/tfjs-layers';
import { conv1dTranspose, conv2dTranspose } from '../src';
import { conv1dTranspose as conv1dLayer, conv2dTranspose as conv2dLayer } from '../src/integrations/layers';
import { describeOnEveryBackend } from './support/environments';
import { type Shape4D, sizeOf } from './support/layer';
import { uniform } from './support/random';

interface KerasCase {
  config: Record<string, unknown>;
  input: [number, number, number];
  output: [number, number, number];
}

/** A case of a 3 × 3 kernel and stride 2 on [4, 5, 2], unless it says otherwise. */
function keras(output: KerasCase['output'], config: KerasCase['config'], input?: KerasCase['input']): KerasCase {
  return { config: { kernel_size: [3, 3], strides: [2, 2], ...config }, input: input ?? [4, 5, 2], output };
}

/** Output shapes that Keras 3 computes for layers of 3 filters. */
const KERAS: Record<string, KerasCase> = {
  "'same'": keras([8, 10, 3], { padding: 'same' }),
  "'valid'": keras([9, 11, 3], { padding: 'valid' }),
  "'valid', kernel smaller than stride": keras([12, 15, 3], { kernel_size: [2, 2], strides: [3, 3], padding: 'valid' }),
  "output padding, 'same'": keras([8, 9, 3], { padding: 'same', output_padding: [1, 0] }),
  "output padding, 'valid'": keras([10, 12, 3], { padding: 'valid', output_padding: [1, 1] }),
  'dilation, stride 1': keras([8, 11, 3], { strides: [1, 1], padding: 'valid', dilation_rate: [2, 3] }),
  "dilation, 'same'": keras([4, 5, 3], { strides: [1, 1], padding: 'same', dilation_rate: [2, 2] }),
  channels_first: keras([3, 8, 10], { padding: 'same', data_format: 'channels_first' }, [2, 4, 5]),
};

/** A model.json as Keras's converter writes it, of one layer. */
function kerasModel(
  className: string,
  config: Record<string, unknown>,
  input: number[],
  shapes: Readonly<Record<string, number[]>>,
): tf.io.IOHandler {
  const weights = Object.entries(shapes);
  const specs = weights.map(([name, shape]) => ({ name: `layer/${name}`, shape, dtype: 'float32' as const }));
  const layer = {
    ...{ name: 'layer', trainable: true, batch_input_shape: [null, ...input], dtype: 'float32' },
    ...{ filters: 3, activation: 'relu', use_bias: true },
    ...config,
  };
  const data = Float32Array.from(weights.flatMap(([name, shape]) => [...uniform(sizeOf(shape), name)]));
  return tf.io.fromMemory({
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 'model',
        layers: [{ class_name: className, config: layer }],
      },
      keras_version: '2.15.0',
      backend: 'tensorflow',
    },
    weightSpecs: specs,
    weightData: data.buffer as ArrayBuffer,
  });
}

describeOnEveryBackend('layers', (environment) => {
  const tolerance = environment.precision === 16 ? 2e-2 : 1e-5;
  const distance = (a: tf.Tensor, b: tf.Tensor): number => {
    expect(a.shape).toEqual(b.shape);
    return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
  };

  for (const [name, { config, input, output }] of Object.entries(KERAS)) {
    it(`a Conv2DTranspose of a Keras model.json: ${name}`, async () => {
      const channelsFirst = config.data_format === 'channels_first';
      const kernel = [...(config.kernel_size as [number, number]), 3, 2] as Shape4D;
      const model = await loadLayersModel(kerasModel('Conv2DTranspose', config, input, { kernel, bias: [3] }));
      expect((model.outputs[0].shape as Shape).slice(1)).toEqual(output);
      tf.tidy(() => {
        const x = tf.tensor4d(uniform(sizeOf([2, ...input]), 'x'), [2, ...input]);
        const y = model.predict(x) as tf.Tensor4D;
        const filter = tf.tensor4d(uniform(sizeOf(kernel), 'kernel'), kernel);
        const { output_padding: outputPadding, dilation_rate: dilations } = config as Record<string, [number, number]>;
        const sums = conv2dTranspose(
          channelsFirst ? tf.transpose(x, [0, 2, 3, 1]) : x,
          filter,
          outputPadding || channelsFirst ? undefined : [2, ...output],
          config.strides as [number, number],
          config.padding as 'same',
          { outputPadding, dilations },
        );
        const expected = tf.relu(tf.add(sums, tf.tensor1d(uniform(3, 'bias'))));
        expect(distance(channelsFirst ? tf.transpose(y, [0, 2, 3, 1]) : y, expected)).toBeLessThan(tolerance);
      });
      model.dispose();
    });
  }

  it('a Conv1DTranspose of a Keras model.json', async () => {
    const config = { kernel_size: [3], strides: [2], padding: 'same', dilation_rate: [1] };
    const shapes = { kernel: [3, 3, 2], bias: [3] };
    const model = await loadLayersModel(kerasModel('Conv1DTranspose', config, [5, 2], shapes));
    expect(model.outputs[0].shape).toEqual([null, 10, 3]);
    tf.tidy(() => {
      const x = tf.tensor3d(uniform(10, 'x'), [1, 5, 2]);
      const filter = tf.tensor3d(uniform(18, 'kernel'), [3, 3, 2]);
      const expected = tf.relu(
        tf.add(conv1dTranspose(x, filter, undefined, 2, 'same'), tf.tensor1d(uniform(3, 'bias'))),
      );
      expect(distance(model.predict(x) as tf.Tensor, expected)).toBeLessThan(tolerance);
    });
    model.dispose();
  });

  it('is what the stock layer is, in all that both have', async () => {
    const args: Parameters<typeof layers.conv2dTranspose>[0] & { filters: number } = {
      ...{ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh', inputShape: [4, 5, 2] },
      ...{ kernelInitializer: 'ones', biasInitializer: 'ones' },
    };
    const [ours, stock] = [conv2dLayer, layers.conv2dTranspose].map((make) => sequential({ layers: [make(args)] }));
    const x = tf.tensor4d(uniform(40, 'x'), [1, 4, 5, 2]);
    const [y, expected] = [ours, stock].map((model) => model.predict(x) as tf.Tensor);
    expect(distance(y, expected)).toBeLessThan(tolerance);
    expect(ours.layers[0].getClassName()).toBe('Conv2DTranspose');
    expect(ours.layers[0].name).toMatch(/^conv2d_transpose_Conv2DTranspose\d+$/);
    tf.dispose([x, y, expected]);
    [ours, stock].forEach((model) => model.dispose());
  });

  it('trains, saves and loads, with regularizers, dilation, groups and a variant', async () => {
    if (environment.precision === 16) return console.warn('Skipped: Adam’s ε vanishes in half floats');
    const size = { kernelSize: 3, padding: 'same' as const };
    const model = sequential({
      layers: [
        layers.dense({ units: 2 * 2 * 4, inputShape: [3], activation: 'relu' }),
        layers.reshape({ targetShape: [2, 2, 4] }),
        conv2dLayer({
          ...{ ...size, filters: 4, strides: 2, groups: 2 },
          kernelRegularizer: 'l1l2',
        }),
        conv2dLayer({ ...size, filters: 1, dilationRate: 2, variant: 'auto', activation: 'sigmoid' }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
    const x = tf.tensor2d(uniform(24, 'codes'), [8, 3]);
    const images = uniform(8 * 16, 'images').map((v) => (v > 0 ? 1 : 0));
    const y = tf.tensor4d(images, [8, 4, 4, 1]);
    const { history } = await model.fit(x, y, { epochs: 12, verbose: 0, shuffle: false });
    const losses = history.loss as number[];
    expect(losses[11]).toBeLessThan(losses[0] * 0.95);
    let saved: tf.io.ModelArtifacts | undefined;
    const keep = tf.io.withSaveHandler((artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    });
    await model.save(keep);
    const again = await loadLayersModel(tf.io.fromMemory(saved!));
    const [a, b] = [model, again].map((each) => each.predict(x) as tf.Tensor);
    expect(distance(a, b)).toBeLessThan(1e-6);
    expect(again.layers[2].getConfig()).toEqual(model.layers[2].getConfig());
    tf.dispose([x, y, a, b]);
    [model, again].forEach((each) => each.dispose());
  });

  it('keeps a constraint, which tfjs applies to weights that are written', async () => {
    const args = { filters: 2, kernelSize: 2, kernelConstraint: 'nonNeg' as const, inputShape: [2, 2, 1] };
    const model = sequential({ layers: [conv2dLayer(args)] });
    const kernel = tf.tensor4d([-1, 2, 3, -4, 5, -6, 7, 8], [2, 2, 2, 1]);
    const again = await models.modelFromJSON({ modelTopology: model.toJSON(null, false) as never });
    for (const each of [model, again]) {
      (each.layers[0].weights[0] as unknown as { write(value: tf.Tensor): void }).write(kernel);
      const written = [...each.layers[0].getWeights()[0].dataSync()].map(Math.abs); // -0 on webgl
      expect(written).toEqual([0, 2, 3, 0, 5, 0, 7, 8]);
    }
    kernel.dispose();
    [model, again].forEach((each) => each.dispose());
  });

  it('refuses sizes that are none when it is made', () => {
    const args = { filters: 4, kernelSize: 3 };
    for (const [name, value] of [
      ['kernelSize', 0],
      ['strides', 0],
      ['strides', 1.5],
      ['strides', [-1, 2]],
      ['dilationRate', 0],
    ] as const)
      expect(() => conv2dLayer({ ...args, [name]: value } as typeof args)).toThrowError(
        new RegExp(`Conv2DTranspose: ${name} must be an integer of at least 1, but was `),
      );
  });

  it('refuses arguments of unknown names, and takes all of stock', () => {
    const args = { filters: 4, kernelSize: 3 };
    const misspelt = { ...args, outputpadding: 1 };
    expect(() => conv2dLayer(misspelt)).toThrowError(
      /layers.conv2dTranspose: unknown option 'outputpadding'; .*outputPadding/,
    );
    expect(() => conv1dLayer({ ...args, dilation: 2 } as typeof args)).toThrowError(
      /layers.conv1dTranspose: unknown option 'dilation'; .*dilationRate/,
    );
    const all = {
      ...{ name: 'all', trainable: false, batchInputShape: [2, 4, 4, 3], dtype: 'float32', activation: 'relu' },
      ...{ useBias: true, kernelInitializer: 'ones', biasInitializer: 'zeros', kernelConstraint: 'nonNeg' },
      ...{ biasConstraint: 'unitNorm', kernelRegularizer: 'l1l2', biasRegularizer: 'l1l2', strides: 2 },
      ...{ activityRegularizer: undefined, dataFormat: 'channelsLast', dilationRate: 1, padding: 'same' },
      ...{ batchSize: undefined, inputShape: undefined, weights: undefined, inputDType: undefined },
    } as object;
    const ours = conv2dLayer({ ...args, ...all });
    const stock = layers.conv2dTranspose({ ...args, ...all });
    const config = ours.getConfig();
    for (const [name, value] of Object.entries(stock.getConfig())) expect([name, config[name]]).toEqual([name, value]);
  });

  it('takes what a file of a later version has more', () => {
    const { constructor } = conv2dLayer({ filters: 1, kernelSize: 1, name: 'known' });
    const { fromConfig } = constructor as unknown as { fromConfig(cls: unknown, config: object): layers.Layer };
    const config = { filters: 2, kernelSize: 3, name: 'later', quantizationConfig: null };
    expect(fromConfig(constructor, config).name).toBe('later');
  });

  it('explains what is wrong with its arguments', () => {
    const args = { filters: 4, kernelSize: 3 };
    const three = [1, 2, 3] as unknown as [number, number];
    const wrong: [() => unknown, RegExp][] = [
      [() => conv2dLayer({ ...args, groups: 0 }), /groups must be a whole number of at least 1, but was 0/],
      [() => conv2dLayer({ ...args, variant: 'fft' as 'auto' }), /variant must be one of scatter.*"fft"/],
      [() => conv2dLayer({ ...args, activation: 'leakyrelu', leakyreluAlpha: NaN }), /Conv2DTranspose: leakyreluAlpha/],
      [() => conv2dLayer({ ...args, leakyreluAlpha: 0.1 }), /leakyreluAlpha needs activation 'leakyrelu'.*undefined/],
      [
        () => conv2dLayer({ ...args, activation: 'prelu', leakyreluAlpha: 0.1 }),
        /needs activation 'leakyrelu', but that is 'prelu'/,
      ],
      [() => conv2dLayer({ ...args, useBias: 'no' as never }), /Conv2DTranspose: useBias must be true or false.*"no"/],
      [() => conv1dLayer({ ...args, useBias: 0 as never }), /Conv1DTranspose: useBias must be true or false.*0/],
      [() => conv2dLayer({ ...args, outputPadding: three }), /outputPadding.*\[1,2,3\]/],
      [() => conv1dLayer({ ...args, padding: 'causal' }), /padding must be 'same' or 'valid', but was 'causal'/],
      [
        () => conv2dLayer({ ...args, groups: 3 }).apply(tf.ones([1, 4, 4, 3])),
        /filters \(4\).*multiples of groups \(3\)/,
      ],
    ];
    tf.tidy(() => wrong.forEach(([run, message]) => expect(run).toThrowError(message)));
  });
});

describeOnEveryBackend('conv1dTranspose', (environment) => {
  const tolerance = environment.precision === 16 ? 2e-2 : 1e-5;

  it('is its definition, in both layouts and ranks, with all options', () => {
    tf.tidy(() => {
      const [xs, ws] = [uniform(2 * 5 * 4, 'x'), uniform(3 * 3 * 4, 'filter')];
      const x = tf.tensor3d(xs, [2, 5, 4]);
      const filter = tf.tensor3d(ws, [3, 3, 4]);
      const [stride, dilation, crop, extra, groups] = [3, 2, [1, 2] as [number, number], 1, 2];
      const width = stride * 4 + dilation * 2 + 1 + extra - 3;
      const expected = new Array<number>(2 * width * 6).fill(0);
      for (let n = 0; n < 2; n++)
        for (let i = 0; i < 5; i++)
          for (let m = 0; m < 3; m++)
            for (let c = 0; c < 6; c++)
              for (let o = 0; o < 2; o++) {
                const at = i * stride + m * dilation - crop[0];
                const group = Math.floor(c / 3);
                if (at < 0 || at >= width) continue;
                const channel = group * 2 + o;
                expected[(n * width + at) * 6 + c] +=
                  xs[(n * 5 + i) * 4 + channel] * ws[(m * 3 + (c % 3)) * 4 + channel];
              }
      const truth = tf.tensor3d(expected, [2, width, 6]);
      const options = { dilation, groups, outputPadding: extra };
      const nwc = conv1dTranspose(x, filter, undefined, stride, crop, options);
      const inNCW = { ...options, dataFormat: 'NCW' as const };
      const ncw = conv1dTranspose(tf.transpose(x, [0, 2, 1]), filter, undefined, stride, crop, inNCW);
      const first = tf.reshape<tf.Rank.R2>(tf.slice(x, 0, 1), [5, 4]);
      const rank2 = conv1dTranspose(first, filter, [width, 6], stride, crop, options);
      const worst = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
      expect(nwc.shape).toEqual([2, width, 6]);
      expect(worst(nwc, truth)).toBeLessThan(tolerance * 4);
      expect(worst(tf.transpose(ncw, [0, 2, 1]), truth)).toBeLessThan(tolerance * 4);
      expect(worst(rank2, tf.reshape(tf.slice(truth, 0, 1), [width, 6]))).toBeLessThan(tolerance * 4);
    });
  });

  it('has gradients, and explains what is wrong', () => {
    tf.tidy(() => {
      const [x, filter] = [tf.ones<tf.Rank.R3>([1, 4, 2]), tf.ones<tf.Rank.R3>([3, 2, 2])];
      const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        conv1dTranspose(a as tf.Tensor3D, b as tf.Tensor3D, undefined, 2, 'valid');
      const [dx, dw] = tf.grads(op)([x, filter]);
      expect([...dx.dataSync()]).toEqual(new Array(8).fill(6));
      expect([...dw.dataSync()]).toEqual(new Array(12).fill(4));
      const matrix = tf.ones([2, 2]) as tf.Tensor as tf.Tensor3D;
      expect(() => conv1dTranspose(x, matrix, undefined, 1, 'same')).toThrowError(
        /filter must be \[filterWidth.*\[2,2\]/,
      );
      const wrong = { dataFormat: 'NHWC' as 'NWC' };
      expect(() => conv1dTranspose(x, filter, undefined, 1, 'same', wrong)).toThrowError(/'NWC', 'NCW'/);
      expect(() => conv1dTranspose(x, filter, [4, 2], 1, 'same')).toThrowError(
        /outputShape \[4, 2\].*as many dimensions/,
      );
    });
  });
});
