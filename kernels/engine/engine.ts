// SPDX-License-Identifier: Apache-2.0
/**
 * What an engine computes: a few products over grids of pixels. A kernel (one idea, one file in ../family) lays a call
 * out as a plan of such steps, once for each geometry; an engine does the multiply-adds. Engines: ./plain_engine,
 * ./simd_engine.
 */

/** The arrays that a plan works on: both operands, the result, and scratch memory. */
export type Block = 'first' | 'second' | 'out' | 'scratch';

/** How many pixels a step runs over. */
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

/**
 * Sums over taps and terms, added to the output pixels; the second operand is the filter:
 *
 *     dotProducts        out[p, n] += Σ_t Σ_k a[p, t, k] · filter[t, n, k]    rows of a tap's matrix are channels
 *     broadcastProducts  out[p, n] += Σ_t Σ_k a[p, t, k] · filter[t, k, n]    rows of a tap's matrix are terms
 */
export interface TapProduct {
  readonly kind: 'dotProducts' | 'broadcastProducts';
  /** Where the matrix of each tap begins in the filter, and how far apart its rows are; in floats. */
  readonly taps: readonly number[];
  readonly filterRow: number;
  /** Terms that each tap adds to a sum. */
  readonly depth: number;
  /** Sums per pixel. */
  readonly channels: number;
  readonly runs: readonly Run[];
}

/** Sums over taps, channel by channel, added to the output pixels: out[p, c] += Σ_t a[p, t, c] · filter[t, c]. */
export interface ChannelProduct {
  readonly kind: 'channelProducts';
  /** Where the filter is. */
  readonly filter: Block;
  /** Where the channels of each tap begin in the filter, in floats. */
  readonly taps: readonly number[];
  readonly channels: number;
  readonly runs: readonly Run[];
}

/**
 * Sums over taps and terms of every group of channels, added to the output pixels; rows of a tap's matrix are terms and
 * hold the channels of all groups: out[p, g, n] += Σ_t Σ_k a[p, t, g, k] · filter[t, k, g, n].
 */
export interface GroupProduct {
  readonly kind: 'groupProducts';
  /** Where the filter is. */
  readonly filter: Block;
  /** Where the matrix of each tap begins in it, and how far apart its rows are; in floats. */
  readonly taps: readonly number[];
  readonly filterRow: number;
  readonly groups: number;
  /** Terms that each tap adds to a sum, and sums per pixel, of a group. */
  readonly depth: number;
  readonly channels: number;
  readonly runs: readonly Run[];
}

/** Sums over pixels, channel by channel, added to a block: out[c] += Σ_p a[p, c] · b[p, c]. */
export interface ChannelSum {
  readonly kind: 'channelSums';
  /** Where the sums go. */
  readonly out: Block;
  /** Which pixels of a meet which of b, and where their sums begin in that block. */
  readonly runs: readonly PixelPairs[];
  readonly channels: number;
}

/**
 * Sums over pixels of outer products of every group of channels, added to the result:
 * out[m, g, n] += Σ_p a[p, g, m] · b[p, g, n].
 */
export interface GroupSum {
  readonly kind: 'groupSums';
  readonly runs: readonly PixelPairs[];
  readonly groups: number;
  /** Channels of a, and of b, that meet in a group: rows and columns of its sums. */
  readonly rows: number;
  readonly cols: number;
  /** Floats from one row of sums to the next. */
  readonly outRow: number;
}

/** Pixels of two operands that meet, and where the sums over them begin, in floats. */
export interface PixelPairs {
  readonly grid: Grid;
  readonly a: Operand;
  readonly b: Operand;
  readonly outFirst: number;
}

/** Sums over pixels of outer products, written to the result: out[m, n] = Σ_p a[p, m] · b[p, n]. */
export interface OuterProduct {
  readonly kind: 'outerProducts';
  readonly taps: readonly PixelPairs[];
  /** Channels of a, and of b, that meet: rows and columns of the sums. */
  readonly rows: number;
  readonly cols: number;
  /** Floats from one row of sums to the next. */
  readonly outRow: number;
}

/** to[p, c] += from[p, c], or to[p, c] = from[p, c], for the first `channels` channels of the pixels of a grid. */
export interface PixelMove {
  readonly kind: 'addPixels' | 'copyPixels';
  readonly grid: Grid;
  readonly from: Operand;
  readonly to: Operand;
  readonly channels: number;
}

/**
 * An image of which any pixel may be read, and what is not in it counts as 0. Pixel (b, r, c) of it lies as an operand
 * says.
 */
export interface Cells {
  readonly rows: number;
  readonly cols: number;
  readonly at: Operand;
}

/** Taps of a window along an axis, outputs of a tile, and values that become of it: F(outputs, taps) of Winograd. */
export interface Filtering {
  readonly outputs: number;
  readonly taps: number;
  readonly values: number;
}

/**
 * Sums over windows of images; with the taps (i, j) of a window, row by row, each target gets
 *
 *     out[b, r, c, n] = Σ_sources Σ_ij Σ_k cells[b, firstRow + r + i, firstCol + c + j, k] · filter[tap ij, n, k]
 *
 * or filter[tap ij, k, n]. Engines may make tiles of outputs at once, with fewer multiplications (../family/winograd
 * says how), and an error that is not that of the sums. What they make of the sources is the same for all targets.
 */
