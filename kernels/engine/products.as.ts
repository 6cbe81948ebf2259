// SPDX-License-Identifier: Apache-2.0
/**
 * The products of an engine in WebAssembly SIMD (AssemblyScript: `usize` is an address in bytes). What they compute:
 * ./engine; how operands get here: ./compile, ./simd_engine. Built twice from this one source: with relaxed SIMD `madd` is one
 * fused instruction that rounds once, without it a multiplication and an addition that round twice.
 *
 * Every inner loop keeps a tile of sums in registers: 4 pixels × 8 channels. Of the 16 vector registers of x86 that is 8
 * sums, 2 filter vectors, a value and a product. With 5 pixels it would still fit, but V8 then spills sums wherever the loop over
 * the terms stands in another loop: half the speed (measured: 30 instead of 61 GFLOP/s).
 *
 * - `packedProducts`: outer products. Per term: 2 vectors of filter, 4 values broadcast, 8 multiply-adds; the filter
 *   comes packed in panels of 8 channels, so that it is read in order.
 * - `dotProducts`: dot products over the terms, 4 pixels × 2 channels, the filter as it lies. Costs no packing: for few
 *   pixels or few channels.
 * - `outerSums`: sums of outer products over pixels, 4 × 8, both operands packed.
 */

import {
  A, A_BATCH_STEP, A_COL, A_ROW_STEP, COLS, OUT, OUT_BATCH_STEP, OUT_COL, OUT_ROW_STEP, PIXELS, ROWS, TAPS, TAP_COUNT,
} from './run_layout';

/** Pixels of a tile of `packedProducts`, and rows of one of `outerSums`. */
const TILE: i32 = 4;

// Scratch memory, in bytes from its beginning: where a tile's 4 pixels lie in a and in out, 4 × 8 sums on their way to
// pixels that a tile covers in part, and where these are to go.
const A_PIXELS: usize = 0;
const OUT_PIXELS: usize = 16;
const SUMS: usize = 32;
const SUMS_TO: usize = 160;
export const SCRATCH_BYTES: i32 = 176;
let scratch: usize = 0;

/** Says where the scratch memory is: to be called once, before anything else. */
export function useScratch(address: usize): void {
  scratch = address;
}

@inline
function madd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

@inline
function sumOfLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The sums of the lanes of four vectors, a lane each. */
@inline
function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

// The run that a program is at, and the pixel that `nextPixels` is at in it. Every program begins with `startRun`.
let rows: i32 = 0;
let cols: i32 = 0;
let total: i32 = 0;
let aCol: i32 = 0;
let aRowStep: i32 = 0;
let aBatchStep: i32 = 0;
let outCol: i32 = 0;
let outRowStep: i32 = 0;
let outBatchStep: i32 = 0;
let aAt: usize = 0;
let outAt: usize = 0;
let row: i32 = 0;
let col: i32 = 0;
let done: i32 = 0;

@inline
function word(run: usize, n: i32): i32 {
  return load<i32>(run + (<usize>n << 2));
}

/** Goes to the first pixel of a run. */
function startRun(run: usize): void {
  rows = word(run, ROWS);
  cols = word(run, COLS);
  total = word(run, PIXELS);
  aAt = word(run, A);
  aCol = word(run, A_COL);
  aRowStep = word(run, A_ROW_STEP);
  aBatchStep = word(run, A_BATCH_STEP);
  outAt = word(run, OUT);
  outCol = word(run, OUT_COL);
  outRowStep = word(run, OUT_ROW_STEP);
  outBatchStep = word(run, OUT_BATCH_STEP);
  row = 0;
  col = 0;
  done = 0;
}

/** Where the taps of a run lie: pairs of i32, by how many bytes each moves a, and where its part of the filter begins. */
@inline
function tapsOf(run: usize): usize {
  return run + (TAPS << 2);
}

@inline
function runAfter(run: usize): usize {
  return tapsOf(run) + (<usize>word(run, TAP_COUNT) << 3);
}

/** Writes the addresses of the next `count` pixels, in a and in out, to scratch memory; the last pixel stands in for missing ones. */
function nextPixels(count: i32): i32 {
  const tile = scratch;
  if (col + count < cols) {
    // All of them in one row, and more to come in it.
    let a = aAt;
    let out = outAt;
    for (let i = 0; i < count; i++, a += aCol, out += outCol) {
      store<usize>(tile + (<usize>i << 2), a, A_PIXELS);
      store<usize>(tile + (<usize>i << 2), out, OUT_PIXELS);
    }
    aAt = a;
    outAt = out;
    col += count;
    done += count;
    return count;
  }
  const valid = min(count, total - done);
  for (let i = 0; i < count; i++) {
    store<usize>(tile + (<usize>i << 2), aAt, A_PIXELS);
    store<usize>(tile + (<usize>i << 2), outAt, OUT_PIXELS);
    if (done + 1 < total) {
      done++;
      aAt += aCol;
      outAt += outCol;
      if (++col === cols) {
        col = 0;
        aAt += aRowStep;
        outAt += outRowStep;
        if (++row === rows) {
          row = 0;
          aAt += aBatchStep;
          outAt += outBatchStep;
        }
      }
    } else if (i + 1 >= valid) {
      done = total;
    }
  }
  return valid;
}

