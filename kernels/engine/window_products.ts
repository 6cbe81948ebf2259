// SPDX-License-Identifier: Apache-2.0
/**
 * Products of windows made ready: tiles of outputs by Winograd's minimal filtering (../family/winograd). Tiles of
 * pixels and the taps of the filter are transformed to matrices, one for each value of a transformed tile; these are
 * multiplied by the micro-kernel that all products have (`packedProducts`), and what comes out is transformed back:
 *
 *     pixels  →  [matrix][tile][source, term]  ┐
 *                                              ├→  [matrix][tile][channel]  →  outputs
 *     filter  →  [matrix][source][panel][term][8] ┘
 *
 * Tiles, and channels of the filter, go through in blocks: what is multiplied with what then stays in the caches, and
 * scratch memory is bounded. A filter that is larger than its block is transformed again for every block of tiles.
 */
import type { Filtering, WindowProduct, WindowSource } from './engine';
import type { Draft } from './draft';
import type { Address, Place } from './runs';
import {
  IDENTITY,
  PIXELS_3,
  PIXELS_4,
  SUMS_3_TO_2,
  SUMS_4_TO_2,
  SUMS_4_TO_3,
  TAPS_2_TO_3,
  TAPS_2_TO_4,
  TAPS_3_TO_4,
} from './simd/tile_layout';
import { type Matrix, PANEL, at, matrixOf, rowFloatsOf } from './tap_products';

/** Floats of a block of transformed pixels, of transformed filter, and of sums: 4 MB, 1 MB, half a megabyte. */
const PIXEL_FLOATS = 1 << 20;
const FILTER_FLOATS = 1 << 18;
const SUM_FLOATS = 1 << 17;
/** Between matrices, so that a row does not fall on the same lines of a cache in all of them. */
const SKEW_FLOATS = 80;

/** The transforms of an axis, by how many outputs and taps. */
interface Transforms {
  readonly pixels: number;
  readonly taps: number;
  readonly sums: number;
}
const TRANSFORMS: Readonly<Record<string, Transforms>> = {
  '1 1': { pixels: IDENTITY, taps: IDENTITY, sums: IDENTITY },
  '2 2': { pixels: PIXELS_3, taps: TAPS_2_TO_3, sums: SUMS_3_TO_2 },
  '3 2': { pixels: PIXELS_4, taps: TAPS_2_TO_4, sums: SUMS_4_TO_3 },
  '2 3': { pixels: PIXELS_4, taps: TAPS_3_TO_4, sums: SUMS_4_TO_2 },
};

/** The blocks of a product, and where they lie in scratch memory. */
interface Blocks {
  readonly matrices: number;
  /** Tiles in all, and of a block of pixels and one of sums. */
  readonly tiles: number;
  readonly tilesAtOnce: number;
  readonly tilesOfSums: number;
  /** Channels of a block of filter. */
  readonly channelsAtOnce: number;
  /** Pixels, filter and sums: where they begin, and how far apart matrices and rows are; in bytes. */
  readonly pixels: Matrices;
  readonly filter: Omit<Matrices, 'row'>;
  readonly sums: Matrices;
  /** From a source to the next, in a row of pixels and in the filter. */
  readonly pixelSource: number;
  readonly filterSource: number;
  /** A pixel of zeros, and one that takes what nobody wants. */
  readonly zeros: number;
  readonly unwanted: number;
}
interface Matrices {
  readonly first: number;
  readonly matrix: number;
  readonly row: number;
}

