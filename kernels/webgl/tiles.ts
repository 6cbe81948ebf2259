// SPDX-License-Identifier: Apache-2.0
/**
 * What one fragment of a correlation computes. A larger tile fetches fewer texels per multiply-add, and takes more
 * targets and more registers: a program that needs more registers than a GPU has keeps them in memory, which costs
 * more than all else. So the largest tile is chosen that a device has room for.
 *
 * Of each: registers, fetches and vector instructions per multiply-add with as many taps at once as it takes (stride
 * 1), on RDNA2 (`npm run bench:shaders`, docs/shaders.md). On Mali, those of 64 registers spill nothing.
 */
import type { Tile } from './layouts/target_grid';

/** The tile of a correlation. */
export interface CorrelationTile extends Tile {
  /** Most taps of a row that share what is fetched. */
  readonly taps: number;
  /** Registers of a thread that it takes. */
  readonly registers: number;
  readonly fetches: number;
  readonly vector: number;
}

/** The best first; each has as many targets as pixels. */
const TILES: readonly CorrelationTile[] = [
  { rows: 2, cols: 4, taps: 3, registers: 128, fetches: 0.063, vector: 1.09 },
  { rows: 1, cols: 4, taps: 3, registers: 120, fetches: 0.094, vector: 1.08 },
  { rows: 1, cols: 4, taps: 1, registers: 64, fetches: 0.125, vector: 1.11 },
  { rows: 1, cols: 2, taps: 3, registers: 84, fetches: 0.167, vector: 1.17 },
  { rows: 1, cols: 2, taps: 2, registers: 64, fetches: 0.172, vector: 1.19 },
  { rows: 1, cols: 1, taps: 1, registers: 64, fetches: 0.313, vector: 1.31 },
];

/** Those that so many targets have room for: the smallest only where nothing else fits. */
export function tilesWithin(targets: number): readonly CorrelationTile[] {
  const fits = TILES.filter(({ rows, cols }) => rows * cols <= Math.max(1, targets));
  return fits.filter(({ rows, cols }) => rows * cols > 1 || targets <= 1);
}

/** The largest of some tiles that a thread has registers for. */
export function largestTile(tiles: readonly CorrelationTile[], registers: number): CorrelationTile {
  return tiles.find((tile) => tile.registers <= registers)!;
}

/** What a tile is called: no two are called alike. */
export function tileName({ rows, cols, taps, registers }: CorrelationTile): string {
  return `${rows} × ${cols} pixels, ${taps} ${taps === 1 ? 'tap' : 'taps'}, ${registers} registers`;
}

/** A device's tile for a grid of so many rows of pixels: a single one would leave half of two empty. */
export function tileOf(tile: CorrelationTile, rows: number): CorrelationTile {
  return rows === 1 ? { ...tile, rows: 1, cols: tile.rows * tile.cols } : tile;
}