/** Adds the sums in scratch memory, `count` rows of `width` floats, 8 apart, to where `SUMS_TO` says. */
function storePart(count: i32, width: i32): void {
  for (let i = 0; i < count; i++) {
    const from = scratch + SUMS + (<usize>i << 5);
    const to = load<usize>(scratch + (<usize>i << 2), SUMS_TO);
    let c = 0;
    if (width >= 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      c = 4;
    }
    for (; c < width; c++) {
      const at = to + (<usize>c << 2);
      store<f32>(at, load<f32>(at) + load<f32>(from + (<usize>c << 2)));
    }
  }
}

/** Products of every run with `channels` channels in panels of 8, `panelBytes` apart; taps say where they begin in a panel. */
export function packedProducts(
  runs: usize, runCount: i32, depth: i32, panels: usize, panelBytes: i32, channels: i32, channelAt: i32,
): void {
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startRun(run);
    packedRun(word(run, TAP_COUNT), tapsOf(run), depth, panels, panelBytes, channels, channelAt);
  }
}

function packedRun(
  tapCount: i32, taps: usize, depth: i32, panels: usize, panelBytes: i32, channels: i32, channelAt: i32,
): void {
  const tile = scratch;
  const depthBytes = <usize>depth << 2;
  while (done < total) {
    const valid = nextPixels(TILE);
    const o0 = load<usize>(tile, OUT_PIXELS), o1 = load<usize>(tile, OUT_PIXELS + 4);
    const o2 = load<usize>(tile, OUT_PIXELS + 8), o3 = load<usize>(tile, OUT_PIXELS + 12);
    let panel = panels;
    for (let c = 0; c < channels; c += 8, panel += panelBytes) {
      if (channels - c <= 4) {
        halfPanel(tapCount, taps, depthBytes, panel, channels - c, channelAt + c, valid);
        break;
      }
      const zero = f32x4.splat(0);
      let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
      for (let t = 0; t < tapCount; t++) {
        const aTap = load<usize>(taps + (<usize>t << 3));
        let w = panel + load<usize>(taps + (<usize>t << 3), 4);
        let x0 = load<usize>(tile) + aTap;
        let x1 = load<usize>(tile, 4) + aTap;
        let x2 = load<usize>(tile, 8) + aTap;
        let x3 = load<usize>(tile, 12) + aTap;
        const end = x0 + depthBytes;
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
          w += 32;
          x0 += 4;
          x1 += 4;
          x2 += 4;
          x3 += 4;
        } while (x0 < end);
      }
      const at = <usize>(channelAt + c) << 2;
      if (c + 8 <= channels && valid === TILE) {
        v128.store(o0 + at, f32x4.add(v128.load(o0 + at), s00));
        v128.store(o0 + at, f32x4.add(v128.load(o0 + at, 16), s01), 16);
        v128.store(o1 + at, f32x4.add(v128.load(o1 + at), s10));
        v128.store(o1 + at, f32x4.add(v128.load(o1 + at, 16), s11), 16);
        v128.store(o2 + at, f32x4.add(v128.load(o2 + at), s20));
        v128.store(o2 + at, f32x4.add(v128.load(o2 + at, 16), s21), 16);
        v128.store(o3 + at, f32x4.add(v128.load(o3 + at), s30));
        v128.store(o3 + at, f32x4.add(v128.load(o3 + at, 16), s31), 16);
      } else {
        storeTile(tile + SUMS, s00, s01, s10, s11, s20, s21, s30, s31);
        store<usize>(tile, o0 + at, SUMS_TO);
        store<usize>(tile, o1 + at, SUMS_TO + 4);
        store<usize>(tile, o2 + at, SUMS_TO + 8);
        store<usize>(tile, o3 + at, SUMS_TO + 12);
        storePart(valid, min(8, channels - c));
      }
    }
  }
}

