// SPDX-License-Identifier: Apache-2.0
/** The runs of a program, as ./simd/products.as.ts reads them: written one after another, in words of 32 bits. */
import type { Block, Grid, Operand, PixelPairs, Run } from './engine';
import {
  A,
  A_BATCH_STEP,
  A_COL,
  A_ROW_STEP,
  COLS,
  OUT,
  OUT_BATCH_STEP,
  OUT_COL,
  OUT_ROW_STEP,
  PIXELS,
  ROWS,
  TAPS,
  TAP_COUNT,
} from './simd/run_layout';

/** An address, counted from the beginning of a block. */
export interface Address {
  readonly block: Block;
  readonly offset: number;
}

/** Where the pixels of an operand lie. */
export interface Place extends Address {
  readonly batch: number;
  readonly row: number;
  readonly col: number;
}

/** What a run's taps are in memory: by how many bytes each moves a, and where its part of the other operand begins. */
export type Tap = readonly [moves: number, at: number];

export class Runs {
  readonly words: number[] = [];
  /** Which words count from the beginning of a block. */
  readonly counted: Record<Block, number[]> = { first: [], second: [], out: [], scratch: [] };

  /** @param scratch Where the scratch memory of the plan begins in that of the program. */
  constructor(private readonly scratch: number) {}

  /** Where the next run begins, in bytes after the first. */
  begin(): number {
    return this.words.length * 4;
  }

  add({ batch, rows, cols }: Grid, a: Place, out: Place, taps: readonly Tap[]): void {
    const words = new Array<number>(TAPS).fill(0);
    words[ROWS] = rows;
    words[COLS] = cols;
    words[PIXELS] = batch * rows * cols;
    words[A] = a.offset;
    words[A_COL] = a.col;
    words[A_ROW_STEP] = a.row - cols * a.col;
    words[A_BATCH_STEP] = a.batch - rows * a.row;
    words[OUT] = out.offset;
    words[OUT_COL] = out.col;
    words[OUT_ROW_STEP] = out.row - cols * out.col;
    words[OUT_BATCH_STEP] = out.batch - rows * out.row;
    words[TAP_COUNT] = taps.length;
    this.counted[a.block].push(this.words.length + A);
    this.counted[out.block].push(this.words.length + OUT);
    this.words.push(...words);
    for (const [moves, at] of taps) this.words.push(moves, at);
  }

  /** Adds the runs of a product whose taps skip `skipped` terms; returns where they begin. */
  ofTaps(runs: readonly Run[], matrixOf: (tap: number) => number, skipped = 0): number {
    const begin = this.begin();
    for (const { grid, a, out, taps } of runs) {
      const inMemory = taps.map(({ tap, offset }): Tap => [(offset + skipped) * 4, matrixOf(tap)]);
      this.add(grid, this.place(a), this.place(out), inMemory);
    }
    return begin;
  }

  /** Adds runs over pairs of pixels; returns where they begin. */
  ofPairs(runs: readonly PixelPairs[]): number {
    const begin = this.begin();
    for (const { grid, a, b, outFirst } of runs) this.add(grid, this.place(a), this.place(b), [[0, outFirst * 4]]);
    return begin;
  }

  /** Adds words as they are, and addresses; returns where they begin. */
  record(words: readonly (number | Address)[]): number {
    const begin = this.begin();
    for (const word of words) {
      if (typeof word !== 'number') this.counted[word.block].push(this.words.length);
      this.words.push(typeof word === 'number' ? word : word.offset);
    }
    return begin;
  }

  place({ block, first, channels, batch, row, col }: Operand): Place {
    const pixel = channels * 4;
    return { ...this.address(block, first), batch: batch * pixel, row: row * pixel, col: col * pixel };
  }

  /** The address of a float of a block. */
  address(block: Block, float: number): Address {
    return { block, offset: (block === 'scratch' ? this.scratch : 0) + float * 4 };
  }
}
