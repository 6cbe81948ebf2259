// SPDX-License-Identifier: Apache-2.0
/**
 * Timing of several contenders against each other: a warm-up each, then samples in turn (./in_turn), of which it takes
 * the medians. A sample is one run, or of the fast as many as fill `SAMPLE_MS`.
 */
import { median } from './averages';
import { inTurn, timeOfRuns } from './in_turn';
import type { Contender } from './passes';

const SAMPLE_MS = 10;
/** What a browser's clock may round to nothing. */
const TICK_MS = 0.02;

export { median };

type Result = ReturnType<Contender['run']>;

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
  /** Milliseconds that this comparison may take. A run is never cut: what cannot be run in time is extrapolated. */
  budget: number;
  /** Waits until a result is there. Default: reads it. */
  finish?: (result: Result) => void | Promise<void>;
}

/** The first runs of a contender, in milliseconds. */
interface WarmUp {
  readonly firstMs: number;
  readonly leastMs: number;
}

/** Times all contenders. `inspect` sees the first full result of each before it is disposed of. */
export async function interleave(
  contenders: readonly Contender[],
  { repeat, budget, finish = (result) => void result.dataSync() }: Limits,
  inspect: (contender: Contender, result: Result) => void | Promise<void>,
): Promise<Map<Contender, Timing>> {
  const begin = performance.now();
  const timeOf = async (run: Contender['run'], look?: (result: Result) => void | Promise<void>): Promise<number> => {
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
  const warmUps = new Map<Contender, WarmUp>();
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
    const firstMs = await timeOf(contender.run, (result) => inspect(contender, result));
    let leastMs = firstMs;
    // The first runs of a fast one are much slower than the rest.
    for (let n = 0; n < 4 && leastMs < SAMPLE_MS; n++) leastMs = Math.min(leastMs, await timeOf(contender.run));
    warmUps.set(contender, { firstMs, leastMs });
  }

  const running = [...warmUps.keys()];
  const roundMs = running.reduce((sum, contender) => sum + warmUps.get(contender)!.leastMs, 0);
  let left = 0;
  const goesOn = (round: number): boolean => {
    left = budget - (performance.now() - begin);
    return round === 0 || roundMs <= left;
  };
  const sample = async (contender: Contender): Promise<number | undefined> => {
    const { leastMs } = warmUps.get(contender)!;
    // Where there is no time even for one round of all: those that fit.
    if (leastMs > Math.max(left / running.length, 0)) return undefined;
    const runs = Math.max(1, Math.round(SAMPLE_MS / Math.max(leastMs, TICK_MS)));
    return timeOfRuns(runs, () => timeOf(contender.run));
  };
  for (const [contender, times] of await inTurn(running, repeat, sample, goesOn)) {
    const { firstMs, leastMs } = warmUps.get(contender)!;
    const timing =
      times.length > 0
        ? { ms: median(times), runs: times.length, note: '' }
        : { ms: leastMs, runs: 1, note: 'warm-up only, no time for more' };
    timings.set(contender, { ...timing, firstMs });
  }
  return timings;
}