/** The same for a last panel of which only 4 channels, or fewer, are used. */
function halfPanel(
  tapCount: i32, taps: usize, depthBytes: usize, panel: usize, channels: i32, channelAt: i32, valid: i32,
): void {
  const tile = scratch;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let t = 0; t < tapCount; t++) {
    const aTap = load<usize>(taps + (<usize>t << 3));
    let w = panel + load<usize>(taps + (<usize>t << 3), 4);
    let x0 = load<usize>(tile) + aTap;
    let x1 = load<usize>(tile, 4) + aTap;
    let x2 = load<usize>(tile, 8) + aTap;
    let x3 = load<usize>(tile, 12) + aTap;
    const end = x0 + depthBytes;
    do {
      const w0 = v128.load(w);
      s0 = madd(v128.load32_splat(x0), w0, s0);
      s1 = madd(v128.load32_splat(x1), w0, s1);
      s2 = madd(v128.load32_splat(x2), w0, s2);
      s3 = madd(v128.load32_splat(x3), w0, s3);
      w += 32;
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
    } while (x0 < end);
  }
  const at = <usize>channelAt << 2;
  const o0 = load<usize>(tile, OUT_PIXELS) + at, o1 = load<usize>(tile, OUT_PIXELS + 4) + at;
  const o2 = load<usize>(tile, OUT_PIXELS + 8) + at, o3 = load<usize>(tile, OUT_PIXELS + 12) + at;
  if (channels === 4 && valid === 4) {
    v128.store(o0, f32x4.add(v128.load(o0), s0));
    v128.store(o1, f32x4.add(v128.load(o1), s1));
    v128.store(o2, f32x4.add(v128.load(o2), s2));
    v128.store(o3, f32x4.add(v128.load(o3), s3));
    return;
  }
  const zero = f32x4.splat(0);
  storeTile(tile + SUMS, s0, zero, s1, zero, s2, zero, s3, zero);
  store<usize>(tile, o0, SUMS_TO);
  store<usize>(tile, o1, SUMS_TO + 4);
  store<usize>(tile, o2, SUMS_TO + 8);
  store<usize>(tile, o3, SUMS_TO + 12);
  storePart(valid, channels);
}

@inline
function storeTile(
  to: usize,
  s00: v128, s01: v128, s10: v128, s11: v128, s20: v128, s21: v128, s30: v128, s31: v128,
): void {
  v128.store(to, s00);
  v128.store(to, s01, 16);
  v128.store(to, s10, 32);
  v128.store(to, s11, 48);
  v128.store(to, s20, 64);
  v128.store(to, s21, 80);
  v128.store(to, s30, 96);
  v128.store(to, s31, 112);
}

/** Products of every run with `channels` channels whose terms lie in a row each, `rowBytes` apart; taps say where they begin after `filter`. */
export function dotProducts(
  runs: usize, runCount: i32, depth: i32, filter: usize, rowBytes: i32, channels: i32, channelAt: i32,
): void {
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startRun(run);
    dotRun(word(run, TAP_COUNT), tapsOf(run), depth, filter, rowBytes, channels, channelAt);
  }
}

function dotRun(
  tapCount: i32, taps: usize, depth: i32, filter: usize, rowBytes: i32, channels: i32, channelAt: i32,
): void {
  const tile = scratch;
  while (done < total) {
    const left = total - done;
    if (left >= 3) {
      const valid = nextPixels(4);
      let c = 0;
      for (; c + 2 <= channels; c += 2) dot4x2(tapCount, taps, depth, filter + c * rowBytes, rowBytes, channelAt + c, valid);
      if (c < channels) dot4x1(tapCount, taps, depth, filter + c * rowBytes, channelAt + c, valid);
    } else {
      // One or two pixels: more channels at a time instead.
      nextPixels(left);
      for (let i = 0; i < left; i++) {
        const a = load<usize>(tile + (<usize>i << 2), A_PIXELS);
        const out = load<usize>(tile + (<usize>i << 2), OUT_PIXELS);
        let c = 0;
        for (; c + 4 <= channels; c += 4) dot1x4(tapCount, taps, depth, filter + c * rowBytes, rowBytes, a, out, channelAt + c);
        for (; c < channels; c++) dot1x1(tapCount, taps, depth, filter + c * rowBytes, a, out, channelAt + c);
      }
    }
  }
}

@inline
function put(out: usize, channel: i32, sum: f32): void {
  const at = out + (<usize>channel << 2);
  store<f32>(at, load<f32>(at) + sum);
}

@inline
function fromLanes(a: f32, b: f32, c: f32, d: f32): v128 {
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(a), 1, b), 2, c), 3, d);
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

