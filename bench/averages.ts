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