export interface WindowProduct {
  readonly kind: 'windowProducts';
  /** Who follows one another in a row of a tap's matrix: the terms of a channel, or the channels of a term. */
  readonly rowsHold: 'terms' | 'channels';
  readonly filterRow: number;
  readonly depth: number;
  readonly channels: number;
  readonly vertical: Filtering;
  readonly horizontal: Filtering;
  readonly batch: number;
  readonly sources: readonly WindowSource[];
  readonly targets: readonly WindowTarget[];
  /** Whether sums are added to the output pixels, or written over them. */
  readonly adds: boolean;
}

/** What is gathered from, and where a window of it begins for the output (0, 0) of a target that skips nothing. */
export interface WindowSource {
  readonly cells: Cells;
  readonly firstRow: number;
  readonly firstCol: number;
}

/** A rectangle of outputs, the first of which meets a window that begins so many rows and columns further on. */
export interface WindowTarget {
  readonly rows: number;
  readonly cols: number;
  readonly skippedRows: number;
  readonly skippedCols: number;
  readonly out: Operand;
  /** Where the matrix of each tap of a window begins in the filter, for every source. */
  readonly taps: readonly (readonly number[])[];
}

/** How many tiles cover the outputs of all targets, along each axis. */
export function tilesOf({ vertical, horizontal, targets }: WindowProduct): readonly [rows: number, cols: number] {
  const along = ({ outputs }: Filtering, counts: readonly number[]): number => Math.ceil(Math.max(...counts) / outputs);
  return [
    along(
      vertical,
      targets.map(({ rows, skippedRows }) => rows + skippedRows),
    ),
    along(
      horizontal,
      targets.map(({ cols, skippedCols }) => cols + skippedCols),
    ),
  ];
}

/** Sets the first floats of the scratch memory to 0. */
export interface ClearScratch {
  readonly kind: 'clearScratch';
  readonly floats: number;
}

export type Step =
  | TapProduct
  | OuterProduct
  | ChannelProduct
  | GroupProduct
  | ChannelSum
  | GroupSum
  | WindowProduct
  | PixelMove
  | ClearScratch;

/** A kernel call laid out: it depends on the geometry alone, and is kept with it. */
export interface Plan {
  /** Floats of each block. */
  readonly lengths: Readonly<Record<Block, number>>;
  /** Whether the result begins as zeros, to be added to; else the steps write all of it. */
  readonly zeros: boolean;
  readonly steps: readonly Step[];
  /** Whether each step writes other elements than the rest, and reads none that they write: any order will do. */
  readonly areApart?: boolean;
}

/** WebAssembly memory that tensors lie in, and its allocator. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** The address of so many bytes; 0 if there are none left. The memory may grow. */
  allocate(bytes: number): number;
  free(address: number): void;
}

/** Where the tensors of a plan lie in a heap: addresses in bytes. */
export type TensorsAt = Readonly<Record<Exclude<Block, 'scratch'>, number>>;

/** Runs a plan on tensors where they lie. Returns whether it has: without room for scratch memory nothing changes. */
export type InPlace = (plan: Plan, at: TensorsAt) => boolean;

/**
 * What can be done to sums where they lie: s = sum + bias becomes slope · s if it is below 0, `most` if it is above
 * that. A bias and a slope for each channel.
 */
export interface Curves {
  readonly biases: Float32Array;
  readonly slopes: Float32Array;
  readonly most: number;
}

/** Does so to `count` sums at an address. Returns whether it has: without room for scratch memory nothing changes. */
export type FuseInPlace = (sums: number, count: number, curves: Curves) => boolean;

/** What is made of the values of a result, and of room for them if there is any. */
export type Take<T> = (values: Float32Array, room?: Float32Array) => T;

export interface Engine {
  readonly name: string;
  /**
   * Runs a plan on two operands, which it leaves alone.
   *
   * @param makesRoom Whether `take` wants an array to copy them to, if it can be had in no time.
   * @returns what `take` makes of the values of the result. They are gone afterwards: `take` copies them.
   */
  run<T>(plan: Plan, first: Float32Array, second: Float32Array, take: Take<T>, makesRoom?: boolean): T;
  /** What runs plans in a heap. Absent, or `undefined`, if this engine can't compute there. */
  inPlace?(heap: Heap): InPlace | undefined;
  /** Whether several threads are to run a plan on copies that one could run in a heap. Absent: never. */
  prefersThreads?(plan: Plan): boolean;
  /** The same as `inPlace` for what is fused with sums. */
  fuseInPlace?(heap: Heap): FuseInPlace | undefined;
  /** Threads that it has, the caller's included; a call that isn't worth several runs on one. Absent: one. */
  readonly threads?: number;
  /** Whether its threads are left out for now, as benches do that compare one with several. */
  rests: boolean;
  /** Starts so many, in place of those there are. @throws Error if there can't be several, with the reason. */
  startThreads?(count: number): Promise<void>;
  /** Why they are fewer than were asked for. */
  whyFewer?: string;
  /** Called when they are lost, because one has died or failed; calls are right on one thread from then on. */
  lostThreads?: (reason: string) => void;
  /** The most bytes that a single call has used besides its tensors since this was last set to 0. */
  peakScratchBytes: number;
  /** Bytes of memory that are kept between calls, for the next; never values. */
  readonly retainedBytes: number;
  /** Gives them back. */
  release(): void;
}

/** Where a pixel of an operand begins, in floats. */
export function pixelAt({ first, channels, batch, row, col }: Operand, b: number, r: number, c: number): number {
  return first + (b * batch + r * row + c * col) * channels;
}

/** Pixels of a grid. */
export function pixelsIn({ batch, rows, cols }: Grid): number {
  return batch * rows * cols;
}
