// SPDX-License-Identifier: Apache-2.0
/**
 * Products by outer products: per term 2 vectors of filter, 4 values broadcast, 8 multiply-adds. The filter comes
 * packed in panels of 8 channels, so that it is read in order.
 *
 * The inner loop keeps a tile of sums in registers: 4 pixels × 8 channels. Of the 16 vector registers of x86 that is 8
 * sums, 2 filter vectors, a value and a product. With 5 pixels it would still fit, but V8 then spills sums wherever the
 * loop over the terms stands in another loop: half the speed (30 instead of 61 GFLOP/s, Node 20, 2026-11).
 */
import {
  done, firstPanel, lastPanelEnd, nextPixels, runAfter, startRuns, startTiles, tapCountOf, tapsOf, total,
} from './run.as';
import { dividesEvenly, shareBegin, shareEnd, shares } from './share.as';
import { OUT_PIXELS, SUMS, SUMS_TO, scratch, storePart, storeTile } from './tile.as';
import { madd } from './vectors.as';

/** Pixels of a tile. */
const TILE: i32 = 4;

/**
 * Products of every run with `channels` channels in panels of 8, `panelBytes` apart; taps say where they begin in a
 * panel.
 */
export function packedProducts(
  runs: usize, runCount: i32, depth: i32, panels: usize, panelBytes: i32, channels: i32, channelAt: i32,
): void {
  const count = (channels + 7) >> 3;
  if (dividesEvenly(count)) {
    const begin = shareBegin(count) << 3;
    panels += shareBegin(count) * panelBytes;
    channels = min(channels, shareEnd(count) << 3) - begin;
    channelAt += begin;
    startRuns(runs, runCount, (channels + 7) >> 3, 1);
  } else {
    startRuns(runs, runCount, count, shares);
  }
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) {
    startTiles(run);
    packedRun(tapCountOf(run), tapsOf(run), depth, panels, panelBytes, channels, channelAt);
  }
}

function packedRun(
  tapCount: i32, taps: usize, depth: i32, panels: usize, panelBytes: i32, channels: i32, channelAt: i32,
): void {
  const tile = scratch;
  const depthBytes = <usize>depth << 2;
  let first = firstPanel << 3;
  while (done < total) {
    const valid = nextPixels(TILE);
    const end = done < total ? channels : min(channels, lastPanelEnd << 3);
    const o0 = load<usize>(tile, OUT_PIXELS), o1 = load<usize>(tile, OUT_PIXELS + 4);
    const o2 = load<usize>(tile, OUT_PIXELS + 8), o3 = load<usize>(tile, OUT_PIXELS + 12);
    let panel = panels + (first >> 3) * panelBytes;
    for (let c = first; c < end; c += 8, panel += panelBytes) {
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
          w += 32;
          x0 += 4;
          x1 += 4;
          x2 += 4;
          x3 += 4;
        } while (x0 < last);
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
    first = 0;
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
