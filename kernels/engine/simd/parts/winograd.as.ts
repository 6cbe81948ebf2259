// SPDX-License-Identifier: Apache-2.0
/**
 * The transforms of Winograd's minimal filtering: of tiles of pixels, of the taps of a filter, and back, of tiles of
 * sums. What is multiplied in between are matrices (./packed_products.as). Which algorithm that is, and what it costs
 * in precision: ../../../family/winograd.
 *
 * A 2-D transform is a 1-D one of every column, then one of every row of what that has made. Values are vectors of
 * channels; tables say where the pixels of a tile lie. The filter is packed on the way, 16 terms of 8 channels of all
 * taps at a time, so that it goes to the matrices straight from the first-level cache.
 *
 * Every algorithm is a loop over channels of straight-line code: `line` is the one place that says what a transform
 * does, and what is constant in a call of it is folded.
 *
 * Shares divide tiles (of a filter: such strips).
 */
import {
  ADDS, ALGORITHM, BATCH_BYTES, COLS, COL_BYTES, DEPTH, FILTER_ALGORITHM, FILTER_ROW_BYTES, FIRST_COL, FIRST_ROW,
  F_2X2_2X2, F_2X2_3X3, F_2X3_3X2, F_2_3, F_3X3_2X2, F_3_2, IMAGE, MATRIX_BYTES, NOWHERE, OUTPUTS_COLS, OUTPUTS_ROWS,
  ROWS, ROWS_HOLD_CHANNELS, ROW_BYTES, SPAN_COLS, SPAN_ROWS, TAPS, TAP_COUNT, TILE_COLS, TILE_ROWS,
} from '../tile_layout';
import { packChannels, packTerms } from './packing.as';
import { word } from './run.as';
import { shareBegin, shareEnd } from './share.as';
import { FROM_TABLE, STRIP_BYTES, STRIPS, TAIL, TAIL_TABLE, TO_TABLE, scratch } from './tile.as';

/** The 1-D transforms: how many values each makes of how many. Of a single value, … */
const ONE: i32 = 0;
/** … of pixels, … */
const PIXELS_3: i32 = 1;
const PIXELS_4: i32 = 2;
/** … of taps, for F(2, 2), F(3, 2) and F(2, 3), … */
const TAPS_2_TO_3: i32 = 3;
const TAPS_2_TO_4: i32 = 4;
const TAPS_3_TO_4: i32 = 5;
/** … and of sums. */
const SUMS_3_TO_2: i32 = 6;
const SUMS_4_TO_3: i32 = 7;
const SUMS_4_TO_2: i32 = 8;

/** Terms of a strip of a filter. */
const STRIP_TERMS: i32 = 16;

/** How many values a transform reads. */
@inline
function readBy(transform: i32): i32 {
  if (transform === ONE) return 1;
  if (transform === TAPS_2_TO_3 || transform === TAPS_2_TO_4) return 2;
  if (transform === PIXELS_3 || transform === TAPS_3_TO_4 || transform === SUMS_3_TO_2) return 3;
  return 4;
}

/** How many it writes. */
@inline
function writtenBy(transform: i32): i32 {
  if (transform === ONE) return 1;
  if (transform === SUMS_3_TO_2 || transform === SUMS_4_TO_2) return 2;
  if (transform === PIXELS_3 || transform === TAPS_2_TO_3 || transform === SUMS_4_TO_3) return 3;
  return 4;
}

