// SPDX-License-Identifier: Apache-2.0
/** The trainings of the examples: checkpoints, going on after a stop, scores, pace. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import '../../kernels/cpu';
import '../../kernels/wasm';
import { install, uninstall } from '../../src';
import { makeDigits } from '../../examples/digits/generate';
import { Vae } from '../../examples/decoder/vae';
import { Classifier, type Judgement, accuracy } from '../../examples/gan/classifier';
import { GAN_KINDS, Gan, LATENT, stepsPerEpoch } from '../../examples/gan/gan';
import { frechetDistance, scoresOf } from '../../examples/gan/scores';
import { Batches } from '../../examples/training/batches';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../examples/training/checkpoint';
import { imageGrid } from '../../examples/training/image_grid';
import { BackendSearch } from '../../examples/training/backend_search';
import { type Trial, raceBackends, stockPace } from '../../examples/training/pace';
import { duration } from '../../examples/training/pace_report';
import { useWasmFiles } from '../support/wasm_files';

jest.setTimeout(120_000);

beforeAll(async () => {
  tf.enableProdMode(); // No advertisement for tfjs-node.
  useWasmFiles();
  await tf.setBackend('wasm');
  install();
});
afterAll(() => void uninstall());

describe('Batches', () => {
  it('show every example once in an epoch, in another order in the next, and the same for the same step', () => {
    const digits = makeDigits(12, 'batches');
    digits.images.forEach((_, n) => (digits.images[n] = Math.floor(n / 784)));
    const seen = (step: number): number[] => {
      const { images, labels } = new Batches(digits, 4, 7).at(step);
      expect([images.shape, labels.shape]).toEqual([[4, 28, 28, 1], [4]]);
      const firsts = [...images.dataSync()].filter((_, n) => n % 784 === 0);
      expect([...labels.dataSync()]).toEqual(firsts.map((n) => digits.labels[n]));
      tf.dispose([images, labels]);
      return firsts;
    };
    const epochs = [[0, 1, 2].flatMap(seen), [3, 4, 5].flatMap(seen)];
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(seen(1)).toEqual(epochs[0].slice(4, 8));
  });

  it('need enough examples', () => {
    expect(() => new Batches(makeDigits(3, 'few'), 4, 0)).toThrow('A batch of 4 needs as many examples; there are 3');
  });
});

describe('checkpoints', () => {
  const makeTensors = (): Record<string, tf.Tensor> => ({
    'a/0': tf.tensor2d([1, -2.5, 3e-20, NaN], [2, 2]),
    b: tf.tensor1d([7, -1], 'int32'),
    empty: tf.zeros([0, 3]),
  });
  let tensors: Record<string, tf.Tensor>;
  let sample: Checkpoint;
  beforeAll(() => {
    tensors = makeTensors();
    sample = { tensors, metadata: { kind: 'test', note: 'größer' } };
  });
  afterAll(() => void tf.dispose(tensors));

  it('come back as they were written', async () => {
    const back = decodeCheckpoint(await encodeCheckpoint(sample));
    expect(back.metadata).toEqual(sample.metadata);
    for (const [name, tensor] of Object.entries(tensors)) {
      expect(back.tensors[name].shape).toEqual(tensor.shape);
      expect(back.tensors[name].dtype).toBe(tensor.dtype);
      expect([...back.tensors[name].dataSync()]).toEqual([...tensor.dataSync()]);
    }
    tf.dispose(back.tensors);
  });

  it('are safetensors files: the length of a header in JSON, the header, the values', async () => {
    const bytes = await encodeCheckpoint(sample);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header['a/0']).toEqual({ dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] });
    expect(header.b).toEqual({ dtype: 'I32', shape: [2], data_offsets: [16, 24] });
    expect([length % 8, bytes.length]).toEqual([0, 8 + length + 24]);
  });

  it('say what is wrong with a bad file, and leak nothing', async () => {
    const bytes = await encodeCheckpoint(sample);
    const before = tf.memory().numTensors;
    expect(() => decodeCheckpoint(bytes.subarray(0, 5), 'x')).toThrow('x is no safetensors file');
    expect(() => decodeCheckpoint(bytes.subarray(0, 40), 'x')).toThrow('cut off in its header');
    expect(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 4), 'x')).toThrow('x: b is cut off');
    const text = new TextEncoder().encode('no JSON!');
    const broken = new Uint8Array(16);
    broken[0] = 8;
    broken.set(text, 8);
    expect(() => decodeCheckpoint(broken, 'x')).toThrow('its header is no JSON object');
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** The largest difference between two trainings' states, relative to the larger of the values and 1e-2. */
async function difference(a: { save(): Promise<Checkpoint> }, b: { save(): Promise<Checkpoint> }): Promise<number> {
  const [first, second] = [await a.save(), await b.save()];
  expect(first.metadata).toEqual(second.metadata);
  expect(Object.keys(first.tensors)).toEqual(Object.keys(second.tensors));
  let worst = 0;
  for (const [name, tensor] of Object.entries(first.tensors)) {
    const [these, those] = [tensor.dataSync(), second.tensors[name].dataSync()];
    these.forEach(
      (value, n) => (worst = Math.max(worst, Math.abs(value - those[n]) / Math.max(Math.abs(value), 1e-2))),
    );
  }
  return worst;
}

