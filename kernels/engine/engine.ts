// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernels of the cpu backend share: a few products over grids of pixels. A kernel (one idea, one file) says
 * which pixels, taps and channels meet; an engine does the multiply-adds. Engines: ./plain_engine, ./wasm/wasm_engine.
 */

/** An array where the engine can reach it. `values` may move when another block is made: don't keep it. */
export interface Block {
  readonly values: Float32Array;
}

/** How many pixels a product runs over. */
export interface Grid {
  readonly batch: number;
  readonly rows: number;
  readonly cols: number;
}

/** Where the pixels of a grid lie: pixel (b, r, c) begins `(b·batch + r·row + c·col)·channels` floats after `first`. */
export interface Operand {
  readonly block: Block;
  /** Of the first pixel, in floats; includes the first channel that is meant. */
  readonly first: number;
  /** Floats from one pixel of the tensor to the next. */
  readonly channels: number;
  /** Steps from one image, row and column of the grid to the next, in pixels of the tensor. */
  readonly batch: number;
  readonly row: number;
  readonly col: number;
}

/** A grid of output pixels that meet the same taps. */
export interface Run {
  readonly grid: Grid;
  /** What is gathered from. Each tap moves it by `offset` floats; `tap` says which of the product's taps it is. */
  readonly a: Operand;
  readonly taps: readonly { readonly tap: number; readonly offset: number }[];
  readonly out: Operand;
}

/** Sums over taps and terms: what `dotProducts` and `broadcastProducts` compute. */
export interface TapProduct {
  readonly filter: Float32Array;
  /** Where the matrix of each tap begins in the filter, and how far apart its rows are; in floats. */
  readonly taps: readonly number[];
  readonly filterRow: number;
  /** Terms that each tap adds to a sum. */
  readonly depth: number;
  /** Sums per pixel. */
  readonly channels: number;
  readonly runs: readonly Run[];
}

/** Sums over pixels of outer products: what `outerProducts` computes. */
export interface OuterProduct {
  /** Per tap: which pixels of a meet which of b, and where its sums begin in `out`. */
  readonly taps: readonly {
    readonly grid: Grid;
    readonly a: Operand;
    readonly b: Operand;
    readonly outFirst: number;
  }[];
  /** Channels of a, and of b, that meet: rows and columns of the sums. */
  readonly rows: number;
  readonly cols: number;
  readonly out: Block;
  /** Floats from one row of sums to the next. */
  readonly outRow: number;
}

/** What one kernel call works in: its blocks live until the call ends. */
export interface Workspace {
  /** An operand; not to be written to. */
  input(values: Float32Array): Block;
  /** A block of unknown content. */
  block(length: number): Block;
  /** A block of zeros. */
  zeros(length: number): Block;

  /** out[p, n] += Σ_t Σ_k a[p, t, k] · filter[t, n, k]: rows of a tap's matrix are channels. */
  dotProducts(product: TapProduct): void;
  /** out[p, n] += Σ_t Σ_k a[p, t, k] · filter[t, k, n]: rows of a tap's matrix are terms. */
  broadcastProducts(product: TapProduct): void;
  /** out[m, n] = Σ_p a[p, m] · b[p, n]. */
  outerProducts(product: OuterProduct): void;
  /** to[p, c] += from[p, c] for the first `channels` channels of the pixels of a grid. */
  addPixels(grid: Grid, from: Operand, to: Operand, channels: number): void;
  /** to[p, c] = from[p, c]. */
  copyPixels(grid: Grid, from: Operand, to: Operand, channels: number): void;
}

export interface Engine {
  readonly name: string;
  /** Runs one kernel call; returns what `take` makes of the values of the block that `body` returns. They are gone afterwards: `take` copies them. */
  run<T>(body: (workspace: Workspace) => Block, take: (values: Float32Array) => T): T;
  /** The most bytes that a single call has used besides its tensors since this was last set to 0. */
  peakScratchBytes: number;
  /** Bytes of memory that are kept between calls, for the next; never values. */
  readonly retainedBytes: number;
  /** Gives them back. */
  release(): void;
}
