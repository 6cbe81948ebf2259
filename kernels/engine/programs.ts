// SPDX-License-Identifier: Apache-2.0
/** What ./simd/products.as.ts exports. Addresses and distances are in bytes; runs lie as ./simd/run_layout says. */

export interface Programs {
  /** Bytes of scratch memory that the programs need, and where it is in a call: to be said before anything else. */
  readonly SCRATCH_BYTES: WebAssembly.Global;
  useScratch(address: number): void;
  /** Says which of how many shares of the work the next programs do: threads call them with the same arguments. */
  useShare(index: number, count: number): void;
  /** Adds the products with `channels` channels, from `channelAt` on, whose filter is packed in panels of 8. */
  packedProducts(
    runs: number,
    runCount: number,
    depth: number,
    panels: number,
    panelBytes: number,
    channels: number,
    channelAt: number,
  ): void;
  /** Adds the products with `channels` channels, from `channelAt` on, whose terms lie in a row each. */
  dotProducts(
    runs: number,
    runCount: number,
    depth: number,
    filter: number,
    rowBytes: number,
    channels: number,
    channelAt: number,
  ): void;
  /** Packs a matrix whose rows are channels into panels of [depth][8]. */
  packChannelRows(
    from: number,
    rowBytes: number,
    depth: number,
    channels: number,
    to: number,
    panelBytes: number,
  ): void;
  /** Packs a matrix whose rows are terms into panels of [depth][width]. */
  packRows(
    from: number,
    rowBytes: number,
    depth: number,
    channels: number,
    width: number,
    to: number,
    panelBytes: number,
  ): void;
  /** Writes `height` × `width` sums of outer products for every run; its only tap says where they begin after `out`. */
  outerSums(
    runs: number,
    runCount: number,
    out: number,
    rowBytes: number,
    height: number,
    width: number,
    aPanelBytes: number,
    bPanelBytes: number,
  ): void;
  /** Adds the products of every run, channel by channel; taps say where their channels begin after `filter`. */
  channelProducts(runs: number, runCount: number, filter: number, channels: number): void;
  /**
   * Adds the products of every run, group by group; taps say where their first group begins after `filter`, whose rows
   * are terms.
   */
  groupProducts(
    runs: number,
    runCount: number,
    filter: number,
    rowBytes: number,
    depth: number,
    channels: number,
    groups: number,
  ): void;
  /** Adds the sums of every run over its pixels; its only tap says where they begin after `out`. */
  channelSums(runs: number, runCount: number, out: number, channels: number): void;
  /**
   * Adds `height` × `width` sums of outer products of every group for every run; its only tap says where they begin
   * after `out`.
   */
  groupSums(
    runs: number,
    runCount: number,
    out: number,
    rowBytes: number,
    height: number,
    width: number,
    groups: number,
  ): void;
  /** Adds biases to sums and bends them; biases and slopes are `period` floats, a multiple of 4, again and again. */
  fuseCurves(sums: number, count: number, biases: number, slopes: number, period: number, most: number): void;
  /** Adds (1) or copies (0) `channels` floats of every pixel of a run. */
  movePixels(run: number, channels: number, accumulate: number): void;
  /** Writes `count` floats of 0. */
  clear(to: number, count: number): void;
  /**
   * Transforms tiles of pixels (./simd/tile_layout), `count` from the `first` on, to rows of matrices, `tileBytes`
   * apart in each.
   */
  transformPixels(
    tiles: number,
    first: number,
    count: number,
    channels: number,
    to: number,
    matrixBytes: number,
    tileBytes: number,
  ): void;
  /**
   * Packs and transforms `channels` channels of a filter (./simd/tile_layout), whose first tap begins at `from`, to
   * panels of 8.
   */
  transformFilter(filter: number, from: number, channels: number, to: number): void;
  /** Transforms rows of matrices to tiles of sums, in `channels` channels from `channelAt` on. */
  transformSums(
    tiles: number,
    first: number,
    count: number,
    channels: number,
    channelAt: number,
    from: number,
    matrixBytes: number,
    tileBytes: number,
  ): void;
}
