// SPDX-License-Identifier: Apache-2.0
/** What stands for many measurements. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Reads of a clock that does not move: some milliseconds of them. */
const MOST_READS = 1e5;
/** The coarsest clock there is, in some private windows. */
const COARSEST_MS = 100;

/** The least that the clock moves by, in milliseconds: browsers round it, to 0.1 unless a page is isolated. */
export function clockStep(): number {
  const from = performance.now();
  let now = from;
  for (let n = 0; n < MOST_READS && now === from; n++) now = performance.now();
  // From one of its steps to the next.
  const begin = now;
  for (let n = 0; n < MOST_READS && now === begin; n++) now = performance.now();
  return now - begin || COARSEST_MS;
}

/** A median of fewer steps of the clock tells little. */
const ENOUGH_STEPS = 10;

/** The median of times; of times that are near the clock's step their mean, which rounding leaves right; never 0. */
export function typicalTime(times: readonly number[], step = clockStep()): number {
  const middle = median(times);
  if (middle >= ENOUGH_STEPS * step) return middle;
  return (
    Math.max(
      times.reduce((sum, ms) => sum + ms, 0),
      step,
    ) / times.length
  );
}

/** Samples that an interval takes: of five, least and most hold the median 15 times in 16; of fewer nothing does. */
export const ENOUGH_SAMPLES = 5;
/** How many standard deviations hold 95 %. */
const WIDTH = 1.96;

/** From and to, in milliseconds. */
export type Interval = readonly [from: number, to: number];

/**
 * Between which {@link typicalTime} of more such samples would lie, 94 % or more of the time: of a median by its order
 * statistics, which assume nothing of the times' distribution; of a mean by its standard error and the clock's.
 * `undefined` of too few samples.
 */
export function intervalOf(times: readonly number[], step = clockStep()): Interval | undefined {
  const count = times.length;
  if (count < ENOUGH_SAMPLES) return undefined;
  const sorted = [...times].sort((a, b) => a - b);
  if (median(sorted) >= ENOUGH_STEPS * step) {
    const left = Math.floor((count - WIDTH * Math.sqrt(count)) / 2);
    return [sorted[left], sorted[count - 1 - left]];
  }
  const mean = typicalTime(times, step);
  const variance = times.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / (count - 1);
  const error = WIDTH * Math.sqrt((variance + step ** 2 / 12) / count);
  return [Math.max(0, mean - error), mean + error];
}
