// SPDX-License-Identifier: Apache-2.0
/**
 * The run that a program is at, and its way through the pixels. Every program begins each of its runs with `startRun`.
 */
import {
  A, A_BATCH_STEP, A_COL, A_ROW_STEP, COLS, OUT, OUT_BATCH_STEP, OUT_COL, OUT_ROW_STEP, PIXELS, ROWS, TAPS, TAP_COUNT,
} from '../run_layout';
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
