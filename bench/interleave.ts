// SPDX-License-Identifier: Apache-2.0
/**
 * Timing of several contenders against each other: a warm-up each, then rounds in which each takes a sample, in rotating
 * order, so that a disturbance of the machine hits all of them alike; medians of the samples. A sample is one run, or of the fast
 * as many as fill `SAMPLE_MS`.
 */
import type { Contender } from './passes';

const SAMPLE_MS = 10;
/** What a browser's clock may round to nothing. */
const TICK_MS = 0.02;

export interface Timing {
  /** Median milliseconds of a run. */
  ms: number;
  /** Samples that the median is of; 0 if it is extrapolated. */
  runs: number;
  /** Milliseconds of the very first run, which compiles; undefined if there was none in full. */
  firstMs?: number;
  /** What a reader must know of the number; '' if it is a plain median. */
  note: string;
}

export interface Limits {
  /** Rounds at most. */
  repeat: number;
  /** Milliseconds that this comparison may take. A single run is never cut: what cannot be run in time is extrapolated. */
  budget: number;
  /** Waits until a result is there. Default: reads it. */
  finish?: (result: ReturnType<Contender['run']>) => void | Promise<void>;
}

/** Times all contenders. `inspect` sees the first full result of each before it is disposed of. */
export async function interleave(
  contenders: readonly Contender[],
  { repeat, budget, finish = (result) => void result.dataSync() }: Limits,
  inspect: (contender: Contender, result: ReturnType<Contender['run']>) => void | Promise<void>,
): Promise<Map<Contender, Timing>> {
  const begin = performance.now();
  const timeOf = async (
    run: Contender['run'],
    look?: (result: ReturnType<Contender['run']>) => void | Promise<void>,
  ): Promise<number> => {
    const from = performance.now();
    const result = run();
    const finishing = finish(result);
    if (finishing) await finishing;
    const ms = performance.now() - from;
    await look?.(result);
    result.dispose();
    return ms;
  };
  const timings = new Map<Contender, Timing>();
  const samples = new Map<Contender, number[]>();
  const warmUps = new Map<Contender, number>();
  const firsts = new Map<Contender, number>();
  for (const contender of contenders) {
    const { reduced } = contender;
    if (reduced) {
      await timeOf(reduced.run); // A cold run would be several times too slow.
      const ms = (await timeOf(reduced.run)) * reduced.factor;
      if (ms * 2 > budget / contenders.length) {
        timings.set(contender, { ms, runs: 0, note: `extrapolated ${reduced.label}` });
        continue;
      }
    }
    let warmUp = await timeOf(contender.run, (result) => inspect(contender, result));
    firsts.set(contender, warmUp);
    // The first runs of a fast one are much slower than the rest.
    for (let n = 0; n < 4 && warmUp < SAMPLE_MS; n++) warmUp = Math.min(warmUp, await timeOf(contender.run));
    warmUps.set(contender, warmUp);
    samples.set(contender, []);
  }
  const running = [...samples.keys()];
  for (let round = 0; round < repeat; round++) {
    const left = budget - (performance.now() - begin);
    const order = running.map((_, n) => running[(n + round) % running.length]);
    const expected = order.reduce((sum, contender) => sum + warmUps.get(contender)!, 0);
    if (expected > left && round > 0) break;
    // Too slow even for one round of all: those that fit.
    for (const contender of order) {
      const warmUp = warmUps.get(contender)!;
      if (warmUp > Math.max(left / order.length, 0)) continue;
      const runs = Math.max(1, Math.round(SAMPLE_MS / Math.max(warmUp, TICK_MS)));
      const from = performance.now();
      for (let n = 0; n < runs; n++) await timeOf(contender.run);
      samples.get(contender)!.push((performance.now() - from) / runs);
    }
  }
  for (const [contender, times] of samples) {
    const firstMs = firsts.get(contender);
    timings.set(
      contender,
      times.length > 0
        ? { ms: median(times), runs: times.length, firstMs, note: '' }
        : { ms: warmUps.get(contender)!, runs: 1, firstMs, note: 'warm-up only, no time for more' },
    );
  }
  return timings;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
