// SPDX-License-Identifier: Apache-2.0
/**
 * Products by dot products over the terms, 4 pixels × 2 channels at a time, the filter as it lies. Costs no packing:
 * for few pixels or few channels.
 */
import {
  done, firstPanel, lastPanelEnd, nextPixels, runAfter, startRuns, startTiles, tapCountOf, tapsOf, total,
} from './run.as';
import { dividesEvenly, shareBegin, shareEnd, shares } from './share.as';
import { A_PIXELS, OUT_PIXELS, scratch } from './tile.as';
import { fromLanes, madd, sumOfLanes, sumsOfLanes } from './vectors.as';

/**
 * Products of every run with `channels` channels whose terms lie in a row each, `rowBytes` apart; taps say where they
 * begin after `filter`.
 */
export function dotProducts(
  runs: usize, runCount: i32, depth: i32, filter: usize, rowBytes: i32, channels: i32, channelAt: i32,
): void {
  // A pixel meets 4 channels at a time, or twice 2: to divide them there changes no sum.
  const count = (channels + 3) >> 2;
  if (dividesEvenly(count)) {
    const begin = shareBegin(count) << 2;
    filter += begin * rowBytes;
    channels = min(channels, shareEnd(count) << 2) - begin;
    channelAt += begin;
    startRuns(runs, runCount, (channels + 3) >> 2, 1);
  } else {
    startRuns(runs, runCount, count, shares);
  }
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startTiles(run);
    dotRun(tapCountOf(run), tapsOf(run), depth, filter, rowBytes, channels, channelAt);
  }
}

function dotRun(
  tapCount: i32, taps: usize, depth: i32, filter: usize, rowBytes: i32, channels: i32, channelAt: i32,
): void {
  const tile = scratch;
  let first = firstPanel << 2;
  while (done < total) {
    const left = total - done;
    const end = left > 4 ? channels : min(channels, lastPanelEnd << 2);
    let c = first;
    first = 0;
    if (left >= 3) {
      const valid = nextPixels(4);
      for (; c + 2 <= end; c += 2) {
        dot4x2(tapCount, taps, depth, filter + c * rowBytes, rowBytes, channelAt + c, valid);
      }
      if (c < end) dot4x1(tapCount, taps, depth, filter + c * rowBytes, channelAt + c, valid);
    } else {
      // One or two pixels: more channels at a time instead.
      nextPixels(left);
      const begin = c;
      for (let i = 0; i < left; i++) {
        const a = load<usize>(tile + (<usize>i << 2), A_PIXELS);
        const out = load<usize>(tile + (<usize>i << 2), OUT_PIXELS);
        for (c = begin; c + 4 <= end; c += 4) {
          dot1x4(tapCount, taps, depth, filter + c * rowBytes, rowBytes, a, out, channelAt + c);
        }
        for (; c < end; c++) dot1x1(tapCount, taps, depth, filter + c * rowBytes, a, out, channelAt + c);
      }
    }
  }
}

@inline
function put(out: usize, channel: i32, sum: f32): void {
  const at = out + (<usize>channel << 2);
  store<f32>(at, load<f32>(at) + sum);
}

/** Adds a lane each to one channel of the 4 pixels of a tile. */
@inline
function putColumn(channel: i32, valid: i32, sums: v128): void {
  const tile = scratch;
  put(load<usize>(tile, OUT_PIXELS), channel, f32x4.extract_lane(sums, 0));
  put(load<usize>(tile, OUT_PIXELS + 4), channel, f32x4.extract_lane(sums, 1));
  put(load<usize>(tile, OUT_PIXELS + 8), channel, f32x4.extract_lane(sums, 2));
  if (valid === 4) put(load<usize>(tile, OUT_PIXELS + 12), channel, f32x4.extract_lane(sums, 3));
}

