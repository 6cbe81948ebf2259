// SPDX-License-Identifier: Apache-2.0
/**
 * What the comparison lab does apart from its page: plans in addresses, layers of one's own and of models, files to
 * export.
 */
import { deflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import '../../kernels/cpu';
import { type LabResults, toCsv, toJson } from '../../examples/compare/export';
import { layersOfModelJson } from '../../examples/compare/model_json';
import { type ModelFile, modelOf, raceModel } from '../../examples/compare/model_race';
import {
  EXAMPLE,
  NUMBERS,
  type OwnLayer,
  formatOwnLayer,
  parseOwnLayer,
  workloadOf,
} from '../../examples/compare/own_layer';
import { CONTENDERS, DEFAULT_PLAN, formatPlan, parsePlan, planWithin } from '../../examples/compare/plan';
import { fromAddress, inAddress, merged, named, parseRun, sideBySide } from '../../examples/compare/runs';
import { type LabRow, cellsOf, sentence, verdictOn } from '../../examples/compare/verdict';
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
    const rows = await raceModel(await modelOf(model), 'model.json', 1000);
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
    await expect(raceModel(odd, 'model.json', 40)).rejects.toThrow('TensorFlow.js cannot load this model: ');
  });
});

describe('the verdict', () => {
  const row = (contender: string, ms: number, more: Partial<LabRow> = {}): LabRow => ({
    backend: 'cpu',
    workload: 'hand',
    pass: 'forward',
    contender,
    ms,
    runs: 9,
    interval: [0.9 * ms, 1.1 * ms],
    note: '',
    gflops: 1,
    error: 0.5,
    ...more,
  });
  const verdicts = (rows: readonly LabRow[]): string[] =>
    cellsOf(rows).flatMap((cell) => cell.rows.map((one) => verdictOn(one, cell).text));

  it('names the fastest, and who won by how much on what', () => {
    const rows = [row('auto', 10, { took: 'matmul' }), row('matmul', 8), row('stock', 40)];
    expect(verdicts(rows)).toEqual(['', 'fastest', '']);
    expect(sentence(rows)).toBe("Forward, 'auto' is 4 times as fast as stock on cpu (hand). Fastest: matmul on cpu.");
  });

  it('tells nobody from whom it cannot be told', () => {
    const rows = [row('auto', 8.4), row('matmul', 8), row('stock', 8.2)];
    expect(verdicts(rows)[1]).toBe('fastest, 2 level');
    expect(verdicts(rows)[0]).toBe('level');
    expect(sentence(rows)).toContain("'auto' is level with stock on cpu");
  });

  it('is not given on fewer than five samples, however fast', () => {
    const rows = [row('auto', 10), row('matmul', 12), row('stock', 1, { runs: 1, interval: undefined })];
    expect(verdicts(rows)).toEqual(['', '', '1 sample: no verdict']);
    expect(cellsOf(rows)[0].why).toBe('too few samples of stock');
    expect(sentence(rows)).toBe('No verdict on 1 of 1 comparison: too few samples. Give more seconds.');
    // Slow enough not to matter: the others are judged, it is not.
    const slow = [row('auto', 10), row('matmul', 15), row('stock', 99, { runs: 4, interval: undefined })];
    expect(verdicts(slow)).toEqual(['fastest', '', '4 samples: no verdict']);
    expect(sentence(slow)).toBe('Fastest: auto on cpu.');
  });

  it('is nothing that wrong results, or who cannot run, have a part in', () => {
    const rows = [row('auto', 10), row('stock', 1, { error: 7 }), row('dilate', NaN, { reason: 'cannot', runs: 0 })];
    expect(verdicts(rows)).toEqual(['', 'WRONG', 'cannot']);
    expect(sentence(rows)).toBe('');
  });

  it('has a mean over layers, backend by backend, pass by pass', () => {
    const on = (backend: string, workload: string, ratio: number): LabRow[] =>
      [row('auto', 10), row('stock', 10 * ratio)].map((one) => ({ ...one, backend, workload }));
    const gradient = [row('ours', 1), row('stock', 3)].map((one) => ({ ...one, pass: 'input gradient' as const }));
    expect(sentence([...on('cpu', 'a', 2), ...on('cpu', 'b', 8), ...on('wasm', 'a', 0.5), ...gradient])).toBe(
      "Forward, 'auto' is 4 times as fast as stock on cpu and 0.5 on wasm (geometric mean over up to 2 layers). " +
        'Input gradient, ours is 3 times as fast as stock on cpu (hand). Fastest: auto on cpu (2 of 3); stock on wasm.',
    );
  });
});

