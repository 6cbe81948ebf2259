// SPDX-License-Identifier: Apache-2.0
/**
 * The transforms of Winograd's minimal filtering: of tiles of pixels, of the taps of a filter, and back, of tiles of
 * sums. What is multiplied in between are matrices (./packed_products.as). Which algorithm that is, and what it costs
 * in precision: ../../../family/winograd.
 *
 * A 2-D transform is a 1-D one of every column, then one of every row of what that has made. Its values are vectors of
 * channels, each somewhere else: tables say where, and a strip of channels is worked on at a time, so that what is in
 * between stays in the first-level cache.
 *
 * Shares divide tiles (of a filter: floats).
 */
import {
  BATCH_BYTES, COLS, COL_BYTES, FIRST_COL, FIRST_ROW, IDENTITY, IMAGE, NOWHERE, OUTPUTS_COLS, OUTPUTS_ROWS, PIXELS_3,
  PIXELS_4, ROWS, ROW_BYTES, SPAN_COLS, SPAN_ROWS, SUMS_3_TO_2, SUMS_4_TO_2, SUMS_4_TO_3, TAPS_2_TO_3, TAPS_2_TO_4,
  TAPS_3_TO_4, TILE_COLS, TILE_ROWS, TRANSFORM_COLS, TRANSFORM_ROWS,
} from '../tile_layout';
import { word } from './run.as';
import { shareBegin, shareEnd } from './share.as';
import { FROM_TABLE, STRIP_BYTES, STRIP_TABLE, STRIPS, TAIL, TAIL_TABLE, TO_TABLE, scratch } from './tile.as';

/** Most values that a 2-D transform reads or writes. */
const MOST_VALUES: usize = 16;

/** How many values a 1-D transform reads. */
function readBy(transform: i32): i32 {
  if (transform === IDENTITY) return 1;
  if (transform === TAPS_2_TO_3 || transform === TAPS_2_TO_4) return 2;
  if (transform === PIXELS_3 || transform === TAPS_3_TO_4 || transform === SUMS_3_TO_2) return 3;
  return 4;
}

/** How many it writes. */
function writtenBy(transform: i32): i32 {
  if (transform === IDENTITY) return 1;
  if (transform === SUMS_3_TO_2 || transform === SUMS_4_TO_2) return 2;
  if (transform === PIXELS_3 || transform === TAPS_2_TO_3 || transform === SUMS_4_TO_3) return 3;
  return 4;
}

/**
 * Transforms values along a line: their addresses stand in a table, `step` bytes apart, and `at` bytes are added to
 * them; so do those of what is written. `bytes` of each, a multiple of 16.
 */
function transformLine(
  transform: i32, from: usize, fromStep: usize, fromAt: usize, to: usize, toStep: usize, toAt: usize, bytes: usize,
): void {
  const f0 = load<usize>(from) + fromAt;
  const f1 = load<usize>(from + fromStep) + fromAt;
  const f2 = load<usize>(from + 2 * fromStep) + fromAt;
  const f3 = load<usize>(from + 3 * fromStep) + fromAt;
  const t0 = load<usize>(to) + toAt;
  const t1 = load<usize>(to + toStep) + toAt;
  const t2 = load<usize>(to + 2 * toStep) + toAt;
  const t3 = load<usize>(to + 3 * toStep) + toAt;
  const half = f32x4.splat(0.5);
  switch (transform) {
    case IDENTITY:
      for (let n: usize = 0; n < bytes; n += 16) v128.store(t0 + n, v128.load(f0 + n));
      return;
    case PIXELS_3:
      for (let n: usize = 0; n < bytes; n += 16) {
        const a = v128.load(f0 + n), b = v128.load(f1 + n), c = v128.load(f2 + n);
        v128.store(t0 + n, f32x4.sub(a, b));
        v128.store(t1 + n, b);
        v128.store(t2 + n, f32x4.sub(c, b));
      }
      return;
    case PIXELS_4:
      for (let n: usize = 0; n < bytes; n += 16) {
        const a = v128.load(f0 + n), b = v128.load(f1 + n), c = v128.load(f2 + n), d = v128.load(f3 + n);
        v128.store(t0 + n, f32x4.sub(a, c));
        v128.store(t1 + n, f32x4.add(b, c));
        v128.store(t2 + n, f32x4.sub(c, b));
        v128.store(t3 + n, f32x4.sub(d, b));
      }
      return;
    case TAPS_2_TO_3:
      for (let n: usize = 0; n < bytes; n += 16) {
        const g = v128.load(f0 + n), h = v128.load(f1 + n);
        v128.store(t0 + n, g);
        v128.store(t1 + n, f32x4.add(g, h));
        v128.store(t2 + n, h);
      }
      return;
    case TAPS_2_TO_4:
      for (let n: usize = 0; n < bytes; n += 16) {
        const g = v128.load(f0 + n), h = v128.load(f1 + n);
        const p = f32x4.mul(g, half), q = f32x4.mul(h, half);
        v128.store(t0 + n, g);
        v128.store(t1 + n, f32x4.add(p, q));
        v128.store(t2 + n, f32x4.sub(p, q));
        v128.store(t3 + n, h);
      }
      return;
    case TAPS_3_TO_4:
      for (let n: usize = 0; n < bytes; n += 16) {
        const f = v128.load(f0 + n), g = v128.load(f1 + n), h = v128.load(f2 + n);
        const p = f32x4.mul(f32x4.add(f, h), half), q = f32x4.mul(g, half);
        v128.store(t0 + n, f);
        v128.store(t1 + n, f32x4.add(p, q));
        v128.store(t2 + n, f32x4.sub(p, q));
        v128.store(t3 + n, h);
      }
      return;
    case SUMS_3_TO_2:
      for (let n: usize = 0; n < bytes; n += 16) {
        const a = v128.load(f0 + n), b = v128.load(f1 + n), c = v128.load(f2 + n);
        v128.store(t0 + n, f32x4.add(a, b));
        v128.store(t1 + n, f32x4.add(b, c));
      }
      return;
    case SUMS_4_TO_3:
      for (let n: usize = 0; n < bytes; n += 16) {
        const a = v128.load(f0 + n), b = v128.load(f1 + n), c = v128.load(f2 + n), d = v128.load(f3 + n);
        const s = f32x4.add(b, c);
        v128.store(t0 + n, f32x4.add(a, s));
        v128.store(t1 + n, f32x4.sub(b, c));
        v128.store(t2 + n, f32x4.add(s, d));
      }
      return;
    case SUMS_4_TO_2:
      for (let n: usize = 0; n < bytes; n += 16) {
        const a = v128.load(f0 + n), b = v128.load(f1 + n), c = v128.load(f2 + n), d = v128.load(f3 + n);
        v128.store(t0 + n, f32x4.add(a, f32x4.add(b, c)));
        v128.store(t1 + n, f32x4.add(f32x4.sub(b, c), d));
      }
  }
}

