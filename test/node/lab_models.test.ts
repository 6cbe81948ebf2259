// SPDX-License-Identifier: Apache-2.0
/** What the comparison lab makes of a model.json: its layers, and a race of the whole. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import '../../kernels/cpu';
import { layersOfModelJson } from '../../examples/compare/model_json';
import { type ModelFile, modelOf, raceModel } from '../../examples/compare/model_race';
import { formatOwnLayer, workloadOf } from '../../examples/compare/own_layer';
import { sentence } from '../../examples/compare/verdict';
import { conv2dTranspose } from '../../src/integrations/layers';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('a model.json', () => {
  type Args = Parameters<typeof conv2dTranspose>[0];
  const jsonOf = (model: tf.LayersModel): string =>
    JSON.stringify({ modelTopology: model.toJSON(undefined, false), weightsManifest: [] });

  it('of a layers model gives its transposed layers, with their sizes', async () => {
    const wide: Pick<Args, 'filters' | 'kernelSize' | 'strides'> = { filters: 4, kernelSize: [3, 2], strides: [1, 3] };
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4 * 4 * 8, inputShape: [10] }),
        tf.layers.reshape({ targetShape: [4, 4, 8] }),
        conv2dTranspose({ filters: 6, kernelSize: 3, strides: 2, padding: 'same', name: 'first' }),
        conv2dTranspose({ ...wide, padding: 'valid', groups: 2, name: 'second' }),
        conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', outputPadding: 1, name: 'third' }),
      ],
    });
    const before = tf.memory().numTensors;
    const { layers, note } = await layersOfModelJson(jsonOf(model));
    expect(tf.memory().numTensors).toBe(before);
    expect(note).toBe('');
    expect(layers.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
    const [first, second] = layers.map(formatOwnLayer);
    expect(first).toBe('first:1.4.4.8.6.3.3.2.2.1.1.1.0.0.same');
    expect(second).toBe('second:1.8.8.6.4.3.2.1.3.1.1.2.0.1.valid');
    const geometries = layers.map((layer) => workloadOf(layer).geometry);
    const shapes = geometries.map((g) => [null, g.outHeight, g.outWidth, g.outChannels]);
    expect(shapes).toEqual(model.layers.slice(2).map(({ outputShape }) => outputShape));
    model.dispose();
  });

  it('that leaves its size open gets one, and says so', async () => {
    const open = tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2, inputShape: [null, null, 3] });
    const model = tf.sequential({ layers: [open] });
    const { layers, note } = await layersOfModelJson(jsonOf(model));
    expect([layers[0].inHeight, layers[0].inChannels]).toEqual([64, 3]);
    expect(note).toContain('64 × 64 is assumed');
    model.dispose();
  });

  it('of a graph model gives what its nodes and weights say', async () => {
    const node = (name: string, op: string, input: string[], attr: object = {}): object => ({ name, op, input, attr });
    const list = (i: string[]): object => ({ list: { i } });
    const attributes = { strides: list(['1', '2', '3', '1']), padding: { s: btoa('VALID') } };
    const up = node('up', 'Conv2DBackpropInput', ['size', 'w', 'x'], attributes);
    const text = JSON.stringify({
      modelTopology: { node: [node('x', 'Placeholder', []), node('w', 'Const', []), up] },
      weightsManifest: [{ weights: [{ name: 'w', shape: [4, 5, 6, 7], dtype: 'float32' }], paths: [] }],
    });
    const { layers, note } = await layersOfModelJson(text);
    expect(layers.map(formatOwnLayer)).toEqual(['up:1.64.64.7.6.4.5.2.3.1.1.1.0.0.valid']);
    expect(note).toContain('64 × 64 is assumed');
  });

  it('that is none, or has no such layer, is an error that says so', async () => {
    await expect(layersOfModelJson('{')).rejects.toThrow('This file is no JSON');
    await expect(layersOfModelJson('{"a": 1}')).rejects.toThrow('no model.json of TensorFlow.js');
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    await expect(layersOfModelJson(jsonOf(model))).rejects.toThrow('This model has no transposed 2-D convolution');
    model.dispose();
  });
});

describe('a whole model', () => {
  const file = (name: string, bytes: ArrayBuffer | string): ModelFile => ({
    name,
    arrayBuffer: () => Promise.resolve(typeof bytes === 'string' ? new TextEncoder().encode(bytes).buffer : bytes),
  });
  const weights = [
    { name: 'up/kernel', shape: [2, 2, 2, 3], dtype: 'float32' },
    { name: 'up/bias', shape: [2], dtype: 'float32' },
  ];
  const config = { name: 'up', filters: 2, kernel_size: [2, 2], strides: [2, 2], padding: 'valid' };
  const layers = [{ class_name: 'Conv2DTranspose', config: { ...config, batch_input_shape: [null, null, 4, 3] } }];
  const layersModel = {
    modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } },
    weightsManifest: [{ paths: ['some/where/a.bin'], weights }],
  };
  const bytes = Float32Array.from({ length: 26 }, (_, n) => Math.cos(n)).buffer;
  const files = (model: object, content = bytes): ModelFile[] => [
    file('a.bin', content),
    file('model.json', JSON.stringify(model)),
  ];
  const raced = async (model: ModelFile[]): Promise<void> => {
    const before = tf.memory().numTensors;
    const rows = await raceModel(await modelOf(model), 'model.json', 1);
    expect(tf.memory().numTensors).toBe(before);
    expect(rows.map(({ contender }) => contender)).toEqual(['stock', 'install()']);
    expect(rows.every(({ ms, runs, firstMs }) => ms > 0 && runs >= 5 && firstMs! > 0)).toBe(true);
    expect(rows[1].error).toBeLessThanOrEqual(1);
    expect(sentence(rows)).toMatch(/^As a whole, the model under install\(\) is .* stock on cpu \(model.json\)\.$/);
  };

  it('of layers is raced, stock against install(), its results compared', () => raced(files(layersModel)));

  it('of a graph is as well', () => {
    const dims = ['-1', '4', '4', '3'].map((size) => ({ size }));
    const attributes = { strides: { list: { i: ['1', '2', '2', '1'] } }, padding: { s: btoa('VALID') } };
    const node = [
      { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: dims } } } },
      { name: 'size', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
      { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
      { name: 'y', op: 'Conv2DBackpropInput', input: ['size', 'w', 'x'], attr: attributes },
    ];
    const specs = [
      { name: 'size', shape: [4], dtype: 'int32' },
      { name: 'w', shape: [2, 2, 2, 3], dtype: 'float32' },
    ];
    const content = new Float32Array(28).fill(0.5);
    new Int32Array(content.buffer).set([1, 8, 8, 2]);
    const modelTopology = { node, versions: { producer: 1 } };
    const model = { modelTopology, weightsManifest: [{ paths: ['a.bin'], weights: specs }] };
    return raced(files(model, content.buffer));
  });

  it('that is incomplete or none is an error that says what was expected', async () => {
    const open = { ...layersModel, weightsManifest: [{ paths: ['a.bin', 'b.bin'], weights }] };
    const strange = [{ paths: ['a.bin'], weights: [{ name: 'w', shape: [1], dtype: 'float128' }] }];
    const cases: readonly (readonly [files: ModelFile[], expected: string])[] = [
      [[], 'Choose one model.json together with its weights; there are 0 files .json here'],
      [[file('model.json', '{')], 'model.json is no JSON'],
      [files({ rows: [] }), 'model.json is no model.json of TensorFlow.js: it has no modelTopology'],
      [files({ modelTopology: {} }), 'a weightsManifest, a list of groups with paths and weights'],
      [
        files({ ...layersModel, weightsManifest: [null] }),
        'a weightsManifest, a list of groups with paths and weights',
      ],
      [files(open), 'Choose the weights together with model.json: it names b.bin'],
      [
        files(layersModel, bytes.slice(4)),
        'The weights must be 104 bytes as model.json has them, but the files hold 100',
      ],
      [files({ ...layersModel, weightsManifest: strange }), 'The weight w must have a shape and a dtype of tfjs'],
    ];
    for (const [given, expected] of cases) await expect(modelOf(given)).rejects.toThrow(expected);
    const odd = await modelOf(files({ ...layersModel, modelTopology: { class_name: 'Nonesuch', config: {} } }));
    await expect(raceModel(odd, 'model.json', 0.04)).rejects.toThrow('TensorFlow.js cannot load this model: ');
  });
});
