// SPDX-License-Identifier: Apache-2.0
/** Threads: bitwise the same results for any number of them; and what users are told where there can't be any. */
import * as tf from '@tensorflow/tfjs-core';
import { availableEngines, setThreads, threads } from '../kernels/cpu';
import { currentEngine } from '../kernels/engine/engines';
import { Experience } from '../kernels/engine/threads/experience';
import { whyNoThreads } from '../kernels/engine/threads/pool';
import { clearTuning, conv2dTranspose, explain, fused, tune } from '../src';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { describeOnEveryBackend } from './support/environments';
import { opArguments } from './support/kernels';
import { type Layer, filterShape, layer, randomOperands, requestOf, xShape, yShape } from './support/layer';
import { compareWithOne, startPool } from './support/on_threads';
import * as oracle from './support/oracle';

/** Besides the usual ones: several chunks, and more tiles and panels than threads. */
const LAYERS: Record<string, Layer> = {
  ...CASES,
  'a filter of several chunks': layer({ inSize: [5, 6], inChannels: 300, outChannels: 130, kernel: [4, 4] }),
  'one pixel, a filter of several chunks': layer({ inSize: [1, 1], inChannels: 200, outChannels: 90, kernel: [4, 4] }),
  'many pixels': layer({ inSize: [19, 23], inChannels: 40, outChannels: 36, kernel: [3, 3], batch: 2 }),
  'few channels out': layer({ inSize: [16, 15], inChannels: 33, outChannels: 3, kernel: [4, 4] }),
  'groups of odd channels': layer({ inSize: [17, 13], inChannels: 51, outChannels: 57, groups: 3, kernel: [4, 4] }),
  'small groups': layer({ inSize: [9, 11], inChannels: 36, outChannels: 48, groups: 6, kernel: [3, 3] }),
  'depthwise, many channels': layer({ inSize: [9, 8], inChannels: 70, outChannels: 70, groups: 70, batch: 2 }),
  '5 × 5, a filter of several chunks': layer({ inSize: [7, 6], inChannels: 130, outChannels: 90, kernel: [5, 5] }),
  'single taps, a filter of several chunks': layer({ inSize: [6, 5], inChannels: 400, outChannels: 390 }),
};

const isSimd = (name: string): boolean => !name.includes('plain');

describeOnEveryBackend(
  'threads',
  ({ name: environment }) => {
    afterAll(() => setThreads(1));

    const why = whyNoThreads();
    if (why !== undefined)
      it(`are not compared with one, for there are none here: ${why}`, async () => expect(await setThreads(3)).toBe(1));
    for (const count of why === undefined ? [3, 5] : []) {
      it(`of ${count} compute bitwise what one does`, async () => {
        const pool = await startPool(count);
        const different: string[] = [];
        for (const [name, l] of Object.entries(LAYERS)) {
          const found = compareWithOne(pool, count, l, randomOperands(l, name));
          different.push(...found.different.map((pass) => `${name}, ${pass}`));
        }
        pool.end();
        expect(different).toEqual([]);
      });
    }

    it('leave what was measured with one thread alone where one runs', async () => {
      const request = requestOf(layer({ inSize: [8, 8], inChannels: 16, outChannels: 16, kernel: [4, 4] }));
      const [winner] = await tune([request], { samples: 1 });
      await setThreads(2);
      const { device, reason } = explain(request);
      const isOne = why !== undefined;
      expect(device!.startsWith(winner.device)).toBe(true);
      expect(reason.includes('measured')).toBe(isOne);
      await setThreads(1);
      expect(explain(request).reason).toContain('measured');
      clearTuning();
    });

    it('run where they can, and else say why not', async () => {
      const count = await setThreads(2);
      expect(count).toBe(why === undefined ? 2 : 1);
      expect(threads()).toEqual(why === undefined ? { count } : { count, reason: why });
      const { device } = explain(requestOf(layer()));
      expect(device).toContain(why === undefined ? '2 threads' : `1 thread: ${why}`);
      const own = availableEngines().find((one) => one.name === currentEngine().name)!;
      expect([own.threads, own.reason]).toEqual([count, why]);
      // Large enough for threads.
      const l = layer({ inSize: [24, 24], inChannels: 64, outChannels: 64, kernel: [4, 4] });
      const { x, filter } = randomOperands(l, environment);
      const $y = tf.tidy(() =>
        conv2dTranspose(tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l)), undefined, 2, 'valid'),
      );
      expect(mismatch($y.dataSync(), oracle.forward(l, x, filter))).toBe('');
      $y.dispose();
      expect(await setThreads(1)).toBe(1);
      expect(threads()).toEqual({ count: 1 });
      expect(explain(requestOf(layer())).device).not.toContain('thread');
    });
  },
  ({ backend, name }) => backend === 'cpu' && isSimd(name),
);

