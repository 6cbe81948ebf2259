// SPDX-License-Identifier: Apache-2.0
/**
 * Products channel by channel (depthwise): a vector is 4 channels of a pixel. There is no sum over channels, so each
 * vector that is loaded is used once; a vector of filter, by the 4 pixels of a tile.
 */
import {
  aAt, aBatchStep, aCol, aRowStep, cols, done, nextPixels, outAt, outBatchStep, outCol, outRowStep, rows, runAfter,
  startRun, startRuns, startTiles, tapCountOf, tapsOf, total,
} from './run.as';
import { shareBegin, shareEnd, shares } from './share.as';
import { OUT_PIXELS, scratch } from './tile.as';
import { addLanes, madd } from './vectors.as';

/** Products of every run; taps say where their channels begin after `filter`. */
export function channelProducts(runs: usize, runCount: i32, filter: usize, channels: i32): void {
  startRuns(runs, runCount, 1, shares);
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startTiles(run);
    const tapCount = tapCountOf(run);
    const taps = tapsOf(run);
    while (done < total) {
      const valid = nextPixels(4);
      if (valid === 4) {
        let c = 0;
        for (; c + 8 <= channels; c += 8) fourPixels(tapCount, taps, filter, c);
        for (; c < channels; c += 4) fourPixelsOfFew(tapCount, taps, filter, c, channels - c);
      } else {
        for (let i = 0; i < valid; i++) onePixel(tapCount, taps, filter, i, channels);
      }
    }
  }
}

/** 8 channels, from `channel` on, of the 4 pixels of the tile. */
function fourPixels(tapCount: i32, taps: usize, filter: usize, channel: i32): void {
  const tile = scratch;
  const at = <usize>channel << 2;
  const zero = f32x4.splat(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  const a0 = load<usize>(tile) + at, a1 = load<usize>(tile, 4) + at;
  const a2 = load<usize>(tile, 8) + at, a3 = load<usize>(tile, 12) + at;
  const from = filter + at;
  const end = taps + (<usize>tapCount << 3);
  for (let tap = taps; tap < end; tap += 8) {
    const moves = load<usize>(tap);
    const w = from + load<usize>(tap, 4);
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    s00 = madd(v128.load(a0 + moves), w0, s00);
    s01 = madd(v128.load(a0 + moves, 16), w1, s01);
    s10 = madd(v128.load(a1 + moves), w0, s10);
    s11 = madd(v128.load(a1 + moves, 16), w1, s11);
    s20 = madd(v128.load(a2 + moves), w0, s20);
    s21 = madd(v128.load(a2 + moves, 16), w1, s21);
    s30 = madd(v128.load(a3 + moves), w0, s30);
    s31 = madd(v128.load(a3 + moves, 16), w1, s31);
  }
  add(load<usize>(tile, OUT_PIXELS) + at, s00, s01);
  add(load<usize>(tile, OUT_PIXELS + 4) + at, s10, s11);
  add(load<usize>(tile, OUT_PIXELS + 8) + at, s20, s21);
  add(load<usize>(tile, OUT_PIXELS + 12) + at, s30, s31);
}

@inline
function add(to: usize, low: v128, high: v128): void {
  v128.store(to, f32x4.add(v128.load(to), low));
  v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
}

/** `count` channels, 4 if there are more, from `channel` on, of the 4 pixels of the tile. */
function fourPixelsOfFew(tapCount: i32, taps: usize, filter: usize, channel: i32, count: i32): void {
  const tile = scratch;
  const at = <usize>channel << 2;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const a0 = load<usize>(tile) + at, a1 = load<usize>(tile, 4) + at;
  const a2 = load<usize>(tile, 8) + at, a3 = load<usize>(tile, 12) + at;
  const from = filter + at;
  const end = taps + (<usize>tapCount << 3);
  for (let tap = taps; tap < end; tap += 8) {
    const moves = load<usize>(tap);
    const w = v128.load(from + load<usize>(tap, 4));
    s0 = madd(v128.load(a0 + moves), w, s0);
    s1 = madd(v128.load(a1 + moves), w, s1);
    s2 = madd(v128.load(a2 + moves), w, s2);
    s3 = madd(v128.load(a3 + moves), w, s3);
  }
  addLanes(load<usize>(tile, OUT_PIXELS) + at, s0, count);
  addLanes(load<usize>(tile, OUT_PIXELS + 4) + at, s1, count);
  addLanes(load<usize>(tile, OUT_PIXELS + 8) + at, s2, count);
  addLanes(load<usize>(tile, OUT_PIXELS + 12) + at, s3, count);
}

/** All channels of pixel `i` of the tile. */
function onePixel(tapCount: i32, taps: usize, filter: usize, i: i32, channels: i32): void {
  const a = load<usize>(scratch + (<usize>i << 2));
  const out = load<usize>(scratch + (<usize>i << 2), OUT_PIXELS);
  const end = taps + (<usize>tapCount << 3);
  for (let c = 0; c < channels; c += 4) {
    const at = <usize>c << 2;
    let sum = f32x4.splat(0);
    for (let tap = taps; tap < end; tap += 8) {
      sum = madd(v128.load(a + load<usize>(tap) + at), v128.load(filter + load<usize>(tap, 4) + at), sum);
    }
    addLanes(out + at, sum, channels - c);
  }
}

/**
 * Sums of every run over its pixels, a times the run's out; its only tap says where they begin after `out`. Runs may
 * add to the same sums, so channels are divided among shares: 16 at a time, or 4 where they are few.
 */
export function channelSums(runs: usize, runCount: i32, out: usize, channels: i32): void {
  const width = channels >= 32 * shares ? 16 : 4;
  const count = (channels + width - 1) / width;
  const begin = shareBegin(count) * width;
  const end = min(channels, shareEnd(count) * width);
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startRun(run);
    const to = out + load<usize>(tapsOf(run), 4);
    let c = begin;
    for (; c + 16 <= end; c += 16) sixteenChannels(to, c);
    for (; c < end; c += 4) fourChannels(to, c, channels - c);
  }
}

function sixteenChannels(out: usize, channel: i32): void {
  const at = <usize>channel << 2;
  let a = aAt + at, b = outAt + at;
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  const images = cols === 0 || rows === 0 ? 0 : total / (rows * cols);
  for (let n = 0; n < images; n++, a += aBatchStep, b += outBatchStep) {
    for (let r = 0; r < rows; r++, a += aRowStep, b += outRowStep) {
      for (let c = 0; c < cols; c++, a += aCol, b += outCol) {
        s0 = madd(v128.load(a), v128.load(b), s0);
        s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
        s2 = madd(v128.load(a, 32), v128.load(b, 32), s2);
        s3 = madd(v128.load(a, 48), v128.load(b, 48), s3);
      }
    }
  }
  add(out + at, s0, s1);
  add(out + at + 32, s2, s3);
}

function fourChannels(out: usize, channel: i32, count: i32): void {
  const at = <usize>channel << 2;
  let a = aAt + at, b = outAt + at;
  let sum = f32x4.splat(0);
  const images = cols === 0 || rows === 0 ? 0 : total / (rows * cols);
  for (let n = 0; n < images; n++, a += aBatchStep, b += outBatchStep) {
    for (let r = 0; r < rows; r++, a += aRowStep, b += outRowStep) {
      for (let c = 0; c < cols; c++, a += aCol, b += outCol) sum = madd(v128.load(a), v128.load(b), sum);
    }
  }
  addLanes(out + at, sum, count);
}
