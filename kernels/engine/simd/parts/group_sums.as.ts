// SPDX-License-Identifier: Apache-2.0
/** Sums of outer products over pixels of small groups of channels, both operands as they lie. */
import {
  aAt, aBatchStep, aCol, aRowStep, cols, outAt, outBatchStep, outCol, outRowStep, rows, runAfter, startRun, tapsOf,
  total,
} from './run.as';
import { shareBegin, shareEnd } from './share.as';
import { addLanes, madd } from './vectors.as';

/**
 * Adds `height` × `width` sums of every group for every run, their rows `rowBytes` apart: sums of the outer products of
 * its pixels. Its only tap says where those of its first group begin after `out`. Groups are divided among shares.
 */
export function groupSums(
  runs: usize, runCount: i32, out: usize, rowBytes: i32, height: i32, width: i32, groups: i32,
): void {
  const heightBytes = <usize>height << 2;
  const widthBytes = <usize>width << 2;
  const begin = shareBegin(groups), end = shareEnd(groups);
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startRun(run);
    let a = aAt + begin * heightBytes, b = outAt + begin * widthBytes;
    let to = out + load<usize>(tapsOf(run), 4) + begin * widthBytes;
    for (let g = begin; g < end; g++, a += heightBytes, b += widthBytes, to += widthBytes) {
      for (let r = 0; r < height; r += 4) {
        const rowsTo = to + r * rowBytes;
        for (let c = 0; c < width; c += 4) {
          const at = <usize>c << 2;
          fourRows(rowsTo + at, rowBytes, height - r, width - c, a + (<usize>r << 2), b + at);
        }
      }
    }
  }
}

/** Sums of 4 rows and 4 columns, of which so many are wanted. */
function fourRows(to: usize, rowBytes: usize, height: i32, width: i32, a: usize, b: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const images = cols === 0 || rows === 0 ? 0 : total / (rows * cols);
  const aStep: usize = aCol, bStep: usize = outCol;
  for (let n = 0; n < images; n++, a += aBatchStep, b += outBatchStep) {
    for (let r = 0; r < rows; r++, a += aRowStep, b += outRowStep) {
      for (let c = cols; c > 0; c--, a += aStep, b += bStep) {
        const v = v128.load(b);
        s0 = madd(v128.load32_splat(a), v, s0);
        s1 = madd(v128.load32_splat(a, 4), v, s1);
        s2 = madd(v128.load32_splat(a, 8), v, s2);
        s3 = madd(v128.load32_splat(a, 12), v, s3);
      }
    }
  }
  addLanes(to, s0, width);
  if (height > 1) addLanes(to + rowBytes, s1, width);
  if (height > 2) addLanes(to + 2 * rowBytes, s2, width);
  if (height > 3) addLanes(to + 3 * rowBytes, s3, width);
}