/** Packs a matrix of `channels` rows of `depth` terms, `rowBytes` apart, into panels of [depth][8], `panelBytes` apart; zeros fill the last. */
export function packChannelRows(from: usize, rowBytes: i32, depth: i32, channels: i32, to: usize, panelBytes: i32): void {
  for (let c = 0; c < channels; c += 8, to += panelBytes) {
    const width = min(8, channels - c);
    if (width < 8) memory.fill(to, 0, <usize>depth << 5);
    let w = from + <usize>c * rowBytes;
    let j = 0;
    for (; j + 4 <= width; j += 4, w += 4 * rowBytes) {
      const w1 = w + rowBytes;
      const w2 = w1 + rowBytes;
      const w3 = w2 + rowBytes;
      let at = to + (<usize>j << 2);
      let k = 0;
      for (; k + 4 <= depth; k += 4, at += 128) {
        const offset = <usize>k << 2;
        const a = v128.load(w + offset), b = v128.load(w1 + offset), d = v128.load(w2 + offset), e = v128.load(w3 + offset);
        const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
        const de = v128.shuffle<f32>(d, e, 0, 4, 1, 5), de2 = v128.shuffle<f32>(d, e, 2, 6, 3, 7);
        v128.store(at, v128.shuffle<f32>(ab, de, 0, 1, 4, 5));
        v128.store(at, v128.shuffle<f32>(ab, de, 2, 3, 6, 7), 32);
        v128.store(at, v128.shuffle<f32>(ab2, de2, 0, 1, 4, 5), 64);
        v128.store(at, v128.shuffle<f32>(ab2, de2, 2, 3, 6, 7), 96);
      }
      for (; k < depth; k++, at += 32) {
        const offset = <usize>k << 2;
        store<f32>(at, load<f32>(w + offset));
        store<f32>(at, load<f32>(w1 + offset), 4);
        store<f32>(at, load<f32>(w2 + offset), 8);
        store<f32>(at, load<f32>(w3 + offset), 12);
      }
    }
    for (; j < width; j++, w += rowBytes) {
      let at = to + (<usize>j << 2);
      for (let k = 0; k < depth; k++, at += 32) store<f32>(at, load<f32>(w + (<usize>k << 2)));
    }
  }
}

/** Packs a matrix of `depth` rows of `channels` values, `rowBytes` apart, into panels of [depth][width], `panelBytes` apart; zeros fill the last. */
export function packRows(from: usize, rowBytes: i32, depth: i32, channels: i32, width: i32, to: usize, panelBytes: i32): void {
  for (let c = 0; c < channels; c += width, to += panelBytes) {
    const valid = min(width, channels - c);
    let w = from + (<usize>c << 2);
    let at = to;
    if (valid === 8) {
      for (let k = 0; k < depth; k++, w += rowBytes, at += 32) {
        v128.store(at, v128.load(w));
        v128.store(at, v128.load(w, 16), 16);
      }
    } else {
      for (let k = 0; k < depth; k++, w += rowBytes, at += <usize>width << 2) {
        for (let j = 0; j < width; j++) store<f32>(at + (<usize>j << 2), j < valid ? load<f32>(w + (<usize>j << 2)) : 0);
      }
    }
  }
}

/**
 * Writes `height` × `width` sums for every run, their rows `rowBytes` apart: sums of the outer products of its pixels. Its only
 * tap says where they begin after `out`.
 * @param aPanelBytes a is packed in panels of 4 channels, so far apart; b, the run's out, in panels of 8
 */
export function outerSums(
  runs: usize, runCount: i32, out: usize, rowBytes: i32, height: i32, width: i32, aPanelBytes: i32, bPanelBytes: i32,
): void {
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startRun(run);
    let a = aAt;
    let rowsTo = out + load<usize>(tapsOf(run), 4);
    for (let r = 0; r < height; r += 4, a += aPanelBytes, rowsTo += 4 * rowBytes) {
      let b = outAt;
      let to = rowsTo;
      for (let c = 0; c < width; c += 8, b += bPanelBytes, to += 32) outerTile(to, rowBytes, min(4, height - r), min(8, width - c), a, b);
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

/** Adds `channels` floats of every pixel of a run's a to its out, or copies them. */
export function movePixels(run: usize, channels: i32, accumulate: i32): void {
  startRun(run);
  const vectorBytes = <usize>(channels & ~3) << 2;
  const bytes = <usize>channels << 2;
  const images = cols === 0 || rows === 0 ? 0 : total / (rows * cols);
  let a = aAt;
  let to = outAt;
  for (let n = 0; n < images; n++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        if (channels === 2) {
          const v = v128.load64_zero(a);
          v128.store64_lane(to, accumulate ? f32x4.add(v128.load64_zero(to), v) : v, 0);
          a += aCol;
          to += outCol;
          continue;
        }
        if (channels === 1) {
          const v = load<f32>(a);
          store<f32>(to, accumulate ? load<f32>(to) + v : v);
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
