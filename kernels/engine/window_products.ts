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
 * What is multiplied should stay in the second-level cache, nothing should be transformed twice, and scratch memory is
 * bounded. Where all tiles fit, the filter passes through in blocks of channels. Else, where the filter of all targets
 * does, tiles pass through in blocks. Else both do, and the filter is transformed again for each block of tiles.
 */
import { type Filtering, type WindowProduct, type WindowSource, type WindowTarget, tilesOf } from './engine';
import type { Draft } from './draft';
import type { Place } from './runs';
import { F_2X2_2X2, F_2X2_3X3, F_2X3_3X2, F_2_3, F_3X3_2X2, F_3_2 } from './simd/tile_layout';
import { PANEL, at, matrixOf, rowFloatsOf } from './tap_products';

/** Floats of a filter that is held as a whole: 8 MB. It is read in order, from whichever cache. */
const HELD_FILTER = 1 << 21;
/** Floats of pixels that are met by such a filter, whose rows should be in the second-level cache; of others. */
const PIXELS = 1 << 17;
const MOST_PIXELS = 1 << 20;
/** Floats of all pixels, by which the filter passes; and of a block of the filter, half a megabyte. */
const ALL_PIXELS = 1 << 18;
const FILTER = 1 << 17;
/** Floats of a block of sums: 128 KB. */
const SUMS = 1 << 15;
/** Of such blocks each thread works on a part, so they may be so many times as large, and threads meet less often. */
const MOST_TIMES = 8;
/** Between matrices, so that a row does not fall on the same lines of a cache in all of them. */
const SKEW_FLOATS = 80;

/** By outputs and taps of columns, then of rows. */
const ALGORITHMS: Readonly<Record<string, number>> = {
  '2 2 2 2': F_2X2_2X2,
  '3 2 3 2': F_3X3_2X2,
  '2 3 2 3': F_2X2_3X3,
  '2 3 3 2': F_2X3_3X2,
  '3 2 1 1': F_3_2,
  '2 3 1 1': F_2_3,
};

/** The blocks of a product, and where they lie in scratch memory. */
interface Blocks {
  readonly algorithm: number;
  readonly matrices: number;
  /** Tiles in all, and of a block of pixels and one of sums. */
  readonly tiles: number;
  readonly tilesAtOnce: number;
  readonly tilesOfSums: number;
  /** Channels of a block of filter; whether there is one for each target, to be transformed once. */
  readonly channelsAtOnce: number;
  readonly isHeld: boolean;
  /** Pixels, filter of the first target, sums: where they begin, how far apart matrices and rows are; in bytes. */
  readonly pixels: Matrices;
  readonly filter: Omit<Matrices, 'row'>;
  readonly sums: Matrices;
  /** From a source to the next, in a row of pixels and in the filter; from a target to the next. */
  readonly pixelSource: number;
  readonly filterSource: number;
  readonly filterTarget: number;
  /** A pixel of zeros, and one that takes what nobody wants. */
  readonly zeros: number;
  readonly unwanted: number;
}
interface Matrices {
  readonly first: number;
  readonly matrix: number;
  readonly row: number;
}

export function windowProducts(draft: Draft, asked: WindowProduct): void {
  const product = isTall(asked) ? asked : transposed(asked);
  const { channels, depth, sources, targets } = product;
  const blocks = blocksOf(draft, product);
  const { tiles, tilesAtOnce, tilesOfSums, channelsAtOnce, isHeld, matrices, pixels, sums } = blocks;
  if (tiles === 0) return;
  const from = sources.map((source) => sourceTiles(draft, product, source, blocks));
  const to = targets.map((target) => targetTiles(draft, product, target, blocks));
  const filterOf = filters(draft, product, blocks);
  const runsOf = productRuns(draft, product, blocks);
  const panelBytes = depth * PANEL * 4;
  draft.call('clear', at(blocks.zeros), vectorFloats(depth));
  for (let tile = 0; tile < tiles; tile += tilesAtOnce) {
    const count = Math.min(tilesAtOnce, tiles - tile);
    draft.barrier();
    draft.divided(() =>
      from.forEach((run, n) => {
        const row = at(pixels.first + n * blocks.pixelSource);
        draft.call('transformPixels', { run }, tile, count, depth, row, pixels.matrix, pixels.row);
      }),
    );
    targets.forEach((target, n) => {
      const filterAt = blocks.filter.first + (isHeld ? n * blocks.filterTarget : 0);
      for (let channel = 0; channel < channels; channel += channelsAtOnce) {
        const width = Math.min(channelsAtOnce, channels - channel);
        if (tile === 0 || !isHeld) filterOf(target, filterAt, channel, width);
        for (let first = 0; first < count; first += tilesOfSums) {
          const rows = Math.min(tilesOfSums, count - first);
          draft.barrier();
          draft.call('clear', at(sums.first), (matrices * sums.matrix) / 4);
          draft.barrier();
          const run = runsOf(first, rows);
          draft.divided(() =>
            draft.call('packedProducts', { run }, matrices, depth, at(filterAt), panelBytes, width, 0),
          );
          const sumsAt = at(sums.first);
          draft.divided(() =>
            draft.call(
              'transformSums',
              { run: to[n] },
              ...([tile + first, rows, width, channel] as const),
              ...([sumsAt, sums.matrix, sums.row] as const),
            ),
          );
        }
      }
    });
  }
}

