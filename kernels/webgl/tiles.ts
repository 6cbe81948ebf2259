// SPDX-License-Identifier: Apache-2.0
/**
 * What one fragment of a correlation computes. A larger tile fetches fewer texels per multiply-add, and takes more
 * targets and more registers: a program that needs more registers than a GPU has keeps them in memory, which costs
 * more than all else. So the largest tile is chosen that a device has room for.
 *
 * Of each: registers, fetches and vector instructions per multiply-add with as many taps at once as it takes (stride
 * 1), on RDNA2 (`npm run bench:shaders`, docs/shaders.md). On Mali, those of 64 registers spill nothing.
 */
import type { Device } from './device';
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
  { rows: 2, cols: 4, taps: 3, registers: 128, fetches: 0.063, vector: 1.2 },
  { rows: 1, cols: 4, taps: 3, registers: 120, fetches: 0.094, vector: 1.2 },
  { rows: 1, cols: 4, taps: 1, registers: 64, fetches: 0.125, vector: 1.75 },
  { rows: 1, cols: 2, taps: 3, registers: 84, fetches: 0.167, vector: 1.33 },
  { rows: 1, cols: 2, taps: 2, registers: 64, fetches: 0.172, vector: 1.64 },
  { rows: 1, cols: 1, taps: 1, registers: 64, fetches: 0.313, vector: 1.88 },
];

/** The tile of a device for a grid of so many rows of pixels. */
export function tileOf({ targets, registers }: Device, rows: number): CorrelationTile {
  const fits = TILES.filter((tile) => tile.rows * tile.cols <= Math.max(1, targets) && tile.registers <= registers);
  const [best] = fits;
  // A single row of pixels would leave half of it empty.
  return rows === 1 ? { ...best, rows: 1, cols: best.rows * best.cols } : best;
}