export function windowProducts(draft: Draft, product: WindowProduct): void {
  const { channels, depth, sources, grid } = product;
  if (grid.batch * grid.rows * grid.cols === 0) return;
  const blocks = blocksOf(draft, product);
  const { tiles, tilesAtOnce, tilesOfSums, channelsAtOnce, matrices, pixels, filter, sums } = blocks;
  const [from, to] = [
    sources.map((source) => sourceTiles(draft, product, source, blocks.zeros)),
    outTiles(draft, product, blocks.unwanted),
  ];
  const runsOf = productRuns(draft, product, blocks);
  draft.call('clear', at(blocks.zeros), vectorFloats(depth));
  for (let tile = 0; tile < tiles; tile += tilesAtOnce) {
    const count = Math.min(tilesAtOnce, tiles - tile);
    draft.barrier();
    from.forEach((run, n) => {
      const row = at(pixels.first + n * blocks.pixelSource);
      draft.call('transformPixels', { run }, tile, count, depth, row, pixels.matrix, pixels.row);
    });
    for (let channel = 0; channel < channels; channel += channelsAtOnce) {
      const width = Math.min(channelsAtOnce, channels - channel);
      if (tile === 0 || channelsAtOnce < channels) prepareFilter(draft, product, blocks, channel, width);
      for (let first = 0; first < count; first += tilesOfSums) {
        const rows = Math.min(tilesOfSums, count - first);
        draft.barrier();
        draft.call('clear', at(sums.first), (matrices * sums.matrix) / 4);
        draft.barrier();
        const panelBytes = depth * PANEL * 4;
        const run = runsOf(first, rows);
        draft.call('packedProducts', { run }, matrices, depth, at(filter.first), panelBytes, width, 0);
        draft.barrier();
        const sumsAt = at(sums.first);
        draft.call('transformSums', { run: to }, tile + first, rows, width, channel, sumsAt, sums.matrix, sums.row);
      }
    }
  }
}

function blocksOf({ layout }: Draft, product: WindowProduct): Blocks {
  const { vertical, horizontal, sources, depth, channels, grid } = product;
  const matrices = sizeOf(vertical) * sizeOf(horizontal);
  const tiles = grid.batch * Math.ceil(grid.rows / vertical.outputs) * Math.ceil(grid.cols / horizontal.outputs);
  const pixelSource = vectorFloats(depth);
  const pixelRow = sources.length * pixelSource;
  const tilesAtOnce = blockOf(tiles, 4, PIXEL_FLOATS / (matrices * pixelRow));
  const channelsAtOnce = blockOf(channels, PANEL, FILTER_FLOATS / (matrices * sources.length * depth));
  const sumRow = vectorFloats(channelsAtOnce);
  const tilesOfSums = blockOf(tilesAtOnce, 4, SUM_FLOATS / (matrices * sumRow));
  const filterSource = Math.ceil(channelsAtOnce / PANEL) * PANEL * depth;
  const allocate = (row: number, rows: number): Matrices => {
    const floats = vectorFloats(row * rows) + SKEW_FLOATS;
    return { first: layout.allocate(matrices * floats), matrix: floats * 4, row: row * 4 };
  };
  return {
    matrices,
    tiles,
    tilesAtOnce,
    tilesOfSums,
    channelsAtOnce,
    pixels: allocate(pixelRow, tilesAtOnce),
    filter: allocate(filterSource, sources.length),
    sums: allocate(sumRow, tilesOfSums),
    pixelSource: pixelSource * 4,
    filterSource: filterSource * 4,
    zeros: layout.allocate(pixelSource),
    unwanted: layout.allocate(vectorFloats(channels)),
  };
}

/** So many of `all`: a multiple of `unit` that is at most `most`, but at least one. */
function blockOf(all: number, unit: number, most: number): number {
  return Math.min(all, Math.max(1, Math.floor(most / unit)) * unit);
}

/** Values of a transformed tile along an axis. */
function sizeOf({ outputs, taps }: Filtering): number {
  return outputs + taps - 1;
}

function transformsOf({ outputs, taps }: Filtering): Transforms {
  return TRANSFORMS[`${outputs} ${taps}`];
}

/** Whole vectors of so many floats. */
function vectorFloats(floats: number): number {
  return Math.ceil(floats / 4) * 4;
}

/** Tiles of pixels, as ./simd/tile_layout has them. */
function sourceTiles(
  draft: Draft,
  { grid, vertical, horizontal }: WindowProduct,
  { cells, firstRow, firstCol }: WindowSource,
  zeros: number,
): number {
  const { batch, row, col, ...image } = draft.runs.place(cells.at);
  return draft.runs.record([
    ...tileCounts(grid, vertical, horizontal),
    ...[sizeOf(vertical), sizeOf(horizontal)],
    ...[image, batch, row, col, cells.rows, cells.cols, firstRow, firstCol, at(zeros)],
    ...[transformsOf(vertical).pixels, transformsOf(horizontal).pixels],
  ]);
}

