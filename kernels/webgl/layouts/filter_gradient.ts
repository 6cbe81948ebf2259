// SPDX-License-Identifier: Apache-2.0
/**
 * Where the filter gradient writes its sums, before they are collected. A fragment computes a tile of 4 output
 * channels × 8 input channels of one tap; its 8 outputs are 2 × 2 channels each, as tfjs packs them. On a device whose
 * correlations have fewer targets (../tiles), a tile is 4 × 4. Example: a tile of output channels 0–3 (down) and input
 * channels 0–7 (across); the number is the target:
 *
 *            0 1   2 3   4 5   6 7
 *     0 1  │  0  │  1  │  2  │  3
 *     2 3  │  4  │  5  │  6  │  7
 *
 * Small filters have few tiles. So the rows of pixels are split among several fragments, and what they find is added
 * up in the end. Tiles of the first split are numbered through, then those of the second; they fill a square in that
 * order. Example: 3 tiles, 2 splits, in a texture 3 wide:
 *
 *     split 0: tile 0 │ split 0: tile 1 │ split 0: tile 2
 *     split 1: tile 0 │ split 1: tile 1 │ split 1: tile 2
 */
import { type Unsupported, unsupported } from '../../../src/contract';
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';
import type { Device } from '../device';
import type { ChannelMajorLayout } from './channel_major';

export interface FilterGradientGrid {
  /** Quads of input channels in a tile: 2, or 1. */
  readonly quads: number;
  /** Tiles across the input channels of one group. */
  readonly tileCols: number;
  readonly tiles: number;
  readonly splits: number;
  readonly width: number;
  readonly height: number;
}

/** Fragments that keep a GPU busy. Chosen in commit 24bd9e0, 2026-11-20: no GPU was at hand to measure it. */
export const ENOUGH_FRAGMENTS = 4096;

/** Divides a filter into tiles, or says why no texture could hold them. */
export function filterGradientGrid(
  g: Conv2DTransposeGeometry,
  x: ChannelMajorLayout,
  dy: ChannelMajorLayout,
  { textureSize, tile }: Device,
): FilterGradientGrid | Unsupported {
  const quads = tile.rows * tile.cols >= 8 ? 2 : 1;
  const tileCols = Math.ceil(x.groupQuads / quads);
  const tiles = g.filterHeight * dy.rowLines * g.groups * dy.groupQuads * tileCols;
  const splits = Math.min(g.batch * g.inHeight * x.parts, Math.ceil(ENOUGH_FRAGMENTS / tiles));
  // Square: a GPU shades 2 × 2 fragments at a time, and software a few rows at a time.
  const width = Math.min(Math.ceil(Math.sqrt(tiles * splits)), textureSize);
  const height = Math.ceil((tiles * splits) / width);
  if (height > textureSize) {
    return unsupported(`the filter does not fit a texture of ${textureSize} × ${textureSize}`);
  }
  return { quads, tileCols, tiles, splits, width, height };
}
