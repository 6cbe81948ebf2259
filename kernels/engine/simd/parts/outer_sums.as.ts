// SPDX-License-Identifier: Apache-2.0
/** Sums of outer products over pixels, 4 × 8 at a time, both operands packed. */
import {
  aAt, aBatchStep, aCol, aRowStep, cols, outAt, outBatchStep, outCol, outRowStep, rows, runAfter, startRun, tapsOf,
  total,
} from './run.as';
import { shareBegin, shareEnd } from './share.as';
import { SUMS, scratch, storeTile } from './tile.as';
import { madd } from './vectors.as';

/**
 * Writes `height` × `width` sums for every run, their rows `rowBytes` apart: sums of the outer products of its pixels.
 * Its only tap says where they begin after `out`.
 * @param aPanelBytes a is packed in panels of 4 channels, so far apart; b, the run's out, in panels of 8
 */
export function outerSums(
  runs: usize, runCount: i32, out: usize, rowBytes: i32, height: i32, width: i32, aPanelBytes: i32, bPanelBytes: i32,
): void {
  // Tiles of all runs are divided among shares.
  const across = (width + 7) >> 3;
  const tiles = runCount * ((height + 3) >> 2) * across;
  const begin = shareBegin(tiles), end = shareEnd(tiles);
  let tile = 0;
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startRun(run);
    let a = aAt;
    let rowsTo = out + load<usize>(tapsOf(run), 4);
    for (let r = 0; r < height; r += 4, a += aPanelBytes, rowsTo += 4 * rowBytes) {
      if (tile + across <= begin || tile >= end) {
        tile += across;
        continue;
      }
      let b = outAt;
      let to = rowsTo;
      for (let c = 0; c < width; c += 8, b += bPanelBytes, to += 32, tile++) {
        if (tile >= begin && tile < end) outerTile(to, rowBytes, min(4, height - r), min(8, width - c), a, b);
      }
    }
  }
}

function outerTile(out: usize, rowBytes: i32, height: i32, width: i32, a: usize, b: usize): void {
  const zero = f32x4.splat(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  const images = cols === 0 || rows === 0 ? 0 : total / (rows * cols);
  for (let n = 0; n < images; n++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let v = v128.load32_splat(a);
        s00 = madd(v, b0, s00);
        s01 = madd(v, b1, s01);
        v = v128.load32_splat(a, 4);
        s10 = madd(v, b0, s10);
        s11 = madd(v, b1, s11);
        v = v128.load32_splat(a, 8);
        s20 = madd(v, b0, s20);
        s21 = madd(v, b1, s21);
        v = v128.load32_splat(a, 12);
        s30 = madd(v, b0, s30);
        s31 = madd(v, b1, s31);
        a += aCol;
        b += outCol;
      }
      a += aRowStep;
      b += outRowStep;
    }
    a += aBatchStep;
    b += outBatchStep;
  }
  if (height === 4 && width === 8) {
    v128.store(out, s00);
    v128.store(out, s01, 16);
    out += rowBytes;
    v128.store(out, s10);
    v128.store(out, s11, 16);
    out += rowBytes;
    v128.store(out, s20);
    v128.store(out, s21, 16);
    out += rowBytes;
    v128.store(out, s30);
    v128.store(out, s31, 16);
    return;
  }
  const sums = scratch + SUMS;
  storeTile(sums, s00, s01, s10, s11, s20, s21, s30, s31);
  for (let i = 0; i < height; i++, out += rowBytes) memory.copy(out, sums + (<usize>i << 5), <usize>width << 2);
}
