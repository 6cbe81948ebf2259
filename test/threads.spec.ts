// SPDX-License-Identifier: Apache-2.0
/** Threads: bitwise the same results for any number of them; and what users are told where there can't be any. */
import * as tf from '@tensorflow/tfjs-core';
import { availableEngines, setThreads, threads } from '../kernels/cpu';
import { compile } from '../kernels/engine/compile';
import type { Plan } from '../kernels/engine/engine';
import { currentEngine, moduleBytes } from '../kernels/engine/engines';
import { Experience } from '../kernels/engine/threads/experience';
import { Pool, whyNoThreads } from '../kernels/engine/threads/pool';
import { backpropFilter } from '../kernels/family/backprop_filter';
import { backpropInput } from '../kernels/family/backprop_input';
import { dilate } from '../kernels/family/dilate';
import { matmul } from '../kernels/family/matmul';
import { scatter } from '../kernels/family/scatter';
import { subpixel } from '../kernels/family/subpixel';
import { supportsWinograd, winograd, winogradInput } from '../kernels/family/winograd';
import { computeGeometry, conv2dTranspose, explain, fused } from '../src';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { describeOnEveryBackend } from './support/environments';
import { type Layer, layer, randomOperands, requestOf, xShape, filterShape } from './support/layer';
import * as oracle from './support/oracle';

/** Besides the usual ones: several chunks, and more tiles and panels than threads. */
const LAYERS: Record<string, Layer> = {
  ...CASES,
  'a filter of several chunks': layer({ inSize: [5, 6], inChannels: 300, outChannels: 130, kernel: [4, 4] }),
  'one pixel, a filter of several chunks': layer({ inSize: [1, 1], inChannels: 200, outChannels: 90, kernel: [4, 4] }),
  'many pixels': layer({ inSize: [19, 23], inChannels: 40, outChannels: 36, kernel: [3, 3], batch: 2 }),
  'few channels out': layer({ inSize: [16, 15], inChannels: 33, outChannels: 3, kernel: [4, 4] }),
  'small groups': layer({ inSize: [9, 11], inChannels: 36, outChannels: 48, groups: 6, kernel: [3, 3] }),
  'depthwise, many channels': layer({ inSize: [9, 8], inChannels: 70, outChannels: 70, groups: 70, batch: 2 }),
};
const PASSES = {
  scatter: { planOf: scatter, takes: ['x', 'filter'] },
  dilate: { planOf: dilate, takes: ['x', 'filter'] },
  matmul: { planOf: matmul, takes: ['x', 'filter'] },
  subpixel: { planOf: subpixel, takes: ['x', 'filter'] },
  winograd: { planOf: winograd, supports: supportsWinograd, takes: ['x', 'filter'] },
  'winograd, input gradient': { planOf: winogradInput, supports: supportsWinograd, takes: ['dy', 'filter'] },
  'input gradient': { planOf: backpropInput, takes: ['dy', 'filter'] },
  'filter gradient': { planOf: backpropFilter, takes: ['x', 'dy'] },
} as const;

const isSimd = (name: string): boolean => !name.includes('plain');

describeOnEveryBackend(
  'threads',
  ({ name: environment }) => {
    afterAll(() => setThreads(1));

    const why = whyNoThreads();
    if (why !== undefined)
      it(`are not compared with one, for there are none here: ${why}`, async () => expect(await setThreads(3)).toBe(1));
    for (const count of why === undefined ? [3] : []) {
      it(`of ${count} compute bitwise what one does`, async () => {
        const engine = currentEngine();
        const pool = await Pool.start(moduleBytes(engine.name as 'simd'), count, () => undefined);
        const different: string[] = [];
        for (const [name, l] of Object.entries(LAYERS)) {
          const operands = randomOperands(l, name);
          const geometry = computeGeometry(requestOf(l));
          for (const [pass, { planOf, takes, ...rest }] of Object.entries(PASSES)) {
            if ('supports' in rest && !rest.supports(geometry).supported) continue;
            const plan: Plan = planOf(geometry);
            const [first, second] = takes.map((operand) => operands[operand]);
            const alone = engine.run(plan, first, second, (values) => values.slice());
            const together = pool.run(compile(plan, 'copied', count), plan.lengths.out, first, second, true).values;
            if (alone.some((value, n) => !Object.is(value, together[n]))) different.push(`${name}, ${pass}`);
          }
        }
        pool.end();
        expect(different).toEqual([]);
      });
    }

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
    for (const count of [0, -1, 1.5, NaN, 1e6]) {
      let message = '';
      await setThreads(count).catch((error: Error) => (message = `${error.name}: ${error.message}`));
      expect(message).toMatch(/^RangeError: setThreads\(.*\): it takes a whole number from 1 to 128/);
    }
  });

  it('has the last word of several', async () => {
    const counts = await Promise.all([setThreads(3), setThreads(2), setThreads(1)]);
    expect(counts.at(-1)).toBe(1);
    expect(threads().count).toBe(1);
  });
});

/** Milliseconds of a call on one thread and on several, from the n-th on. */
interface Spell {
  readonly calls: number;
  readonly alone: number;
  readonly together: number;
}

/** Calls of a layer, of which every fifth is disturbed; how long they took, and how many were made by several. */
function spellsOf(experience: Experience, spells: readonly Spell[]): { ms: number; together: number }[] {
  return spells.map((spell) => {
    let [ms, together] = [0, 0];
    for (let n = 0; n < spell.calls; n++) {
      const { way } = experience;
      const took = spell[way] * (n % 5 === 4 ? 4 : 1);
      experience.note(way, took);
      ms += took;
      if (way === 'together') together++;
    }
    return { ms, together };
  });
}

describe('experience with threads', () => {
  it('tries one once where several are much faster', () => {
    const [{ together }] = spellsOf(new Experience(), [{ calls: 500, alone: 12, together: 6 }]);
    expect(together).toBe(498);
  });

  it('leaves a layer to one that is faster alone, for hardly more than that takes', () => {
    for (const slow of [1.1, 2, 50]) {
      const [begin, later] = spellsOf(new Experience(), [
        { calls: 1000, alone: 1, together: slow },
        { calls: 1000, alone: 1, together: slow },
      ]);
      expect(begin.together).toBeGreaterThan(0);
      // One disturbed call in five takes four times as long: 1600 ms of one thread.
      expect(later.ms).toBeLessThan(1600 * 1.05);
      // So that it is known when that changes.
      if (slow < 5) expect(later.together).toBeGreaterThan(0);
    }
  });

  it('follows what becomes of the machine', () => {
    const [quiet, busy, again] = spellsOf(new Experience(), [
      { calls: 100, alone: 1.2, together: 0.65 },
      { calls: 1000, alone: 1.3, together: 3 },
      { calls: 1000, alone: 1.2, together: 0.65 },
    ]);
    expect(quiet.together).toBe(98);
    expect(busy.together).toBeLessThan(40);
    // What the last trial has lost is to be earned first.
    expect(again.together).toBeGreaterThan(500);
  });

  it('goes on where the clock is too coarse to tell', () => {
    const experience = new Experience();
    const calls = Array.from({ length: 400 }, (_, n) => {
      const { way } = experience;
      experience.note(way, n % 100 < 3 ? 100 : 0);
      return way;
    });
    expect(calls.filter((way) => way === 'together').length).toBeGreaterThan(200);
  });
});
