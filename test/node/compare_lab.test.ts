// SPDX-License-Identifier: Apache-2.0
/**
 * What the comparison lab does apart from its page: plans in addresses, layers of one's own and of models, files to
 * export.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import '../../kernels/cpu';
import { type LabResults, toCsv, toJson } from '../../examples/compare/export';
import { layersOfModelJson } from '../../examples/compare/model_json';
import {
  EXAMPLE,
  NUMBERS,
  type OwnLayer,
  formatOwnLayer,
  parseOwnLayer,
  workloadOf,
} from '../../examples/compare/own_layer';
import { CONTENDERS, DEFAULT_PLAN, formatPlan, parsePlan, planWithin } from '../../examples/compare/plan';
import { PASSES } from '../../src/contract';
import { conv2dTranspose } from '../../src/integrations/layers';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const anyNumber = fc.integer({ min: 0, max: 999 });
type Numbers = Record<(typeof NUMBERS)[number], typeof anyNumber>;
const ownLayer: fc.Arbitrary<OwnLayer> = fc.record({
  name: fc.stringMatching(/^[a-z0-9 /_.-]{1,12}$/),
  pad: fc.constantFrom('same', 'valid', '0', '2'),
  ...(Object.fromEntries(NUMBERS.map((key) => [key, anyNumber])) as Numbers),
});

describe('the address', () => {
  it('holds a whole plan', () => {
    fc.assert(
      fc.property(
        fc.record({
          backends: fc.subarray(['cpu', 'webgl', 'one-of-tomorrow']),
          contenders: fc.subarray([...CONTENDERS]),
          passes: fc.subarray([...PASSES]),
          workloads: fc.subarray(['dcgan-g1', 'hand', 'ae-train']),
          own: fc.array(ownLayer, { maxLength: 3 }),
          seconds: fc.constantFrom(0.2, 2, 60),
        }),
        (plan) => expect(parsePlan(formatPlan(plan))).toEqual(plan),
      ),
      { seed: 6 },
    );
  });

  it('without a plan gives the default; with nonsense, what can be understood', () => {
    expect(parsePlan('')).toEqual(DEFAULT_PLAN);
    expect(parsePlan('?backends=cpu,tpu&seconds=-3&own=nonsense&own=a:1.2&layers=hand')).toEqual({
      ...DEFAULT_PLAN,
      backends: ['cpu', 'tpu'],
      workloads: ['hand'],
    });
  });

  it('may name any backend; those that the browser has not are dropped', () => {
    const plan = parsePlan('?backends=webgpu,cpu,cpu,tpu');
    expect(plan.backends).toEqual(['webgpu', 'cpu', 'tpu']);
    expect(planWithin(plan, ['cpu', 'wasm', 'webgpu'])).toEqual({ ...plan, backends: ['webgpu', 'cpu'] });
  });
});

describe('a layer of one’s own', () => {
  it('comes back from its text', () => {
    fc.assert(
      fc.property(ownLayer, (layer) => expect(parseOwnLayer(formatOwnLayer(layer))).toEqual(layer)),
      { seed: 7 },
    );
  });

  it('becomes a workload, or an error that says what would do', () => {
    const { geometry, flops, pad } = workloadOf(EXAMPLE);
    expect([geometry.outHeight, geometry.outWidth, pad]).toEqual([32, 32, 'same']);
    // 4 taps for each of 32 × 32 cells, less those that lie outside: (2·32 − 2)² pairs.
    expect(flops).toBe(2 * 62 * 62 * 32 * 16);
    expect(() => workloadOf({ ...EXAMPLE, pad: '17' })).toThrow(RangeError);
    expect(() => workloadOf({ ...EXAMPLE, groups: 5 })).toThrow(/groups|filter/);
    const padded = workloadOf(parseOwnLayer('padded:1.16.16.32.16.3.3.2.2.1.1.1.1.1.same')!);
    expect(JSON.stringify(padded.pad)).toBe('[[0,0],[0,1],[0,1],[0,0]]');
  });
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

describe('export', () => {
  const measured = { ms: 1.5, runs: 3, note: '', gflops: 2, ratio: 1, error: 0.25, firstMs: 4 };
  const nothing = { ms: NaN, runs: 0, note: '', gflops: NaN, reason: 'why not' };
  const cell = { pass: 'forward' as const };
  const row = { ...cell, backend: 'cpu', workload: 'own, "quoted"', contender: 'stock', ...measured };
  const unable = { ...cell, backend: 'wasm', workload: 'own', contender: 'scatter', ...nothing };
  const results: LabResults = {
    date: '2026-01-01',
    userAgent: 'Browser',
    devices: { cpu: 'one thread' },
    tfjs: '4',
    plan: DEFAULT_PLAN,
    rows: [row, unable],
  };

  it('as JSON has all of it', () => {
    const back = JSON.parse(toJson(results)) as LabResults;
    expect(back.rows).toEqual([row, { ...unable, ms: undefined, gflops: undefined }]);
    expect(back.plan).toEqual(DEFAULT_PLAN);
  });

  it('as CSV has a line for each row, quoted where it must be', () => {
    const [head, first, second] = toCsv(results).trim().split('\n');
    expect(head).toBe(
      'backend,layer,pass,contender,ms,samples,gflops,times_stock,error_over_bound,right,first_call_ms,memory_bytes,' +
        'note,device,user_agent,date',
    );
    expect(first).toBe('cpu,"own, ""quoted""",forward,stock,1.5,3,2,1,0.25,true,4,,,one thread,Browser,2026-01-01');
    expect(second).toBe('wasm,own,forward,scatter,,0,,,,,,,why not,,Browser,2026-01-01');
  });
});
