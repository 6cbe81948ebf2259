// SPDX-License-Identifier: Apache-2.0
/** Adds pixels to others, or copies them; fills with zeros. */
import {
  aAt, aBatchStep, aCol, aRowStep, cols, outAt, outBatchStep, outCol, outRowStep, rows, startRun, total,
} from './run.as';
import { shareBegin, shareEnd } from './share.as';

/** Writes `count` floats of 0. */
export function clear(to: usize, count: i32): void {
  const begin = shareBegin(count);
  memory.fill(to + (<usize>begin << 2), 0, <usize>(shareEnd(count) - begin) << 2);
}

/**
 * Adds `channels` floats of every pixel of a run's a to its out, or copies them. Pixels of a row may overlap in out,
 * rows don't: they are divided among shares.
 */
export function movePixels(run: usize, channels: i32, accumulate: i32): void {
  startRun(run);
  const vectorBytes = <usize>(channels & ~3) << 2;
  const bytes = <usize>channels << 2;
  const images = cols === 0 || rows === 0 ? 0 : total / (rows * cols);
  const begin = shareBegin(images * rows), end = shareEnd(images * rows);
  let a = aAt;
  let to = outAt;
  let at = 0;
  for (let n = 0; n < images; n++) {
    for (let r = 0; r < rows; r++, at++) {
      if (at < begin || at >= end) {
        a += cols * aCol + aRowStep;
        to += cols * outCol + outRowStep;
        continue;
      }
      if (channels === 1) {
        moveFloats(a, to, accumulate);
        a += cols * aCol + aRowStep;
        to += cols * outCol + outRowStep;
        continue;
      }
      for (let c = 0; c < cols; c++) {
        if (channels === 2) {
          const v = v128.load64_zero(a);
          v128.store64_lane(to, accumulate ? f32x4.add(v128.load64_zero(to), v) : v, 0);
          a += aCol;
          to += outCol;
          continue;
        }
        let k: usize = 0;
        for (; k < vectorBytes; k += 16) {
          const v = v128.load(a + k);
          v128.store(to + k, accumulate ? f32x4.add(v128.load(to + k), v) : v);
        }
        for (; k < bytes; k += 4) {
          const v = load<f32>(a + k);
          store<f32>(to + k, accumulate ? load<f32>(to + k) + v : v);
        }
        a += aCol;
        to += outCol;
      }
      a += aRowStep;
      to += outRowStep;
    }
    a += aBatchStep;
    to += outBatchStep;
  }
}

/** The same of a row of pixels of one channel. */
@inline
function moveFloats(a: usize, to: usize, accumulate: i32): void {
  const fromStep: usize = aCol, toStep: usize = outCol;
  const count = cols;
  if (accumulate) {
    for (let c = 0; c < count; c++, a += fromStep, to += toStep) store<f32>(to, load<f32>(to) + load<f32>(a));
  } else {
    for (let c = 0; c < count; c++, a += fromStep, to += toStep) store<f32>(to, load<f32>(a));
  }
}