describe.each([...GAN_KINDS, 'vae'] as const)('training a %s', (kind) => {
  const batches = new Batches(makeDigits(24, `training ${kind}`), 4, 1);
  type Training = Gan | Vae;
  const make = (): Training => (kind === 'vae' ? new Vae(1) : new Gan(kind, 1));
  const restored = (checkpoint: Checkpoint): Promise<Training> =>
    kind === 'vae' ? Vae.restored(checkpoint) : Gan.restored(checkpoint);

  it('goes on after a stop as if there had been none, and leaks nothing', async () => {
    const whole = make();
    for (let n = 0; n < 4; n++) expect(Object.values(await whole.train(batches)).every(Number.isFinite)).toBe(true);
    const first = make();
    for (let n = 0; n < 2; n++) await first.train(batches);
    const checkpoint = decodeCheckpoint(await encodeCheckpoint(await first.save()));
    const second = await restored(checkpoint);
    expect(second.step).toBe(2);
    const before = tf.memory().numTensors;
    for (let n = 0; n < 2; n++) await second.train(batches);
    expect(tf.memory().numTensors).toBe(before);
    // Adam works out the powers of its betas anew: the same but for rounding.
    expect(await difference(second, whole)).toBeLessThan(1e-4);
    tf.dispose(checkpoint.tensors);
    [whole, first, second].forEach((training) => training.dispose());
  });

  it('takes no checkpoint of something else', async () => {
    const other = kind === 'vae' ? new Gan('dcgan', 1) : new Vae(1);
    await expect(restored(await other.save())).rejects.toThrow(/The checkpoint is of kind/);
    const own = make();
    const { tensors, metadata } = await own.save();
    const bend = ([name, tensor]: [string, tf.Tensor]): [string, tf.Tensor] =>
      name.endsWith('/0') ? [name, tf.zeros([2])] : [name, tensor];
    const bent = Object.fromEntries(Object.entries(tensors).map(bend));
    const message = /another network: weight 0 of the \w+ must be \[.*\], but is \[2\]/;
    await expect(restored({ tensors: bent, metadata })).rejects.toThrow(message);
    [own, other].forEach((training) => training.dispose());
  });
});

it('learns: the autoencoder rebuilds digits better, the classifier tells them apart', async () => {
  const digits = makeDigits(400, 'learning');
  const vae = new Vae(3);
  const batches = new Batches(digits, 16, 3);
  const losses: number[] = [];
  for (let n = 0; n < 40; n++) losses.push((await vae.train(batches)).reconstruction);
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
  expect(mean(losses.slice(-5))).toBeLessThan(0.7 * mean(losses.slice(0, 3)));
  vae.dispose();
  const classifier = new Classifier(3);
  await classifier.train(digits, 40);
  const heldOut = makeDigits(100, 'held out');
  expect(accuracy(await classifier.judge(heldOut.images), heldOut.labels)).toBeGreaterThan(0.6);
  classifier.dispose();
});

