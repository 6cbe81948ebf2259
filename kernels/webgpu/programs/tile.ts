// SPDX-License-Identifier: Apache-2.0
/**
 * The part of a matrix product that a workgroup computes: a tile in each invocation's registers, side by side; and runs
 * of pixels of a row, which programs of few channels have instead.
 */
import { WORKGROUP } from './program';

export interface Tile {
  /** Invocations by columns, four of them each; the others go by rows. */
  readonly across: number;
  /** Rows of an invocation. */
  readonly rows: number;
}

const FEWEST_CHANNELS = 4;

/** Whether products of so many channels of a group fill tiles: few would leave them empty for the most part. */
export function fillsTiles(groups: number, ...channels: readonly number[]): boolean {
  return groups === 1 || channels.every((count) => count >= FEWEST_CHANNELS);
}

/** Rows of a workgroup. */
export function tileRows({ across, rows }: Tile): number {
  return (WORKGROUP / across) * rows;
}

/** Columns of a workgroup. */
export function tileCols({ across }: Tile): number {
  return 4 * across;
}

/** The tile that computes a product of so many rows and columns with the least work. */
export function cheapest<T extends Tile>(tiles: readonly T[], rows: number, cols: number): T {
  const cost = (tile: T): number => {
    const computed = roundUp(rows, tileRows(tile)) * roundUp(cols, tileCols(tile));
    // Fewer rows of an invocation mean more loads.
    return computed * (1 + 4 / tile.rows);
  };
  return tiles.reduce((best, other) => (cost(other) < cost(best) ? other : best));
}

function roundUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit;
}

/** What part of the pixels of its runs a row must have. */
const LEAST_PART = 0.7;

/** The first of some lengths such that runs of so many pixels, cut from rows of `cols`, are filled well enough. */
export function runOf(lengths: readonly number[], cols: number): number | undefined {
  return lengths.find((length) => cols / (Math.ceil(cols / length) * length) >= LEAST_PART);
}