/** The n-th value that a transform makes of a, b, c and d, or of the first of them. */
@inline
function line(transform: i32, n: i32, a: v128, b: v128, c: v128, d: v128): v128 {
  if (transform === PIXELS_3) {
    if (n === 0) return f32x4.sub(a, b);
    return n === 1 ? b : f32x4.sub(c, b);
  }
  if (transform === PIXELS_4) {
    if (n === 0) return f32x4.sub(a, c);
    if (n === 1) return f32x4.add(b, c);
    return n === 2 ? f32x4.sub(c, b) : f32x4.sub(d, b);
  }
  if (transform === TAPS_2_TO_3) {
    if (n === 0) return a;
    return n === 1 ? f32x4.add(a, b) : b;
  }
  if (transform === TAPS_2_TO_4) {
    if (n === 0) return a;
    if (n === 1) return f32x4.mul(f32x4.add(a, b), f32x4.splat(0.5));
    return n === 2 ? f32x4.mul(f32x4.sub(a, b), f32x4.splat(0.5)) : b;
  }
  if (transform === TAPS_3_TO_4) {
    if (n === 0) return a;
    if (n === 1) return f32x4.mul(f32x4.add(f32x4.add(a, c), b), f32x4.splat(0.5));
    return n === 2 ? f32x4.mul(f32x4.sub(f32x4.add(a, c), b), f32x4.splat(0.5)) : c;
  }
  if (transform === SUMS_3_TO_2) return n === 0 ? f32x4.add(a, b) : f32x4.add(b, c);
  if (transform === SUMS_4_TO_3) {
    if (n === 0) return f32x4.add(a, f32x4.add(b, c));
    return n === 1 ? f32x4.sub(b, c) : f32x4.add(f32x4.add(b, c), d);
  }
  if (transform === SUMS_4_TO_2) return n === 0 ? f32x4.add(a, f32x4.add(b, c)) : f32x4.add(f32x4.sub(b, c), d);
  return a;
}

/** Which of a, b, c and d it needs for that: bits 1, 2, 4 and 8. */
@inline
function neededBy(transform: i32, n: i32): i32 {
  if (transform === PIXELS_3) return n === 0 ? 3 : n === 1 ? 2 : 6;
  if (transform === PIXELS_4) return n === 0 ? 5 : n === 3 ? 10 : 6;
  if (transform === TAPS_2_TO_3) return n === 0 ? 1 : n === 1 ? 3 : 2;
  if (transform === TAPS_2_TO_4) return n === 0 ? 1 : n === 3 ? 2 : 3;
  if (transform === TAPS_3_TO_4) return n === 0 ? 1 : n === 3 ? 4 : 7;
  if (transform === SUMS_3_TO_2) return n === 0 ? 3 : 6;
  if (transform === SUMS_4_TO_3) return n === 0 ? 7 : n === 1 ? 6 : 14;
  if (transform === SUMS_4_TO_2) return n === 0 ? 7 : 14;
  return 1;
}

/** A value of a tile, by a table of where they lie, or of the strips of a filter. */
@inline
function valueAt(strips: bool, from: usize, n: i32, at: usize): v128 {
  return v128.load(strips ? from + <usize>n * STRIP_BYTES + at : load<usize>(from + (<usize>n << 2)) + at);
}

/** The n-th value that becomes of a column of a tile that is `width` values wide. */
@inline
function ofColumn(columns: i32, n: i32, strips: bool, from: usize, col: i32, width: i32, at: usize): v128 {
  const needed = neededBy(columns, n), none = f32x4.splat(0);
  return line(
    columns, n,
    needed & 1 ? valueAt(strips, from, col, at) : none,
    needed & 2 ? valueAt(strips, from, col + width, at) : none,
    needed & 4 ? valueAt(strips, from, col + 2 * width, at) : none,
    needed & 8 ? valueAt(strips, from, col + 3 * width, at) : none,
  );
}

/** Writes what becomes of the n-th values of all columns, `step` bytes apart; returns where the next are to go. */
@inline
function storeRow(
  columns: i32, rows: i32, n: i32, strips: bool, from: usize, at: usize, to: usize, step: usize,
): usize {
  const width = readBy(rows), none = f32x4.splat(0);
  const a = ofColumn(columns, n, strips, from, 0, width, at);
  const b = width > 1 ? ofColumn(columns, n, strips, from, 1, width, at) : none;
  const c = width > 2 ? ofColumn(columns, n, strips, from, 2, width, at) : none;
  const d = width > 3 ? ofColumn(columns, n, strips, from, 3, width, at) : none;
  v128.store(to, line(rows, 0, a, b, c, d));
  to += step;
  if (writtenBy(rows) > 1) {
    v128.store(to, line(rows, 1, a, b, c, d));
    to += step;
  }
  if (writtenBy(rows) > 2) {
    v128.store(to, line(rows, 2, a, b, c, d));
    to += step;
  }
  if (writtenBy(rows) > 3) {
    v128.store(to, line(rows, 3, a, b, c, d));
    to += step;
  }
  return to;
}

