// SPDX-License-Identifier: Apache-2.0
/**
 * The run that a program is at, and its way through the pixels. Every program begins each of its runs with `startRun`,
 * or with `startTiles` where it does its share of tiles of 4 pixels.
 */
import {
  A, A_BATCH_STEP, A_COL, A_ROW_STEP, COLS, OUT, OUT_BATCH_STEP, OUT_COL, OUT_ROW_STEP, PIXELS, ROWS, TAPS, TAP_COUNT,
} from '../run_layout';
import { share, shares } from './share.as';
import { A_PIXELS, OUT_PIXELS, scratch } from './tile.as';

export let rows: i32 = 0;
export let cols: i32 = 0;
export let total: i32 = 0;
export let aCol: i32 = 0;
export let aRowStep: i32 = 0;
export let aBatchStep: i32 = 0;
export let outCol: i32 = 0;
export let outRowStep: i32 = 0;
export let outBatchStep: i32 = 0;
export let aAt: usize = 0;
export let outAt: usize = 0;
export let row: i32 = 0;
export let col: i32 = 0;
export let done: i32 = 0;

@inline
export function word(run: usize, n: i32): i32 {
  return load<i32>(run + (<usize>n << 2));
}

/** Goes to the first pixel of a run. */
export function startRun(run: usize): void {
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

/** Pixels of a tile. */
const TILE: i32 = 4;
/** Work before the run, and where that of this share begins and ends: a tile of a panel is worth its taps. */
let worked: i64 = 0;
let workBegin: i64 = 0;
let workEnd: i64 = 0;
/** The panels of a tile, and those of the first and of the last tile of this share that are in it. */
let panelCount: i32 = 1;
export let firstPanel: i32 = 0;
export let lastPanelEnd: i32 = 1;

/** Says which runs follow, whose pixels are to meet so many panels each: work to be divided among `parts` shares. */
export function startRuns(runs: usize, runCount: i32, panels: i32, parts: i32): void {
  panelCount = panels;
  worked = 0;
  workBegin = 0;
  workEnd = i64.MAX_VALUE;
  if (parts === 1) return;
  let work: i64 = 0;
  let run = runs;
  for (let n = 0; n < runCount; n++, run = runAfter(run)) work += workOf(run);
  workBegin = (work * share) / parts;
  workEnd = (work * (share + 1)) / parts;
}

@inline
function tilesOf(run: usize): i32 {
  return (word(run, PIXELS) + TILE - 1) / TILE;
}

@inline
function workOf(run: usize): i64 {
  return <i64>tilesOf(run) * panelCount * max(1, tapCountOf(run));
}

/** Goes to the first pixel of this share of a run. The pixels of a tile are the same for any number of shares. */
export function startTiles(run: usize): void {
  startRun(run);
  firstPanel = 0;
  lastPanelEnd = panelCount;
  const before = worked;
  worked += workOf(run);
  if (workBegin <= before && worked <= workEnd) return;
  const each: i64 = max(1, tapCountOf(run));
  const units = tilesOf(run) * panelCount;
  // Rounded up at both ends: where a share ends, the next begins.
  const begin = <i32>max<i64>(0, min<i64>(units, (workBegin - before + each - 1) / each));
  const end = <i32>max<i64>(0, min<i64>(units, (workEnd - before + each - 1) / each));
  if (begin >= end) {
    done = total;
    return;
  }
  const first = begin / panelCount;
  const last = (end - 1) / panelCount;
  firstPanel = begin - first * panelCount;
  lastPanelEnd = end - last * panelCount;
  skip(first * TILE);
  total = min(total, (last + 1) * TILE);
}

/** Goes so many pixels on from the first. */
function skip(count: i32): void {
  const perImage = rows * cols;
  const image = count / perImage;
  row = (count - image * perImage) / cols;
  col = count - image * perImage - row * cols;
  const aRow = cols * aCol + aRowStep, outRow = cols * outCol + outRowStep;
  aAt += image * (rows * aRow + aBatchStep) + row * aRow + col * aCol;
  outAt += image * (rows * outRow + outBatchStep) + row * outRow + col * outCol;
  done = count;
}

/**
 * Where the taps of a run lie: pairs of i32, by how many bytes each moves a, and where its part of the filter begins.
 */
@inline
export function tapsOf(run: usize): usize {
  return run + (TAPS << 2);
}

@inline
export function tapCountOf(run: usize): i32 {
  return word(run, TAP_COUNT);
}

@inline
export function runAfter(run: usize): usize {
  return tapsOf(run) + (<usize>tapCountOf(run) << 3);
}

/**
 * Writes the addresses of the next `count` pixels, in a and in out, to scratch memory; the last pixel stands in for
 * missing ones.
 */
export function nextPixels(count: i32): i32 {
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