describeOnEveryBackend(
  'fused on threads',
  () => {
    afterAll(() => setThreads(1));

    for (const activation of ['linear', 'relu6', 'leakyrelu', 'prelu', 'tanh'] as const) {
      it(`${activation} gives bitwise the same for any number`, async () => {
        const l = layer({ inSize: [32, 32], inChannels: 64, outChannels: 64, kernel: [4, 4], strides: [2, 2] });
        const { x, filter } = randomOperands(l, activation);
        const bias = Float32Array.from({ length: 64 }, (_, n) => Math.sin(n));
        const compute = (): Float32Array =>
          tf.tidy(() => {
            const slopes = activation === 'prelu' ? { preluActivationWeights: tf.tensor1d(bias) } : {};
            const y = fused.conv2dTranspose({
              x: tf.tensor4d(x, xShape(l)),
              filter: tf.tensor4d(filter, filterShape(l)),
              strides: 2,
              pad: 'valid',
              bias: tf.tensor1d(bias),
              activation,
              leakyreluAlpha: activation === 'leakyrelu' ? 0.3 : undefined,
              ...slopes,
            });
            return y.dataSync<'float32'>();
          });
        const alone = compute();
        await setThreads(2);
        const together = compute();
        await setThreads(1);
        expect(alone.filter((value, n) => !Object.is(value, together[n])).length).toBe(0);
      });
    }

    for (const variant of ['subpixel', 'winograd'] as const) {
      it(`the gradients of ${variant} are bitwise the same for any number`, async () => {
        const l = layer({ inSize: [24, 24], inChannels: 64, outChannels: 80, kernel: [5, 5] });
        const { x, filter, dy } = randomOperands(l, `gradients of ${variant}`);
        const compute = (): Float32Array[] =>
          tf.tidy(() => {
            const op = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
              conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, ...opArguments(l, variant));
            const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
            return tf
              .grads(op)(inputs, tf.tensor4d(dy, yShape(l)))
              .map((one) => one.dataSync<'float32'>());
          });
        const alone = compute();
        for (const count of [2, 4]) {
          await setThreads(count);
          const together = compute();
          const differing = alone.map((values, n) => values.filter((v, at) => !Object.is(v, together[n][at])).length);
          expect(differing).toEqual([0, 0]);
        }
        await setThreads(1);
      });
    }
  },
  ({ backend, name }) => ['cpu', 'wasm'].includes(backend) && isSimd(name),
);

describe('setThreads', () => {
  it('can be called again after an error', async () => {
    const flag = 'CONV2D_TRANSPOSE_CPU_ENGINE';
    const before = tf.env().get(flag);
    tf.env().set(flag, 'nope');
    let message = '';
    await setThreads(2).catch((error: Error) => (message = error.message));
    expect(message).toContain("'nope'");
    tf.env().set(flag, before);
    expect(await setThreads(1)).toBe(1);
  });

  it('refuses what is no number of threads', async () => {
    for (const count of [0, -1, 1.5, NaN, 1e6, '2']) {
      let message = '';
      await setThreads(count as number).catch((error: Error) => (message = `${error.name}: ${error.message}`));
      expect(message).toMatch(/^RangeError: setThreads\(.*\): it takes a whole number from 1 to 128/);
    }
  });

  it('has the last word of several', async () => {
    const counts = await Promise.all([setThreads(3), setThreads(2), setThreads(1)]);
    expect(counts.at(-1)).toBe(1);
    expect(threads().count).toBe(1);
  });
});