/** Transforms `bytes` of every value of a tile to matrices, `step` apart. */
@inline
function toMatrices(columns: i32, rows: i32, strips: bool, from: usize, to: usize, step: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    let next = storeRow(columns, rows, 0, strips, from, at, to + at, step);
    if (writtenBy(columns) > 1) next = storeRow(columns, rows, 1, strips, from, at, next, step);
    if (writtenBy(columns) > 2) next = storeRow(columns, rows, 2, strips, from, at, next, step);
    if (writtenBy(columns) > 3) next = storeRow(columns, rows, 3, strips, from, at, next, step);
  }
}

/** Writes a sum to where a table says, or adds it. */
@inline
function storeSum(table: usize, n: i32, at: usize, adds: bool, sum: v128): void {
  const to = load<usize>(table + (<usize>n << 2)) + at;
  v128.store(to, adds ? f32x4.add(v128.load(to), sum) : sum);
}

@inline
function sumsOfRow(columns: i32, rows: i32, n: i32, from: usize, at: usize, to: usize, adds: bool): void {
  const width = readBy(rows), written = writtenBy(rows), none = f32x4.splat(0);
  const a = ofColumn(columns, n, false, from, 0, width, at);
  const b = width > 1 ? ofColumn(columns, n, false, from, 1, width, at) : none;
  const c = width > 2 ? ofColumn(columns, n, false, from, 2, width, at) : none;
  const d = width > 3 ? ofColumn(columns, n, false, from, 3, width, at) : none;
  storeSum(to, n * written, at, adds, line(rows, 0, a, b, c, d));
  if (written > 1) storeSum(to, n * written + 1, at, adds, line(rows, 1, a, b, c, d));
  if (written > 2) storeSum(to, n * written + 2, at, adds, line(rows, 2, a, b, c, d));
}

/** Transforms the bytes `begin` to `end` of the sums of a tile. */
@inline
function toSums(columns: i32, rows: i32, from: usize, to: usize, begin: usize, end: usize, adds: bool): void {
  for (let at = begin; at < end; at += 16) {
    sumsOfRow(columns, rows, 0, from, at, to, adds);
    sumsOfRow(columns, rows, 1, from, at, to, adds);
    if (writtenBy(columns) > 2) sumsOfRow(columns, rows, 2, from, at, to, adds);
  }
}

// A function for each, of constants alone: else the compiler makes one of all, which asks at every value.
function pixels3x3(to: usize, step: usize, bytes: usize): void {
  toMatrices(PIXELS_3, PIXELS_3, false, scratch + FROM_TABLE, to, step, bytes);
}
function pixels4x4(to: usize, step: usize, bytes: usize): void {
  toMatrices(PIXELS_4, PIXELS_4, false, scratch + FROM_TABLE, to, step, bytes);
}
function pixels4(to: usize, step: usize, bytes: usize): void {
  toMatrices(PIXELS_4, ONE, false, scratch + FROM_TABLE, to, step, bytes);
}
function taps2x2To3x3(to: usize, step: usize, bytes: usize): void {
  toMatrices(TAPS_2_TO_3, TAPS_2_TO_3, true, scratch + STRIPS, to, step, bytes);
}
function taps2x2To4x4(to: usize, step: usize, bytes: usize): void {
  toMatrices(TAPS_2_TO_4, TAPS_2_TO_4, true, scratch + STRIPS, to, step, bytes);
}
function taps3x3To4x4(to: usize, step: usize, bytes: usize): void {
  toMatrices(TAPS_3_TO_4, TAPS_3_TO_4, true, scratch + STRIPS, to, step, bytes);
}
function taps3x2To4x4(to: usize, step: usize, bytes: usize): void {
  toMatrices(TAPS_3_TO_4, TAPS_2_TO_4, true, scratch + STRIPS, to, step, bytes);
}
function taps2To4(to: usize, step: usize, bytes: usize): void {
  toMatrices(TAPS_2_TO_4, ONE, true, scratch + STRIPS, to, step, bytes);
}
function taps3To4(to: usize, step: usize, bytes: usize): void {
  toMatrices(TAPS_3_TO_4, ONE, true, scratch + STRIPS, to, step, bytes);
}
function sums3x3To2x2(to: usize, begin: usize, end: usize, adds: bool): void {
  toSums(SUMS_3_TO_2, SUMS_3_TO_2, scratch + FROM_TABLE, to, begin, end, adds);
}
function sums4x4To3x3(to: usize, begin: usize, end: usize, adds: bool): void {
  toSums(SUMS_4_TO_3, SUMS_4_TO_3, scratch + FROM_TABLE, to, begin, end, adds);
}
function sums4x4To2x2(to: usize, begin: usize, end: usize, adds: bool): void {
  toSums(SUMS_4_TO_2, SUMS_4_TO_2, scratch + FROM_TABLE, to, begin, end, adds);
}
function sums4x4To2x3(to: usize, begin: usize, end: usize, adds: bool): void {
  toSums(SUMS_4_TO_2, SUMS_4_TO_3, scratch + FROM_TABLE, to, begin, end, adds);
}
function sums4To3(to: usize, begin: usize, end: usize, adds: bool): void {
  toSums(SUMS_4_TO_3, ONE, scratch + FROM_TABLE, to, begin, end, adds);
}
function sums4To2(to: usize, begin: usize, end: usize, adds: bool): void {
  toSums(SUMS_4_TO_2, ONE, scratch + FROM_TABLE, to, begin, end, adds);
}

