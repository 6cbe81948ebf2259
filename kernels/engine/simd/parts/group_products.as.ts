// SPDX-License-Identifier: Apache-2.0
/**
 * Products of small groups of channels, all groups of a tile of 4 pixels one after another: per term one or two vectors
 * of filter, as it lies, and 4 values broadcast.
 */
import { done, nextPixels, runAfter, startRuns, startTiles, tapCountOf, tapsOf, total } from './run.as';
import { shares } from './share.as';
import { OUT_PIXELS, scratch } from './tile.as';
import { addLanes, madd } from './vectors.as';

/**
 * Products of every run: each of `groups` groups sums `depth` terms to `channels` channels. Taps say where the matrix
 * of their first group begins after `filter`; its rows, a term each, are `rowBytes` apart and hold all groups.
 */
export function groupProducts(
  runs: usize, runCount: i32, filter: usize, rowBytes: i32, depth: i32, channels: i32, groups: i32,
): void {
  const depthBytes = <usize>depth << 2;
  const groupBytes = <usize>channels << 2;
  startRuns(runs, runCount, 1, shares);
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startTiles(run);
    const taps = tapsOf(run);
    const end = taps + (<usize>tapCountOf(run) << 3);
    while (done < total) {
      const valid = nextPixels(4);
      let a: usize = 0, at: usize = 0;
      for (let g = 0; g < groups; g++, a += depthBytes, at += groupBytes) {
        let c = 0;
        for (; channels - c > 4; c += 8) {
          eightChannels(taps, end, filter, rowBytes, depthBytes, a, at + (<usize>c << 2), channels - c, valid);
        }
        if (c < channels) {
          fourChannels(taps, end, filter, rowBytes, depthBytes, a, at + (<usize>c << 2), channels - c, valid);
        }
      }
    }
  }
}

function eightChannels(
  taps: usize, end: usize, filter: usize, rowBytes: usize, depthBytes: usize, a: usize, at: usize, count: i32,
  valid: i32,
): void {
  const tile = scratch;
  const zero = f32x4.splat(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  const from = filter + at;
  for (let tap = taps; tap < end; tap += 8) {
    const moves = a + load<usize>(tap);
    let w = from + load<usize>(tap, 4);
    let x0 = load<usize>(tile) + moves, x1 = load<usize>(tile, 4) + moves;
    let x2 = load<usize>(tile, 8) + moves, x3 = load<usize>(tile, 12) + moves;
    const last = x0 + depthBytes;
    do {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      let v = v128.load32_splat(x0);
      s00 = madd(v, w0, s00);
      s01 = madd(v, w1, s01);
      v = v128.load32_splat(x1);
      s10 = madd(v, w0, s10);
      s11 = madd(v, w1, s11);
      v = v128.load32_splat(x2);
      s20 = madd(v, w0, s20);
      s21 = madd(v, w1, s21);
      v = v128.load32_splat(x3);
      s30 = madd(v, w0, s30);
      s31 = madd(v, w1, s31);
      w += rowBytes;
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
    } while (x0 < last);
  }
  addEight(load<usize>(tile, OUT_PIXELS) + at, s00, s01, count);
  if (valid > 1) addEight(load<usize>(tile, OUT_PIXELS + 4) + at, s10, s11, count);
  if (valid > 2) addEight(load<usize>(tile, OUT_PIXELS + 8) + at, s20, s21, count);
  if (valid > 3) addEight(load<usize>(tile, OUT_PIXELS + 12) + at, s30, s31, count);
}

function fourChannels(
  taps: usize, end: usize, filter: usize, rowBytes: usize, depthBytes: usize, a: usize, at: usize, count: i32,
  valid: i32,
): void {
  const tile = scratch;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const from = filter + at;
  for (let tap = taps; tap < end; tap += 8) {
    const moves = a + load<usize>(tap);
    let w = from + load<usize>(tap, 4);
    let x0 = load<usize>(tile) + moves, x1 = load<usize>(tile, 4) + moves;
    let x2 = load<usize>(tile, 8) + moves, x3 = load<usize>(tile, 12) + moves;
    const last = x0 + depthBytes;
    do {
      const w0 = v128.load(w);
      s0 = madd(v128.load32_splat(x0), w0, s0);
      s1 = madd(v128.load32_splat(x1), w0, s1);
      s2 = madd(v128.load32_splat(x2), w0, s2);
      s3 = madd(v128.load32_splat(x3), w0, s3);
      w += rowBytes;
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
    } while (x0 < last);
  }
  addLanes(load<usize>(tile, OUT_PIXELS) + at, s0, count);
  if (valid > 1) addLanes(load<usize>(tile, OUT_PIXELS + 4) + at, s1, count);
  if (valid > 2) addLanes(load<usize>(tile, OUT_PIXELS + 8) + at, s2, count);
  if (valid > 3) addLanes(load<usize>(tile, OUT_PIXELS + 12) + at, s3, count);
}

/** Adds the first `count` of 8 lanes, more than 4, or all. */
@inline
function addEight(to: usize, low: v128, high: v128, count: i32): void {
  v128.store(to, f32x4.add(v128.load(to), low));
  addLanes(to + 16, high, count - 4);
}
