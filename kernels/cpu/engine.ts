// SPDX-License-Identifier: Apache-2.0
/**
 * The arithmetic that all kernels of the cpu backend share: three products over a grid of pixels. A kernel (one idea, one file)
 * lays out operands and loops over taps; an engine does the multiply-adds.
 *
 * An operand is addressed affinely: pixel (b, r, c) of the grid starts at `offset + b·batch + r·row + c·col` of `data`,
 * in floats, and its channels follow one another. A tap moves the start by a constant.
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

/** Where the pixels of a grid lie in an array; in floats. */
export interface Operand {
  readonly data: Block;
  readonly offset: number;
  readonly batch: number;
  readonly row: number;
  readonly col: number;
}

/** Sums of taps: what `dotProducts` and `broadcastProducts` compute. */
export interface TapProduct {
  readonly grid: Grid;
  /** The operand that is gathered from, and by how many floats each tap moves its start. */
  readonly a: Operand;
  readonly aTaps: readonly number[];
  /** The filter, where each tap's matrix starts in it, and the distance between rows of that matrix, in floats. */
  readonly filter: Block;
  readonly filterTaps: readonly number[];
  readonly filterRow: number;
  /** Terms that each tap adds to a sum, and channels written per pixel. */
  readonly depth: number;
  readonly channels: number;
  readonly out: Operand;
  /** Add to what `out` holds, or overwrite it. */
  readonly accumulate: boolean;
}

/** A sum over pixels of outer products: what `outerProducts` computes. */
export interface OuterProduct {
  readonly grid: Grid;
  readonly a: Operand;
  readonly b: Operand;
  readonly rows: number;
  readonly cols: number;
  /** Row m of the result starts at `outOffset + m·outRow`; the products are added to what it holds. */
  readonly out: Block;
  readonly outOffset: number;
  readonly outRow: number;
}

/** What one kernel call works in: its blocks live until the call ends. */
export interface Workspace {
  /** An operand; not to be written to. */
  input(values: Float32Array): Block;
  /** Room for intermediate values, of unknown content. */
  scratch(length: number): Block;
  /** The array to return, zeros at first. */
  result(length: number): Block;

  /** out[p, n] (+)= Σ_t Σ_k a[p, t, k] · filter[t, n, k]: both operands contiguous in k. */
  dotProducts(product: TapProduct): void;
  /** out[p, n] (+)= Σ_t Σ_k a[p, t, k] · filter[t, k, n]: filter and result contiguous in n. */
  broadcastProducts(product: TapProduct): void;
  /** out[m, n] += Σ_p a[p, m] · b[p, n]. */
  outerProducts(product: OuterProduct): void;
}

export interface Engine {
  readonly name: string;
  /** Runs one kernel call; returns the values of the block that `body` returns, in an array that nobody else holds. */
  run(body: (workspace: Workspace) => Block): Float32Array;
  /** The most bytes of scratch that a single call has used since this was last set to 0. */
  peakScratchBytes: number;
}
