// SPDX-License-Identifier: Apache-2.0
/**
 * How overlapping tiles of an image, and the taps of a filter, lie in the engine's memory: what ../window_products
 * writes and ./parts/winograd.as reads, both from this file. So many words of 4 bytes, all integers; distances are in
 * bytes.
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
export const ALGORITHM = 15;
/** Whether sums are added to the pixels, or written over them. */
export const ADDS = 16;

/** Of a filter: its algorithm, … */
export const FILTER_ALGORITHM = 0;
/** … whether a row of a tap's matrix holds channels of a term, or terms of a channel, and how far apart rows are; … */
export const ROWS_HOLD_CHANNELS = 1;
export const FILTER_ROW_BYTES = 2;
export const DEPTH = 3;
/** … how far apart the matrices are that become of them; … */
export const MATRIX_BYTES = 4;
/** … and where each tap's matrix begins after that of the first. */
export const TAP_COUNT = 5;
export const TAPS = 6;

/** The algorithms, by their numbers: F(2 × 2, 2 × 2), F(3 × 3, 2 × 2), F(2 × 2, 3 × 3), and with 3 × 2 taps, … */
export const F_2X2_2X2 = 0;
export const F_3X3_2X2 = 1;
export const F_2X2_3X3 = 2;
export const F_2X3_3X2 = 3;
/** … and of columns alone: F(3, 2) and F(2, 3). */
export const F_3_2 = 4;
export const F_2_3 = 5;