/** Whether columns have as many taps as rows, or more: the algorithms that there are. */
function isTall({ vertical, horizontal }: WindowProduct): boolean {
  return vertical.taps >= horizontal.taps;
}

/** The same product, of images whose rows are columns. */
function transposed(product: WindowProduct): WindowProduct {
  const { vertical, horizontal, sources, targets } = product;
  return {
    ...product,
    vertical: horizontal,
    horizontal: vertical,
    sources: sources.map(({ cells, firstRow, firstCol }) => ({
      cells: { rows: cells.cols, cols: cells.rows, at: { ...cells.at, row: cells.at.col, col: cells.at.row } },
      firstRow: firstCol,
      firstCol: firstRow,
    })),
    targets: targets.map(({ rows, cols, skippedRows, skippedCols, out, taps }) => ({
      ...{ rows: cols, cols: rows, skippedRows: skippedCols, skippedCols: skippedRows },
      out: { ...out, row: out.col, col: out.row },
      taps: taps.map((ofSource) =>
        ofSource.map((_, n) => ofSource[(n % vertical.taps) * horizontal.taps + Math.floor(n / vertical.taps)]),
      ),
    })),
  };
}

function blocksOf({ layout, threads }: Draft, product: WindowProduct): Blocks {
  const { vertical, horizontal, sources, targets, batch, depth, channels } = product;
  const times = Math.min(threads, MOST_TIMES);
  const matrices = vertical.values * horizontal.values;
  const [rows, cols] = tilesOf(product);
  const tiles = batch * rows * cols;
  const pixelSource = vectorFloats(depth);
  const pixelRow = sources.length * pixelSource;
  const filterFloats = (width: number): number => matrices * sources.length * depth * Math.ceil(width / PANEL) * PANEL;
  const fit = tiles * matrices * pixelRow <= ALL_PIXELS;
  const isHeld = !fit && targets.length * filterFloats(channels) <= HELD_FILTER;
  const tilesAtOnce = fit ? tiles : partOf(tiles, 4, (isHeld ? PIXELS : MOST_PIXELS) / (matrices * pixelRow));
  const channelsAtOnce = isHeld ? channels : partOf(channels, 2 * PANEL, ((times * FILTER) / filterFloats(1)) * PANEL);
  const sumRow = vectorFloats(channelsAtOnce);
  const tilesOfSums = partOf(tilesAtOnce, 4, (times * SUMS) / (matrices * sumRow));
  const filterSource = filterFloats(channelsAtOnce) / (matrices * sources.length);
  const allocate = (row: number, count: number, times = 1): Matrices => {
    const floats = vectorFloats(row * count) + SKEW_FLOATS;
    return { first: layout.allocate(times * matrices * floats), matrix: floats * 4, row: row * 4 };
  };
  const filter = allocate(filterSource, sources.length, isHeld ? targets.length : 1);
  return {
    algorithm: algorithmOf(vertical, horizontal),
    ...{ matrices, tiles, tilesAtOnce, tilesOfSums, channelsAtOnce, isHeld, filter },
    pixels: allocate(pixelRow, tilesAtOnce),
    sums: allocate(sumRow, tilesOfSums),
    pixelSource: pixelSource * 4,
    filterSource: filterSource * 4,
    filterTarget: matrices * filter.matrix,
    zeros: layout.allocate(pixelSource),
    unwanted: layout.allocate(vectorFloats(channels)),
  };
}

/** So many of `all` that parts are nearly equal, multiples of `unit`, and at most `most`, but at least one unit. */
function partOf(all: number, unit: number, most: number): number {
  const units = Math.max(1, Math.ceil(all / unit));
  const parts = Math.ceil(units / Math.max(1, Math.floor(most / unit)));
  return Math.min(all, Math.ceil(units / parts) * unit);
}

