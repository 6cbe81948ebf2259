// SPDX-License-Identifier: Apache-2.0
/** The whole networks of `npm run bench:models`: what is written, by whomever it is run, computes the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { type Network, NETWORKS, build, writingsOf } from '../../bench/models/networks';
import { setSeededWeights } from '../../bench/models/weights';
import { kernelTimes } from '../../bench/models/kernel_times';
import type { Writing } from '../../bench/models/written';
import { onnxOfLayers } from '../../bench/peers/onnx_of_layers';
import '../../kernels/cpu';
import { install, uninstall } from '../../src';
import type { OnnxResult, OnnxRun } from '../support/run_onnx';

type Small = Pick<Network, 'name' | 'inputs' | 'build'>;

/** Every layer that needs a translation: odd sizes, kernels and strides, so that pads are uneven. */
const images: Small = {
  name: 'images',
  inputs: () => [[9, 6, 3]],
  build(w, [x]) {
    const down = w.leakyReLU(w.norm(w.conv(x, 4, 4, { strides: 3, bias: false })));
    const up = w.activation(w.norm(w.up(down, 4, 4, { strides: 3, groups: 2 })), 'relu6');
    const skip = w.concat(w.prelu(w.conv(x, 5, 3)), up);
    const small = w.maxPool(w.up(skip, 6, 2, { strides: 3, activation: 'relu' }));
    const sum = w.add(w.conv(small, 6, 3, { activation: 'tanh' }), small);
    return w.up(sum, 2, 5, { strides: 2, activation: 'sigmoid', gain: 0.5 });
  },
};
const vector: Small = {
  name: 'vector',
  inputs: () => [[7]],
  build(w, [z]) {
    const image = w.reshape(w.dense(z, 2 * 3 * 8, { activation: 'relu' }), [2, 3, 8]);
    return w.up(w.norm(image), 3, 4, { strides: 2, activation: 'tanh', gain: 0.5 });
  },
};
const sound: Small = {
  name: 'sound',
  inputs: (w) => [w.sequence(6, 4)],
  build(w, [x]) {
    const up = w.up1d(w.conv1d(x, 6, 7), 4, 16, { strides: 8 });
    return w.add(w.conv1d(w.leakyReLU(up, 0.1), 4, 3, { dilation: 5 }), up);
  },
};

function modelOf(network: Small, writing: Writing): tf.LayersModel {
  const { model, recipes } = build(network, writing);
  setSeededWeights(model, recipes);
  return model;
}

function valuesFor(model: tf.LayersModel): tf.Tensor {
  const shape = [1, ...(model.inputs[0].shape.slice(1) as number[])];
  return tf.randomNormal(shape, 0, 1, 'float32', 7);
}

/** `[1, …pixels, channels]` as onnxruntime has it, and back. */
function channelsFirst(x: tf.Tensor): tf.Tensor {
  const axes = [...x.shape.keys()];
  return tf.transpose(x, [0, x.rank - 1, ...axes.slice(1, -1)]);
}
function channelsLast(x: tf.Tensor): tf.Tensor {
  const axes = [...x.shape.keys()];
  return tf.transpose(x, [0, ...axes.slice(2), 1]);
}

/** The largest difference in units of the largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  const off = a.reduce((most, value, n) => Math.max(most, Math.abs(value - b[n])), 0);
  return off / b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** What onnxruntime-web computes, in a process of its own. */
function byOnnxruntime(runs: readonly { model: Uint8Array; x: tf.Tensor }[]): OnnxResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  try {
    const listed = runs.map(({ model, x }, n): OnnxRun => {
      const file = join(folder, `${n}.onnx`);
      writeFileSync(file, model);
      return { file, values: [...x.dataSync<'float32'>()], shape: x.shape };
    });
    const [given, found] = ['runs.json', 'results.json'].map((name) => join(folder, name));
    writeFileSync(given, JSON.stringify(listed));
    const script = resolve(__dirname, '../support/run_onnx.ts');
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, given, found], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`onnxruntime-web failed: ${stderr}`);
    return JSON.parse(readFileSync(found, 'utf8')) as OnnxResult[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('whole networks', () => {
  beforeAll(() => tf.setBackend('cpu'));
  afterAll(() => tf.disposeVariables());

  const networks = [images, vector, sound];

  it('are the same as written for stock, with our layers, and as ONNX', () => {
    const cases = networks.map((network) => {
      const [stock, ours] = [modelOf(network, 'stock'), modelOf(network, 'layers')];
      const x = valuesFor(stock);
      const values = (stock.predict(x) as tf.Tensor).dataSync<'float32'>();
      const shaped = tf.reshape(x, [1, ...(ours.inputs[0].shape.slice(1) as number[])]);
      const own = ours.predict(shaped) as tf.Tensor;
      return { network, ours, shaped, values, own };
    });
    const runs = cases.map(({ ours, shaped }) => ({ model: onnxOfLayers(ours), x: channelsFirst(shaped) }));
    const results = byOnnxruntime(runs);
    for (const [n, { network, values, own }] of cases.entries()) {
      // Something has come through, and nothing is saturated.
      const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
      expect({ network: network.name, isMuch: mean > 0.01 }).toEqual({ network: network.name, isMuch: true });
      expect(new Set(values).size).toBeGreaterThan(values.length / 2);
      expect(difference(own.dataSync<'float32'>(), values)).toBeLessThan(1e-5);
      const output = channelsLast(tf.tensor(results[n].values, [...results[n].shape]));
      expect(output.shape).toEqual(own.shape);
      expect(difference(output.dataSync<'float32'>(), values)).toBeLessThan(1e-5);
    }
  }, 60_000);

  it('refuses to write what it has no ONNX for', () => {
    const input = tf.input({ shape: [4, 4, 2] });
    const output = tf.layers.globalAveragePooling2d({ name: 'mean' }).apply(input) as tf.SymbolicTensor;
    expect(() => onnxOfLayers(tf.model({ inputs: input, outputs: output }))).toThrow(
      "There is no ONNX for the layer 'mean' of class GlobalAveragePooling2D",
    );
  });

  it('have names of their own, and are written twice where stock lacks something', () => {
    expect(new Set(NETWORKS.map(({ name }) => name)).size).toBe(NETWORKS.length);
    const twice = NETWORKS.filter((network) => writingsOf(network).length === 2).map(({ name }) => name);
    expect(twice).toEqual(['heatmaps', 'fcn8s', 'vocoder']);
  });

  it('tell where their time goes, each kernel by what it takes itself, and leave the kernels alone', async () => {
    install();
    try {
      const before = tf.getKernelsForBackend('cpu');
      const model = modelOf(vector, 'stock');
      const x = valuesFor(model);
      const begin = performance.now();
      const times = await kernelTimes(() => (model.predict(x) as tf.Tensor).dataSync());
      const passed = performance.now() - begin;
      const names = times.map(([name]) => name);
      expect(names).toContain('Conv2DBackpropInput');
      expect(names.some((name) => name.startsWith('Conv2DTranspose'))).toBe(true);
      expect(times.every(([, ms]) => ms >= 0)).toBe(true);
      expect(times.reduce((sum, [, ms]) => sum + ms, 0)).toBeLessThanOrEqual(passed);
      const after = tf.getKernelsForBackend('cpu');
      expect(after).toHaveLength(before.length);
      expect(before.every((config) => after.includes(config))).toBe(true);
    } finally {
      uninstall();
    }
  });
});