/** So many calls, and milliseconds of each on one thread and on several. */
interface Spell {
  readonly calls: number;
  readonly alone: number;
  readonly together: number;
}

/** A layer: its first call of either way takes ten times as long, every fifth call is disturbed. */
class Calls {
  readonly experience = new Experience();
  private readonly before = { alone: 0, together: 0 };
  private disturbing = 0;

  /** How long a spell took, and how many of its calls were made by several threads. */
  during(spell: Spell): { ms: number; together: number } {
    let [ms, together] = [0, 0];
    for (let n = 0; n < spell.calls; n++) {
      const { way } = this.experience;
      const cold = this.before[way]++ === 0 ? 10 : 1;
      const took = spell[way] * cold * (this.disturbing++ % 5 === 4 ? 4 : 1);
      this.experience.note(way, took);
      ms += took;
      if (way === 'together') together++;
    }
    return { ms, together };
  }
}

describe('experience with threads', () => {
  it('has several go on where they are much faster, but for a trial now and then', () => {
    const layer = new Calls();
    expect(layer.during({ calls: 16, alone: 12, together: 6 }).together).toBe(16);
    expect(layer.during({ calls: 984, alone: 12, together: 6 }).together).toBeGreaterThan(970);
  });

  it('leaves a layer to one that is faster alone, for hardly more than that takes', () => {
    for (const slow of [1.1, 2, 20]) {
      const layer = new Calls();
      const spell = { calls: 10000, alone: 1, together: slow };
      expect(layer.during(spell).together).toBeGreaterThan(0);
      const later = layer.during(spell);
      // Disturbed, all by one would take 16000 ms.
      expect(later.ms).toBeLessThan(16000 * 1.05);
      // So that it is known when that changes.
      expect(later.together).toBeGreaterThan(0);
    }
  });

  it('follows what becomes of the machine', () => {
    const layer = new Calls();
    layer.during({ calls: 100, alone: 1.2, together: 0.65 });
    layer.during({ calls: 1000, alone: 3.6, together: 2.9 });
    const busy = { calls: 4000, alone: 1.2, together: 2.4 };
    layer.during(busy);
    expect(layer.during(busy).together).toBeLessThan(100);
    const quiet = { calls: 4000, alone: 1.2, together: 0.65 };
    layer.during(quiet);
    expect(layer.during(quiet).together).toBeGreaterThan(3900);
  });

  it('forgets a pause of a minute, whenever it is', () => {
    for (let at = 0; at < 60; at++) {
      const layer = new Calls();
      layer.during({ calls: at, alone: 1, together: 3 });
      layer.experience.note(layer.experience.way, 60_000);
      layer.during({ calls: 4000, alone: 1, together: 3 });
      const spell = { calls: 4000, alone: 1, together: 0.6 };
      layer.during(spell);
      expect(layer.during(spell).together).toBeGreaterThan(3900);
    }
  });

  it('goes on where the clock is too coarse to tell', () => {
    const experience = new Experience();
    const calls = Array.from({ length: 400 }, (_, n) => {
      const { way } = experience;
      experience.note(way, n % 100 < 3 ? 100 : 0);
      return way;
    });
    expect(calls.filter((way) => way === 'together').length).toBeGreaterThan(300);
  });

  it('never asks for several again for which there is no memory', () => {
    const experience = new Experience();
    experience.forgo();
    for (let n = 0; n < 100; n++) {
      expect(experience.way).toBe('alone');
      experience.note('alone', 1);
    }
  });
});