it('makes images of 28×28 within 0 and 1', () => {
  const gan = new Gan('dcgan', 5);
  const images = tf.tidy(() => gan.sample(tf.randomNormal([3, LATENT], 0, 1, 'float32', 1)));
  expect(images.shape).toEqual([3, 28, 28, 1]);
  const values = images.dataSync();
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThanOrEqual(1);
  images.dispose();
  gan.dispose();
  expect([stepsPerEpoch('dcgan', 10), stepsPerEpoch('wgan-gp', 10), stepsPerEpoch('wgan-gp', 1)]).toEqual([10, 3, 1]);
});

describe('scores', () => {
  /** Rows whose mean and covariance are exactly what is asked for: two points along each axis. */
  const cloud = (mean: number[], deviations: number[]): number[][] => {
    const scale = Math.sqrt((2 * deviations.length - 1) / 2);
    const moved = (axis: number, by: number): number[] => mean.map((value, n) => (n === axis ? value + by : value));
    return deviations.flatMap((deviation, axis) => [-1, 1].map((side) => moved(axis, side * deviation * scale)));
  };

  it('has the Fréchet distance of normal distributions', () => {
    expect(frechetDistance(cloud([0, 0], [1, 2]), cloud([0, 0], [1, 2]))).toBeCloseTo(0, 9);
    // |(3, 4)|² + (1 − 3)² + (2 − 1)²
    expect(frechetDistance(cloud([0, 0], [1, 2]), cloud([3, 4], [3, 1]))).toBeCloseTo(25 + 4 + 1, 9);
    // Turned by 45°, against a round one of deviation 1: the deviations along the turned axes count.
    const turned = cloud([0, 0], [3, 1]).map(([x, y]) => [(x - y) / Math.SQRT2, (x + y) / Math.SQRT2]);
    expect(frechetDistance(turned, cloud([0, 0], [1, 1]))).toBeCloseTo(4, 9);
    expect(() => frechetDistance([[1]], [[1], [2]])).toThrow('at least two rows');
  });

  it('tells sureness and spread', () => {
    const sure = (digit: number, by: number): number[] =>
      Array.from({ length: 10 }, (_, n) => (n === digit ? by : (1 - by) / 9));
    const judgement = (rows: number[][]): Judgement => ({ probabilities: rows, features: rows });
    const even = judgement(Array.from({ length: 20 }, (_, n) => sure(n % 10, n < 10 ? 0.95 : 0.5)));
    const scores = scoresOf(even, even);
    expect(scores.sure).toBeCloseTo(0.5);
    expect(scores.effectiveClasses).toBeCloseTo(10);
    expect(scoresOf(judgement([sure(3, 0.99), sure(3, 0.99)]), even).effectiveClasses).toBeCloseTo(1);
  });
});

