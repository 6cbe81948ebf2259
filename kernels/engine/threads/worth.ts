// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a plan is worth several threads: by its predicted time, and what calling them was measured to cost.
 *
 * Of a call that takes T ms on one thread, n take T/n, and besides: to wake them, to meet at each barrier, and where
 * tensors lie in another memory, to copy them. T is that of multiply-adds at full speed, which no layer is below. A
 * filter that passes through in chunks is copied by one while others multiply: there is so much more to divide. It is
 * large: one thread that reads it where it lies waits for memory as long as one that copies it.
 */
import type { Costs } from './costs';
import { type Grid, type Plan, type Step, type WindowProduct, pixelsIn, tilesOf } from '../engine';

/** Multiply-adds of a millisecond, at most, on one thread: 56 GFLOP/s. */
const MULTIPLY_ADDS_PER_MS = 28e6;
/** Bytes that are copied in a millisecond, at least. */
const BYTES_PER_MS = 8e6;
/** Threads must promise this part of the time or less: predictions are not exact. */
const LEAST_GAIN = 0.85;

export interface Work {
  readonly multiplyAdds: number;
  /** Of the tensors, and of what passes through in chunks. */
  readonly bytes: number;
  readonly stagedBytes: number;
}

/** @param isWhole Whether the second operand is in memory as a whole. */
export function workOf({ steps, lengths: { first, second, out } }: Plan, isWhole: boolean): Work {
  const [bytes, stagedBytes] = isWhole ? [4 * (first + second + out), 0] : [4 * (first + out), 4 * second];
  return { multiplyAdds: sumOf(steps, multiplyAddsOf), bytes, stagedBytes };
}

/** @param copies Whether one thread would work on tensors where they lie, and several can't. */
export function isWorth(work: Work, barriers: number, threads: number, costs: Costs, copies: boolean): boolean {
  const multiplying = work.multiplyAdds / MULTIPLY_ADDS_PER_MS;
  const staging = work.stagedBytes / BYTES_PER_MS;
  const copying = copies ? work.bytes / BYTES_PER_MS : 0;
  const alone = multiplying + staging;
  const together = Math.max(staging, (multiplying + staging) / threads);
  return together + costs.call + barriers * costs.barrier + copying < LEAST_GAIN * alone;
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