function algorithmOf(vertical: Filtering, horizontal: Filtering): number {
  return ALGORITHMS[`${vertical.outputs} ${vertical.taps} ${horizontal.outputs} ${horizontal.taps}`];
}

/** Whole vectors of so many floats. */
function vectorFloats(floats: number): number {
  return Math.ceil(floats / 4) * 4;
}

/** Tiles of pixels, as ./simd/tile_layout has them. */
function sourceTiles(
  { runs }: Draft,
  product: WindowProduct,
  { cells, firstRow, firstCol }: WindowSource,
  { zeros, algorithm }: Blocks,
): number {
  const { vertical, horizontal } = product;
  const { batch, row, col, ...image } = runs.place(cells.at);
  return runs.record([
    ...[...tilesOf(product), vertical.outputs, horizontal.outputs, vertical.values, horizontal.values],
    ...[image, batch, row, col, cells.rows, cells.cols, firstRow, firstCol, at(zeros), algorithm, 0],
  ]);
}

/** The same of outputs. */
function targetTiles(
  { runs }: Draft,
  product: WindowProduct,
  { rows, cols, skippedRows, skippedCols, out }: WindowTarget,
  { unwanted, algorithm }: Blocks,
): number {
  const { vertical, horizontal, adds } = product;
  const { batch, row, col, ...image } = runs.place(out);
  return runs.record([
    ...[...tilesOf(product), vertical.outputs, horizontal.outputs, vertical.outputs, horizontal.outputs],
    ...[image, batch, row, col, rows, cols, -skippedRows, -skippedCols, at(unwanted), algorithm, adds ? 1 : 0],
  ]);
}

/** Addresses of what is made once for each key. */
function made(): (key: string, make: () => number) => number {
  const found = new Map<string, number>();
  return (key, make) => {
    if (!found.has(key)) found.set(key, make());
    return found.get(key)!;
  };
}

/** A run for every matrix, of some tiles of a block; sources are its taps. Made once for equal ones. */
function productRuns(
  { runs }: Draft,
  { sources }: WindowProduct,
  { matrices, pixels, filter, sums, pixelSource, filterSource }: Blocks,
): (first: number, count: number) => number {
  const scratchRows = ({ first, matrix, row }: Matrices, n: number, skipped: number): Place => ({
    ...at(first + n * matrix + skipped * row),
    batch: 0,
    row: 0,
    col: row,
  });
  const runOf = made();
  return (first, count) =>
    runOf(`${first} ${count}`, () => {
      const begin = runs.begin();
      for (let n = 0; n < matrices; n++) {
        const taps = sources.map((_, source): [number, number] => [
          source * pixelSource,
          n * filter.matrix + source * filterSource,
        ]);
        const grid = { batch: 1, rows: 1, cols: count };
        runs.add(grid, scratchRows(pixels, n, first), scratchRows(sums, n, 0), taps);
      }
      return begin;
    });
}

/** Packs and transforms some channels of the filter of a target. */
function filters(
  draft: Draft,
  { sources, depth, rowsHold, filterRow }: WindowProduct,
  { algorithm, filter, filterSource }: Blocks,
): (target: WindowTarget, to: number, first: number, width: number) => void {
  const { runs } = draft;
  const holdsChannels = rowsHold === 'channels';
  const recordOf = made();
  return (target, to, first, width) => {
    const [rowWidth, count, begin] = holdsChannels ? [width, depth, first] : [depth, width, first * filterRow];
    const rowFloats = rowFloatsOf(filterRow, rowWidth);
    sources.forEach((_, n) => {
      if (n === 0 || !draft.isWhole) draft.barrier();
      const taps = target.taps[n];
      const slot = draft.isWhole ? 0 : draft.slotFor(taps.length * count * rowFloats);
      const matrices = taps.map((tap, t) =>
        matrixOf(draft, tap + begin, filterRow, rowWidth, count, { slot, offset: t * count * rowFloats * 4 }),
      );
      if (!draft.isWhole) draft.barrier();
      const [{ from, rowBytes }] = matrices;
      const after = matrices.map((matrix) => matrix.from.offset - from.offset);
      const words = [algorithm, holdsChannels ? 1 : 0, rowBytes, depth, filter.matrix, taps.length, ...after];
      const run = recordOf(words.join(), () => runs.record(words));
      draft.call('transformFilter', { run }, from, width, at(to + n * filterSource));
    });
  };
}