function dot4x2(
  tapCount: i32, taps: usize, depth: i32, filter: usize, rowBytes: i32, channel: i32, valid: i32,
): void {
  const tile = scratch;
  const zero = f32x4.splat(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  let r00: f32 = 0, r01: f32 = 0, r10: f32 = 0, r11: f32 = 0, r20: f32 = 0, r21: f32 = 0, r30: f32 = 0, r31: f32 = 0;
  const vectorBytes = <usize>(depth & ~3) << 2;
  const depthBytes = <usize>depth << 2;
  for (let t = 0; t < tapCount; t++) {
    const aTap = load<usize>(taps + (<usize>t << 3));
    const w0 = filter + load<usize>(taps + (<usize>t << 3), 4);
    const w1 = w0 + rowBytes;
    const x0 = load<usize>(tile) + aTap;
    const x1 = load<usize>(tile, 4) + aTap;
    const x2 = load<usize>(tile, 8) + aTap;
    const x3 = load<usize>(tile, 12) + aTap;
    let k: usize = 0;
    for (; k < vectorBytes; k += 16) {
      const b0 = v128.load(w0 + k), b1 = v128.load(w1 + k);
      let v = v128.load(x0 + k);
      s00 = madd(v, b0, s00);
      s01 = madd(v, b1, s01);
      v = v128.load(x1 + k);
      s10 = madd(v, b0, s10);
      s11 = madd(v, b1, s11);
      v = v128.load(x2 + k);
      s20 = madd(v, b0, s20);
      s21 = madd(v, b1, s21);
      v = v128.load(x3 + k);
      s30 = madd(v, b0, s30);
      s31 = madd(v, b1, s31);
    }
    for (; k < depthBytes; k += 4) {
      const b0 = load<f32>(w0 + k), b1 = load<f32>(w1 + k);
      const v0 = load<f32>(x0 + k), v1 = load<f32>(x1 + k), v2 = load<f32>(x2 + k), v3 = load<f32>(x3 + k);
      r00 += v0 * b0;
      r01 += v0 * b1;
      r10 += v1 * b0;
      r11 += v1 * b1;
      r20 += v2 * b0;
      r21 += v2 * b1;
      r30 += v3 * b0;
      r31 += v3 * b1;
    }
  }
  putColumn(channel, valid, f32x4.add(sumsOfLanes(s00, s10, s20, s30), fromLanes(r00, r10, r20, r30)));
  putColumn(channel + 1, valid, f32x4.add(sumsOfLanes(s01, s11, s21, s31), fromLanes(r01, r11, r21, r31)));
}

function dot4x1(tapCount: i32, taps: usize, depth: i32, filter: usize, channel: i32, valid: i32): void {
  const tile = scratch;
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  let r0: f32 = 0, r1: f32 = 0, r2: f32 = 0, r3: f32 = 0;
  const vectorBytes = <usize>(depth & ~3) << 2;
  const depthBytes = <usize>depth << 2;
  for (let t = 0; t < tapCount; t++) {
    const aTap = load<usize>(taps + (<usize>t << 3));
    const w = filter + load<usize>(taps + (<usize>t << 3), 4);
    const x0 = load<usize>(tile) + aTap;
    const x1 = load<usize>(tile, 4) + aTap;
    const x2 = load<usize>(tile, 8) + aTap;
    const x3 = load<usize>(tile, 12) + aTap;
    let k: usize = 0;
    for (; k < vectorBytes; k += 16) {
      const b = v128.load(w + k);
      s0 = madd(v128.load(x0 + k), b, s0);
      s1 = madd(v128.load(x1 + k), b, s1);
      s2 = madd(v128.load(x2 + k), b, s2);
      s3 = madd(v128.load(x3 + k), b, s3);
    }
    for (; k < depthBytes; k += 4) {
      const b = load<f32>(w + k);
      r0 += load<f32>(x0 + k) * b;
      r1 += load<f32>(x1 + k) * b;
      r2 += load<f32>(x2 + k) * b;
      r3 += load<f32>(x3 + k) * b;
    }
  }
  putColumn(channel, valid, f32x4.add(sumsOfLanes(s0, s1, s2, s3), fromLanes(r0, r1, r2, r3)));
}

function dot1x4(
  tapCount: i32, taps: usize, depth: i32, filter: usize, rowBytes: i32, a: usize, out: usize, channel: i32,
): void {
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  let r0: f32 = 0, r1: f32 = 0, r2: f32 = 0, r3: f32 = 0;
  const vectorBytes = <usize>(depth & ~3) << 2;
  const depthBytes = <usize>depth << 2;
  for (let t = 0; t < tapCount; t++) {
    const x = a + load<usize>(taps + (<usize>t << 3));
    const w0 = filter + load<usize>(taps + (<usize>t << 3), 4);
    const w1 = w0 + rowBytes;
    const w2 = w1 + rowBytes;
    const w3 = w2 + rowBytes;
    let k: usize = 0;
    for (; k < vectorBytes; k += 16) {
      const v = v128.load(x + k);
      s0 = madd(v, v128.load(w0 + k), s0);
      s1 = madd(v, v128.load(w1 + k), s1);
      s2 = madd(v, v128.load(w2 + k), s2);
      s3 = madd(v, v128.load(w3 + k), s3);
    }
    for (; k < depthBytes; k += 4) {
      const v = load<f32>(x + k);
      r0 += v * load<f32>(w0 + k);
      r1 += v * load<f32>(w1 + k);
      r2 += v * load<f32>(w2 + k);
      r3 += v * load<f32>(w3 + k);
    }
  }
  const at = out + (<usize>channel << 2);
  const sums = f32x4.add(sumsOfLanes(s0, s1, s2, s3), fromLanes(r0, r1, r2, r3));
  v128.store(at, f32x4.add(v128.load(at), sums));
}

function dot1x1(tapCount: i32, taps: usize, depth: i32, filter: usize, a: usize, out: usize, channel: i32): void {
  let s = f32x4.splat(0);
  let r: f32 = 0;
  const vectorBytes = <usize>(depth & ~3) << 2;
  const depthBytes = <usize>depth << 2;
  for (let t = 0; t < tapCount; t++) {
    const x = a + load<usize>(taps + (<usize>t << 3));
    const w = filter + load<usize>(taps + (<usize>t << 3), 4);
    let k: usize = 0;
    for (; k < vectorBytes; k += 16) s = madd(v128.load(x + k), v128.load(w + k), s);
    for (; k < depthBytes; k += 4) r += load<f32>(x + k) * load<f32>(w + k);
  }
  put(out, channel, sumOfLanes(s) + r);
}