describe('export', () => {
  const measured = {
    ms: 1.5,
    interval: [1, 2] as const,
    runs: 5,
    note: '',
    gflops: 2,
    ratio: 1,
    error: 0.25,
    firstMs: 4,
  };
  const nothing = { ms: NaN, runs: 0, note: '', gflops: NaN, reason: 'why not' };
  const cell = { pass: 'forward' as const };
  const row = { ...cell, backend: 'cpu', workload: 'own, "quoted"', contender: 'stock', ...measured };
  const unable = { ...cell, backend: 'wasm', workload: 'own', contender: 'scatter', ...nothing };
  const results: LabResults = {
    name: 'Anna',
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

  it('comes back from its file, and from an address; what is wrong stays wrong', async () => {
    const wrong = { ...row, contender: 'matmul', error: NaN };
    const all = { ...results, rows: [row, unable, wrong] };
    const run = { name: 'Anna', date: '2026-01-01', machine: 'cpu: one thread · Browser', rows: all.rows };
    expect(parseRun(toJson(all), 'file')).toEqual(run);
    expect(parseRun(toJson({ ...all, name: '' }), 'file').name).toBe('file');
    const address = (await inAddress({ ...all, plan: undefined }))!;
    expect(address.length).toBeLessThan(1000);
    expect(await fromAddress(address)).toEqual(run);
    expect(await fromAddress('#other')).toBeUndefined();
    const many = Array.from({ length: 2000 }, (_, n) => ({ ...row, ms: n + Math.sqrt(n), workload: `${n}` }));
    expect(await inAddress({ ...all, rows: many })).toBeUndefined();
  });

  it('may be what npm start wrote', () => {
    const start = { date: '2026-01-01', machine: 'Node', skipped: [], rows: [{ ...row, error: null }], models: [] };
    const { name, machine, rows } = parseRun(JSON.stringify(start), 'compare');
    expect([name, machine, rows[0].error]).toEqual(['compare', 'Node', NaN]);
  });

  it('that is broken or hostile is an error that says what was expected', async () => {
    const withRow = (change: object): string => JSON.stringify({ rows: [{ ...row, ...change }] });
    const cases: readonly (readonly [text: string, expected: string])[] = [
      ['{', 'Results are JSON, but this is none'],
      ['[]', 'the file must be an object, but is []'],
      ['{"modelTopology":{}}', "Results have 'rows'"],
      [`{"rows":[${'1,'.repeat(5000)}1]}`, 'at most 5000 rows'],
      ['{"rows":[null]}', 'rows[0] must be an object, but is null'],
      [withRow({ backend: { length: 3 } }), 'rows[0].backend must be a text'],
      [withRow({ workload: 'x'.repeat(1e5) }), 'rows[0].workload must be a text of at most 400 letters'],
      [withRow({ pass: 'backward' }), 'rows[0].pass must be one of forward, input gradient'],
      [withRow({ ms: '1' }), 'rows[0].ms must be a number, 0 or more, but is "1"'],
      [withRow({ ms: -1 }), 'rows[0].ms must be a number, 0 or more, but is -1'],
      [withRow({ runs: undefined }), 'rows[0].runs must be a number, 0 or more, but is missing'],
      [withRow({ interval: [1] }), 'rows[0].interval must be two numbers'],
      ['{"rows":[],"devices":{"cpu":{}}}', 'devices.cpu must be a text'],
      [' '.repeat(5e6 + 1), 'at most 5 MB'],
    ];
    for (const [text, expected] of cases) expect(() => parseRun(text, 'file')).toThrow(expected);
    await expect(fromAddress('#run=%%%')).rejects.toThrow('The results in the address are broken');
    await expect(fromAddress('#run=AAAA')).rejects.toThrow('The results in the address are broken');
    // A short address that unpacks to ten megabytes.
    const bomb = deflateRawSync(Buffer.alloc(1e7)).toString('base64url');
    await expect(fromAddress(`#run=${bomb}`)).rejects.toThrow('The results in the address are broken');
  });

  it('of several devices stand side by side', () => {
    const anna = parseRun(toJson(results), '');
    const other = named(
      {
        ...anna,
        rows: [
          { ...row, ms: 3 },
          { ...row, pass: 'input gradient' },
        ],
      },
      [anna],
    );
    expect(other.name).toBe('Anna 2');
    expect(merged([anna])).toBe(anna.rows);
    expect(merged([anna, other]).map(({ backend }) => backend)).toEqual([
      'cpu (Anna)',
      'wasm (Anna)',
      'cpu (Anna 2)',
      'cpu (Anna 2)',
    ]);
    const times = sideBySide([anna, other]).map(({ cell, rows }) => [
      cell.split(' · ')[2],
      ...rows.map((one) => one?.ms),
    ]);
    expect(times).toEqual([
      ['forward', 1.5, 3],
      ['forward', NaN, undefined],
      ['input gradient', undefined, 1.5],
    ]);
  });

  it('as CSV has a line for each row, quoted where it must be', () => {
    const [head, first, second] = toCsv(results).trim().split('\n');
    expect(head).toBe(
      'backend,layer,pass,contender,took,ms,ms_from,ms_to,samples,gflops,times_stock,error_over_bound,right,' +
        'first_call_ms,memory_bytes,note,device,user_agent,date',
    );
    expect(first).toBe(
      'cpu,"own, ""quoted""",forward,stock,,1.5,1,2,5,2,1,0.25,true,4,,,one thread,Browser,2026-01-01',
    );
    expect(second).toBe('wasm,own,forward,scatter,,,,,0,,,,,,,why not,,Browser,2026-01-01');
  });
});
