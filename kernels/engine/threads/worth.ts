// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a plan may be worth several threads: by its predicted time, and what it takes at best to call them. Whether
 * it is, calls tell (./experience).
 *
 * Of a call that takes T ms on one thread, n take T/n, and besides: to call them, and to meet at each barrier. T is
 * that of multiply-adds at full speed, which no layer is below. A filter that passes through in chunks is copied by one
 * while others multiply: there is so much more to divide. It is large: one thread that reads it where it lies waits for
 * memory as long as one that copies it.
 */
import { type Grid, type Plan, type Step, type WindowProduct, pixelsIn, tilesOf } from '../engine';

/** Multiply-adds of a millisecond, at most, on one thread: 56 GFLOP/s. */
const MULTIPLY_ADDS_PER_MS = 28e6;
/** Bytes that are copied in a millisecond, at least. */
const BYTES_PER_MS = 8e6;
/** Milliseconds that it takes to call threads which are awake, and that they need to meet. */
const CALL_MS = 0.005;
const BARRIER_MS = 0.0005;
/** Threads must promise this part of the time or less: predictions are not exact. */
const LEAST_GAIN = 0.85;

export interface Work {
  readonly multiplyAdds: number;
  /** Of a filter that passes through in chunks. */
  readonly stagedBytes: number;
}

/** @param isWhole Whether the second operand is in memory as a whole. */
export function workOf({ steps, lengths }: Plan, isWhole: boolean): Work {
  return { multiplyAdds: sumOf(steps, multiplyAddsOf), stagedBytes: isWhole ? 0 : 4 * lengths.second };
}

export function mayBeWorth({ multiplyAdds, stagedBytes }: Work, barriers: number, threads: number): boolean {
  const staging = stagedBytes / BYTES_PER_MS;
  const alone = multiplyAdds / MULTIPLY_ADDS_PER_MS + staging;
  const together = Math.max(staging, alone / threads) + CALL_MS + barriers * BARRIER_MS;
  return together < LEAST_GAIN * alone;
}

function multiplyAddsOf(step: Step): number {
  switch (step.kind) {
    case 'dotProducts':
    case 'broadcastProducts':
      return sumOf(step.runs, metBy) * step.depth * step.channels;
    case 'groupProducts':
      return sumOf(step.runs, metBy) * step.depth * step.channels * step.groups;
    case 'channelProducts':
      return sumOf(step.runs, metBy) * step.channels;
    case 'windowProducts':
      return multiplicationsOf(step) * step.depth * step.channels;
    case 'channelSums':
      return sumOf(step.runs, pixelsOf) * step.channels;
    case 'groupSums':
      return sumOf(step.runs, pixelsOf) * step.rows * step.cols * step.groups;
    case 'outerProducts':
      return sumOf(step.taps, pixelsOf) * step.rows * step.cols;
    default:
      return 0;
  }
}

/** Multiplications of a channel with another, of tiles. */
function multiplicationsOf(product: WindowProduct): number {
  const { batch, vertical, horizontal, sources, targets } = product;
  const [rows, cols] = tilesOf(product);
  return batch * rows * vertical.values * cols * horizontal.values * sources.length * targets.length;
}

interface OfGrid {
  readonly grid: Grid;
}

function pixelsOf({ grid }: OfGrid): number {
  return pixelsIn(grid);
}

function metBy({ grid, taps }: OfGrid & { readonly taps: readonly unknown[] }): number {
  return pixelsIn(grid) * taps.length;
}

function sumOf<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((sum, item) => sum + value(item), 0);
}