/**
 * Transforms columns, then rows, of values whose addresses are in `FROM_TABLE`, to where a table says: the bytes
 * `begin` to `end` of each, a multiple of 16.
 */
function transform2D(columns: i32, rows: i32, to: usize, begin: usize, end: usize): void {
  const from = scratch + FROM_TABLE, between = scratch + STRIP_TABLE;
  const lines: usize = writtenBy(columns);
  const readBytes = <usize>readBy(rows) << 2, writtenBytes = <usize>writtenBy(rows) << 2;
  for (let at = begin; at < end; at += STRIP_BYTES) {
    const bytes = min(STRIP_BYTES, end - at);
    for (let col: usize = 0; col < readBytes; col += 4) {
      transformLine(columns, from + col, readBytes, at, between + col, readBytes, 0, bytes);
    }
    for (let row: usize = 0; row < lines; row++) {
      transformLine(rows, between + row * readBytes, 4, 0, to + row * writtenBytes, 4, at, bytes);
    }
  }
}

/** Writes to a table where values lie that are equally far apart. */
function spaced(table: usize, first: usize, step: usize): void {
  for (let n: usize = 0; n < MOST_VALUES; n++) store<usize>(table + (n << 2), first + n * step);
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
  const columns = word(tiles, TRANSFORM_ROWS), rows = word(tiles, TRANSFORM_COLS);
  const bytes = <usize>((channels + 3) & ~3) << 2;
  spaced(scratch + STRIP_TABLE, scratch + STRIPS, STRIP_BYTES);
  for (let n = shareBegin(count); n < shareEnd(count); n++) {
    pixelsOf(tiles, first + n, scratch + FROM_TABLE);
    spaced(scratch + TO_TABLE, to + n * tileBytes, matrixBytes);
    transform2D(columns, rows, scratch + TO_TABLE, 0, bytes);
  }
}

/** Transforms the taps of a filter, packed alike and `fromStep` bytes apart, to so many floats of every matrix. */
export function transformTaps(
  columns: i32, rows: i32, from: usize, fromStep: i32, floats: i32, to: usize, matrixBytes: i32,
): void {
  spaced(scratch + STRIP_TABLE, scratch + STRIPS, STRIP_BYTES);
  spaced(scratch + FROM_TABLE, from, fromStep);
  spaced(scratch + TO_TABLE, to, matrixBytes);
  const vectors = floats >> 2;
  transform2D(columns, rows, scratch + TO_TABLE, <usize>shareBegin(vectors) << 4, <usize>shareEnd(vectors) << 4);
}

/** Transforms rows of the matrices of sums to tiles of the image, `count` from the `first` on. */
export function transformSums(
  tiles: usize, first: i32, count: i32, channels: i32, channelAt: i32, from: usize, matrixBytes: i32, tileBytes: i32,
): void {
  const columns = word(tiles, TRANSFORM_ROWS), rows = word(tiles, TRANSFORM_COLS);
  const bytes = <usize>channels << 2, whole = <usize>(channels & ~3) << 2;
  const values = writtenBy(columns) * writtenBy(rows);
  spaced(scratch + STRIP_TABLE, scratch + STRIPS, STRIP_BYTES);
  // Less what comes before the bytes that are meant.
  spaced(scratch + TAIL_TABLE, scratch + TAIL - whole, 16);
  for (let n = shareBegin(count); n < shareEnd(count); n++) {
    spaced(scratch + FROM_TABLE, from + n * tileBytes, matrixBytes);
    pixelsOf(tiles, first + n, scratch + TO_TABLE);
    for (let v = 0; v < values; v++) {
      const at = scratch + TO_TABLE + (<usize>v << 2);
      store<usize>(at, load<usize>(at) + (<usize>channelAt << 2));
    }
    transform2D(columns, rows, scratch + TO_TABLE, 0, whole);
    if (whole === bytes) continue;
    transform2D(columns, rows, scratch + TAIL_TABLE, whole, whole + 16);
    for (let v = 0; v < values; v++) {
      const to = load<usize>(scratch + TO_TABLE + (<usize>v << 2));
      const tail = load<usize>(scratch + TAIL_TABLE + (<usize>v << 2));
      for (let at = whole; at < bytes; at += 4) store<f32>(to + at, load<f32>(tail + at));
    }
  }
}