function pixelsToMatrices(algorithm: i32, to: usize, step: usize, bytes: usize): void {
  if (algorithm === F_2X2_2X2) pixels3x3(to, step, bytes);
  else if (algorithm === F_3_2 || algorithm === F_2_3) pixels4(to, step, bytes);
  else pixels4x4(to, step, bytes);
}

function tapsToMatrices(algorithm: i32, to: usize, step: usize, bytes: usize): void {
  if (algorithm === F_2X2_2X2) taps2x2To3x3(to, step, bytes);
  else if (algorithm === F_3X3_2X2) taps2x2To4x4(to, step, bytes);
  else if (algorithm === F_2X2_3X3) taps3x3To4x4(to, step, bytes);
  else if (algorithm === F_2X3_3X2) taps3x2To4x4(to, step, bytes);
  else if (algorithm === F_3_2) taps2To4(to, step, bytes);
  else taps3To4(to, step, bytes);
}

function matricesToSums(algorithm: i32, to: usize, begin: usize, end: usize, adds: bool): void {
  if (algorithm === F_2X2_2X2) sums3x3To2x2(to, begin, end, adds);
  else if (algorithm === F_3X3_2X2) sums4x4To3x3(to, begin, end, adds);
  else if (algorithm === F_2X2_3X3) sums4x4To2x2(to, begin, end, adds);
  else if (algorithm === F_2X3_3X2) sums4x4To2x3(to, begin, end, adds);
  else if (algorithm === F_3_2) sums4To3(to, begin, end, adds);
  else sums4To2(to, begin, end, adds);
}

/** Writes to a table where values lie that are equally far apart. */
function spaced(table: usize, first: usize, step: usize): void {
  for (let n: usize = 0; n < 16; n++) store<usize>(table + (n << 2), first + n * step);
}

/** Writes to a table where the pixels of a tile lie. */
function pixelsOf(tiles: usize, tile: i32, table: usize): void {
  const tileCols = word(tiles, TILE_COLS);
  const perImage = word(tiles, TILE_ROWS) * tileCols;
  const rows = <u32>word(tiles, ROWS), cols = <u32>word(tiles, COLS);
  const spanRows = word(tiles, SPAN_ROWS), spanCols = word(tiles, SPAN_COLS);
  const rowBytes = word(tiles, ROW_BYTES), colBytes = word(tiles, COL_BYTES), nowhere = word(tiles, NOWHERE);
  const batch = tile / perImage;
  const inImage = tile - batch * perImage;
  const tileRow = inImage / tileCols;
  const firstRow = word(tiles, FIRST_ROW) + tileRow * word(tiles, OUTPUTS_ROWS);
  const firstCol = word(tiles, FIRST_COL) + (inImage - tileRow * tileCols) * word(tiles, OUTPUTS_COLS);
  const image = word(tiles, IMAGE) + batch * word(tiles, BATCH_BYTES);
  for (let row = firstRow; row < firstRow + spanRows; row++) {
    for (let col = firstCol; col < firstCol + spanCols; col++, table += 4) {
      const isThere = <u32>row < rows && <u32>col < cols;
      store<usize>(table, isThere ? image + row * rowBytes + col * colBytes : nowhere);
    }
  }
}