describe('pace', () => {
  afterAll(() => tf.setBackend('wasm'));
  const trial = (batch: number): ReturnType<Trial> => {
    const vae = new Vae(1);
    const batches = new Batches(makeDigits(8, 'pace'), batch, 0);
    return { run: () => vae.train(batches), dispose: () => vae.dispose() };
  };

  /** The filter gradient of a layer: of a network stock takes seconds. */
  const layerTrial = (batch: number): ReturnType<Trial> => {
    const x = tf.ones<tf.Rank.R4>([batch, 14, 14, 16]);
    const filter = tf.ones<tf.Rank.R4>([4, 4, 8, 16]);
    const gradient = tf.grad((w) => tf.conv2dTranspose(x, w as tf.Tensor4D, [batch, 28, 28, 8], 2, 'same'));
    const run = async (): Promise<void> => {
      const df = gradient(filter);
      await df.data();
      df.dispose();
    };
    return { run, dispose: () => tf.dispose([x, filter]) };
  };

  it('races backends, passes over those that are not there, and leaves the fastest set', async () => {
    const before = tf.memory().numTensors;
    const paces = await raceBackends(['nonsense', 'cpu'], 4, trial);
    expect(paces.map(({ backend }) => backend)).toEqual(['cpu']);
    expect([paces[0].ms > 0, tf.getBackend(), tf.memory().numTensors]).toEqual([true, 'cpu', before]);
    await expect(raceBackends(['nonsense'], 4, trial)).rejects.toThrow('None of the backends nonsense can be had here');
  });

  it('begins at once in a page, tries others when it knows its own pace, and can be overruled', async () => {
    const set = (name: string): Promise<boolean> => tf.setBackend(name).catch(() => false);
    const search = new BackendSearch(['cpu', 'wasm', 'nonsense'], 4, trial, set);
    expect(search.report()).toEqual({ chosen: 'auto', choices: ['auto', 'cpu', 'wasm', 'nonsense'], paces: [] });
    await search.begin();
    expect([search.backend, tf.getBackend()]).toEqual(['wasm', 'wasm']);
    // The first step compiles, and does not count.
    for (const ms of [9000, 5000, 5000]) {
      search.note(ms);
      expect(search.next()).toBeUndefined();
    }
    search.note(5000);
    expect([search.next(), search.report().paces]).toEqual(['cpu', [{ backend: 'wasm', ms: 5000 }]]);
    await search.tryNext();
    expect([search.backend, search.next()]).toEqual(['cpu', undefined]); // A step takes no 5 s there.
    await expect(search.choose('nonsense')).rejects.toThrow('This browser has no nonsense');
    expect(search.backend).toBe('cpu');
    await search.choose('wasm');
    for (const ms of [9, 5, 5, 5, 5]) search.note(ms);
    expect([search.backend, search.next(), search.report().chosen]).toEqual(['wasm', undefined, 'wasm']);
    // Back to the fastest that is known.
    await search.choose('cpu');
    for (const ms of [9000, 900, 900]) search.note(ms);
    await search.choose('auto');
    expect([search.backend, search.report().chosen]).toEqual(['wasm', 'auto']);
  });

  it('times stock, which is slower, and puts everything back', async () => {
    uninstall();
    const stockKernel = tf.getKernel('Conv2DBackpropFilter', 'cpu').kernelFunc;
    install();
    const [fast] = await raceBackends(['cpu'], 4, layerTrial);
    const stock = await stockPace(4, layerTrial, 'cpu');
    expect((stock as { ms: number }).ms).toBeGreaterThan(3 * fast.ms);
    expect(tf.getKernel('Conv2DBackpropFilter', 'cpu').kernelFunc).not.toBe(stockKernel);
    expect(tf.getBackend()).toBe('cpu');
    expect(await stockPace(4, layerTrial, 'nonsense')).toEqual({ why: expect.stringContaining('nonsense') });
  });

  it('writes durations in units that fit', () => {
    const written = [0.4, 850, 12_340, 210_000, 7_600_000].map(duration);
    expect(written).toEqual(['0 ms', '850 ms', '12 s', '3.5 min', '2.1 h']);
  });
});

it('lays images out in a grid', () => {
  const images = new Float32Array(3 * 784);
  images.fill(1, 784, 2 * 784);
  const { width, height, data } = imageGrid(images, 2, 3);
  expect([width, height]).toEqual([3 * 58, 3 * 58]);
  const grey = (x: number, y: number): number => data[(y * width + x) * 4];
  // Paper, ink, the gap between, an image that is not there.
  expect([grey(3, 3), grey(3 * 30, 3), grey(3 * 28, 3), grey(3 * 31, 3 * 31)]).toEqual([255, 0, 225, 225]);
});
