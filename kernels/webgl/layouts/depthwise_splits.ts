// SPDX-License-Identifier: Apache-2.0
/**
 * How the filter gradient of a depthwise layer is split. A fragment sums over pixels of x, for a tap and a pair of
 * channels: a tile. If all pixels of a large image were its own, it would run for longer than browsers let a GPU, and
 * the context would be lost. So several fragments share them, and what they find is added up in the end. Rows of x are
 * cut into parts if there are too few; the parts of all rows are numbered through, and a split takes some of them.
 * Example: 3 rows of 7 columns, 2 parts of 4 columns in each, 2 parts for a split:
 *
 *             columns 0–3      4–6
 *     row 0 │ 0: split 0 │ 1: split 0
 *     row 1 │ 2: split 1 │ 3: split 1
 *     row 2 │ 4: split 2 │ 5: split 2
 *
 * Tiles of the first split are numbered through, then those of the second; they fill a square of texels in that order,
 * as in ./filter_gradient. A texel is channels c and c + 1 of the even columns, then of the odd ones.
 */
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';
import type { Device } from '../device';
import { ENOUGH_FRAGMENTS } from './filter_gradient';

export interface DepthwiseSplits {
  readonly tiles: number;
  readonly splits: number;
  /** Of a row, and their columns: an even number. */
  readonly parts: number;
  readonly partCols: number;
  /** Of all rows. */
  readonly allParts: number;
  readonly partsPerSplit: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Pixels that a fragment may sum over by itself, in one program with no others to add up: those of 128 × 128. Chosen,
 * with some room below the seconds of a watchdog: no GPU was at hand to measure it.
 */
const MOST_PIXELS = 16384;

/** The splits of a geometry; `undefined` if it needs none, or no texture has room for them. */
export function depthwiseSplits(
  g: Conv2DTransposeGeometry,
  { textureSize }: Pick<Device, 'textureSize'>,
): DepthwiseSplits | undefined {
  const rows = g.batch * g.inHeight;
  const pixels = rows * g.inWidth;
  if (pixels <= MOST_PIXELS) return undefined;
  const tiles = g.filterHeight * g.filterWidth * Math.ceil(g.inChannels / 2);
  const room = Math.floor(textureSize ** 2 / tiles);
  const wanted = Math.min(room, Math.max(Math.ceil(pixels / MOST_PIXELS), Math.ceil(ENOUGH_FRAGMENTS / tiles)));
  if (wanted < 2) return undefined;
  const partCols = 2 * Math.ceil(g.inWidth / (2 * Math.ceil(wanted / rows)));
  const parts = Math.ceil(g.inWidth / partCols);
  const allParts = rows * parts;
  const partsPerSplit = Math.ceil(allParts / wanted);
  const splits = Math.ceil(allParts / partsPerSplit);
  const width = Math.ceil(Math.sqrt(tiles * splits));
  const height = Math.ceil((tiles * splits) / width);
  return { tiles, splits, parts, partCols, allParts, partsPerSplit, width, height };
}
