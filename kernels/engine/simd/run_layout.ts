// SPDX-License-Identifier: Apache-2.0
/**
 * How a run lies in the engine's memory: what ../compile writes and ./parts/run.as reads, both from this file. A run
 * is so many words of 4 bytes, all integers; runs of one product follow one another. Addresses and steps are in bytes.
 *
 *     word   0     1     2       3  4     5         6           7    8       9           10            11        12 …
 *            rows  cols  pixels  a  aCol  aRowStep  aBatchStep  out  outCol  outRowStep  outBatchStep  tapCount  taps
 *
 * A step leads from the last pixel of a row (of an image) to the first of the next. A tap is two words: by how much it
 * moves a, and where its part of the other operand (or of the result) begins.
 */
export const ROWS = 0;
export const COLS = 1;
export const PIXELS = 2;
export const A = 3;
export const A_COL = 4;
export const A_ROW_STEP = 5;
export const A_BATCH_STEP = 6;
export const OUT = 7;
export const OUT_COL = 8;
export const OUT_ROW_STEP = 9;
export const OUT_BATCH_STEP = 10;
export const TAP_COUNT = 11;
export const TAPS = 12;