/** The same of outputs. */
function outTiles(draft: Draft, { grid, vertical, horizontal, out }: WindowProduct, unwanted: number): number {
  const { batch, row, col, ...image } = draft.runs.place(out);
  return draft.runs.record([
    ...tileCounts(grid, vertical, horizontal),
    ...[vertical.outputs, horizontal.outputs],
    ...[image, batch, row, col, grid.rows, grid.cols, 0, 0, at(unwanted)],
    ...[transformsOf(vertical).sums, transformsOf(horizontal).sums],
  ]);
}

function tileCounts(grid: WindowProduct['grid'], vertical: Filtering, horizontal: Filtering): number[] {
  const [m, n] = [vertical.outputs, horizontal.outputs];
  return [Math.ceil(grid.rows / m), Math.ceil(grid.cols / n), m, n];
}

/** A run for every matrix, of some tiles of a block; sources are its taps. Made once for equal ones. */
function productRuns(
  { runs }: Draft,
  { sources }: WindowProduct,
  { matrices, pixels, filter, sums, pixelSource, filterSource }: Blocks,
): (first: number, count: number) => number {
  const made = new Map<string, number>();
  const scratchRows = ({ first, matrix, row }: Matrices, n: number, skipped: number): Place => ({
    ...at(first + n * matrix + skipped * row),
    batch: 0,
    row: 0,
    col: row,
  });
  return (first, count) => {
    const key = `${first} ${count}`;
    if (!made.has(key)) {
      made.set(key, runs.begin());
      for (let n = 0; n < matrices; n++) {
        const taps = sources.map((_, source): [number, number] => [
          source * pixelSource,
          n * filter.matrix + source * filterSource,
        ]);
        const grid = { batch: 1, rows: 1, cols: count };
        runs.add(grid, scratchRows(pixels, n, first), scratchRows(sums, n, 0), taps);
      }
    }
    return made.get(key)!;
  };
}

/** Packs and transforms some channels of the filter. */
function prepareFilter(draft: Draft, product: WindowProduct, blocks: Blocks, first: number, width: number): void {
  const { sources, depth, vertical, horizontal, rowsHold, filterRow } = product;
  const { layout } = draft;
  const floats = Math.ceil(width / PANEL) * PANEL * depth;
  const [columns, rows] = [transformsOf(vertical).taps, transformsOf(horizontal).taps];
  const { filter, filterSource } = blocks;
  const [rowWidth, count, begin] = rowsHold === 'terms' ? [depth, width, first * filterRow] : [width, depth, first];
  const rowFloats = rowFloatsOf(filterRow, rowWidth);
  const panelBytes = depth * PANEL * 4;
  const pack = ({ from, rowBytes }: Matrix, to: Address): void =>
    rowsHold === 'terms'
      ? draft.call('packChannelRows', from, rowBytes, depth, width, to, panelBytes)
      : draft.call('packRows', from, rowBytes, depth, width, PANEL, to, panelBytes);
  sources.forEach(({ taps }, n) =>
    layout.scoped(() => {
      const packed = layout.allocate(taps.length * floats);
      draft.barrier();
      const slot = draft.isWhole ? 0 : draft.slotFor(taps.length * count * rowFloats);
      const matrices = taps.map((tap, t) =>
        tap === undefined
          ? undefined
          : matrixOf(draft, tap + begin, filterRow, rowWidth, count, { slot, offset: t * count * rowFloats * 4 }),
      );
      if (!draft.isWhole) draft.barrier();
      matrices.forEach((matrix, t) => {
        const to = at(packed + t * floats * 4);
        if (matrix) pack(matrix, to);
        else draft.call('clear', to, floats);
      });
      draft.barrier();
      const matrix = at(filter.first + n * filterSource);
      draft.call('transformTaps', columns, rows, at(packed), floats * 4, floats, matrix, filter.matrix);
    }),
  );
}
