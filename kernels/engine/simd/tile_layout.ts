// SPDX-License-Identifier: Apache-2.0
/**
 * How overlapping tiles of an image lie in the engine's memory: what ../window_products writes and ./parts/winograd.as
 * reads, both from this file. So many words of 4 bytes, all integers; distances are in bytes.
 *
 * An image is `ROWS` × `COLS` pixels, of which any may be far from the next: a phase of a larger one, for instance.
 * Tiles are `SPAN_ROWS` × `SPAN_COLS` pixels, and begin `OUTPUTS_ROWS` rows and `OUTPUTS_COLS` columns apart, the first
 * in row `FIRST_ROW` and column `FIRST_COL`, which may be negative. A pixel of a tile that is not in the image lies at
 * `NOWHERE`.
 */
export const TILE_ROWS = 0;
export const TILE_COLS = 1;
export const OUTPUTS_ROWS = 2;
export const OUTPUTS_COLS = 3;
export const SPAN_ROWS = 4;
export const SPAN_COLS = 5;
export const IMAGE = 6;
export const BATCH_BYTES = 7;
export const ROW_BYTES = 8;
export const COL_BYTES = 9;
export const ROWS = 10;
export const COLS = 11;
export const FIRST_ROW = 12;
export const FIRST_COL = 13;
export const NOWHERE = 14;
/** The transforms of its columns and of its rows, by their numbers. */
export const TRANSFORM_ROWS = 15;
export const TRANSFORM_COLS = 16;

/** The 1-D transforms: how many values each makes of how many. Of pixels … */
export const IDENTITY = 0;
export const PIXELS_3 = 1;
export const PIXELS_4 = 2;
/** … of taps, for F(2, 2), F(3, 2) and F(2, 3) … */
export const TAPS_2_TO_3 = 3;
export const TAPS_2_TO_4 = 4;
export const TAPS_3_TO_4 = 5;
/** … and of sums. */
export const SUMS_3_TO_2 = 6;
export const SUMS_4_TO_3 = 7;
export const SUMS_4_TO_2 = 8;