/**
 * Transforms tiles of pixels, `count` from the `first` on. What becomes of each is a row in every matrix: matrices are
 * `matrixBytes` apart, rows `tileBytes`.
 */
export function transformPixels(
  tiles: usize, first: i32, count: i32, channels: i32, to: usize, matrixBytes: i32, tileBytes: i32,
): void {
  const algorithm = word(tiles, ALGORITHM);
  const bytes = <usize>((channels + 3) & ~3) << 2;
  for (let n = shareBegin(count); n < shareEnd(count); n++) {
    pixelsOf(tiles, first + n, scratch + FROM_TABLE);
    pixelsToMatrices(algorithm, to + n * tileBytes, matrixBytes, bytes);
  }
}

/** Packs and transforms `channels` channels of a filter, whose first tap begins at `from`, to panels of 8 channels. */
export function transformFilter(filter: usize, from: usize, channels: i32, to: usize): void {
  const algorithm = word(filter, FILTER_ALGORITHM), holdsChannels = word(filter, ROWS_HOLD_CHANNELS);
  const rowBytes = word(filter, FILTER_ROW_BYTES), matrixBytes = word(filter, MATRIX_BYTES);
  const depth = word(filter, DEPTH), taps = word(filter, TAP_COUNT);
  const panels = (channels + 7) >> 3, strips = (depth + STRIP_TERMS - 1) / STRIP_TERMS;
  const end = shareEnd(panels * strips);
  // In the order in which rows lie in memory.
  for (let n = shareBegin(panels * strips); n < end; n++) {
    const panel = holdsChannels ? n % panels : n / strips;
    const term = (holdsChannels ? n / panels : n % strips) * STRIP_TERMS;
    const terms = min(STRIP_TERMS, depth - term), valid = min(8, channels - (panel << 3));
    const first = from + (holdsChannels ? term * rowBytes + (panel << 5) : (panel << 3) * rowBytes + (term << 2));
    for (let t = 0; t < taps; t++) {
      const tap = first + word(filter, TAPS + t), strip = scratch + STRIPS + t * STRIP_BYTES;
      if (holdsChannels) packTerms(tap, rowBytes, terms, valid, 8, strip);
      else packChannels(tap, rowBytes, terms, valid, strip);
    }
    tapsToMatrices(algorithm, to + (<usize>(panel * depth + term) << 5), matrixBytes, <usize>terms << 5);
  }
}

/** Transforms rows of the matrices of sums to tiles of the image, `count` from the `first` on. */
export function transformSums(
  tiles: usize, first: i32, count: i32, channels: i32, channelAt: i32, from: usize, matrixBytes: i32, tileBytes: i32,
): void {
  const algorithm = word(tiles, ALGORITHM), adds = word(tiles, ADDS) !== 0;
  const bytes = <usize>channels << 2, whole = <usize>(channels & ~3) << 2;
  const values = word(tiles, SPAN_ROWS) * word(tiles, SPAN_COLS);
  // Less what comes before the bytes that are meant.
  spaced(scratch + TAIL_TABLE, scratch + TAIL - whole, 16);
  for (let n = shareBegin(count); n < shareEnd(count); n++) {
    spaced(scratch + FROM_TABLE, from + n * tileBytes, matrixBytes);
    pixelsOf(tiles, first + n, scratch + TO_TABLE);
    for (let v = 0; v < values; v++) {
      const at = scratch + TO_TABLE + (<usize>v << 2);
      store<usize>(at, load<usize>(at) + (<usize>channelAt << 2));
    }
    matricesToSums(algorithm, scratch + TO_TABLE, 0, whole, adds);
    if (whole === bytes) continue;
    matricesToSums(algorithm, scratch + TAIL_TABLE, whole, whole + 16, false);
    for (let v = 0; v < values; v++) {
      const to = load<usize>(scratch + TO_TABLE + (<usize>v << 2));
      const tail = load<usize>(scratch + TAIL_TABLE + (<usize>v << 2));
      for (let at = whole; at < bytes; at += 4) {
        const sum = load<f32>(tail + at);
        store<f32>(to + at, adds ? load<f32>(to + at) + sum : sum);
      }
    }
  }
}
