// SPDX-License-Identifier: Apache-2.0
/**
 * Minimal filtering along the axes of a geometry: which tiles of neighbouring outputs are made at once, by which
 * algorithm. F(m, r) makes m outputs of r taps with m + r − 1 multiplications. How: kernels/family/winograd; here is
 * only what is counted.
 *
 * Phases with as many taps as each other read the same cells, or begin one cell later. Tiles that begin one output
 * earlier then read the same cells in all of them, and are transformed once. With 2 taps, m = 3 and cells a b c …:
 *
 *     cells      . a b c | c d e f |        tile t is the cells 3t − 1 … 3t + 2
 *     phase 0      0 1 2 |   3 4 5 |        output y meets cells y − 1 and y
 *     phase 1    . 0 1   | 2 3 4   |        output y meets cells y and y + 1: the first tile begins at −1
 *
 * That may need a tile more, and then is not done.
 */
import type { Axis } from './axis';
import { type Conv2DTransposeGeometry, heightAxis, isChannelwise, widthAxis } from './geometry';
import { keptBy } from './kept';
import { phases } from './phases';

/** F(outputs, taps), and how many multiplications that takes: the values of a transformed tile. */
export interface Filtering {
  readonly outputs: number;
  readonly taps: number;
  readonly values: number;
}

/** Most taps of a phase: F(2, 4) would need more points. */
const MOST_TAPS = 3;

/** Why a geometry can't be computed so, and what would change that; `undefined` if it can. */
export function whyNotTiled(g: Conv2DTransposeGeometry): string | undefined {
  if (isChannelwise(g))
    return `each of the ${g.groups} channels is a group of its own, and it sums over channels; use fewer groups`;
  if (g.dilationHeight > 1 || g.dilationWidth > 1)
    return `it takes no dilation, which is [${g.dilationHeight}, ${g.dilationWidth}]; use dilations 1`;
  const taps = [heightAxis(g), widthAxis(g)].map(({ kernel, stride }) => Math.ceil(kernel / stride));
  if (Math.max(...taps) > MOST_TAPS)
    return (
      `a phase has ${taps.join(' × ')} taps, and it has transforms for ${MOST_TAPS} at most; use a kernel of at most ` +
      `${MOST_TAPS} times the stride`
    );
  if (Math.max(...taps) === 1)
    return 'a phase has a single tap, of which no multiplication can be saved; use a larger kernel';
  return undefined;
}

const filtering = (outputs: number, taps: number): Filtering => ({ outputs, taps, values: outputs + taps - 1 });
const SINGLE = /* @__PURE__ */ filtering(1, 1);
/** The longest with 4 values, and the shorter one for 2 taps. */
const LONG = [SINGLE, /* @__PURE__ */ filtering(3, 2), /* @__PURE__ */ filtering(2, 3)];
const SHORT = /* @__PURE__ */ filtering(2, 2);

/** Taps that follow each other on an axis, and the outputs that meet them. */
export interface Windows {
  /** The taps in the order of the cells that they read. */
  readonly taps: readonly number[];
  /** The cell that the first output meets through the first tap; may be negative. */
  readonly first: number;
  readonly count: number;
}

/** Those of a phase; its first cell of the output. */
export interface PhaseWindows extends Windows {
  readonly firstOut: number;
}

/** Every s-th cell of the output, from `begin` on, `cells` in all, as windows of the gradient of the input see them. */
export interface SourceWindows extends Windows {
  readonly begin: number;
  readonly cells: number;
}

/** Windows with as many taps as each other, along both axes: every pair is computed. */
export interface Product<W extends Windows> {
  readonly vertical: Filtering;
  readonly horizontal: Filtering;
  readonly rows: readonly W[];
  readonly cols: readonly W[];
}

/** What a pass computes in tiles, and what it computes as it stands: pairs of windows with a single tap. */
export interface Tiling<W extends Windows> {
  readonly products: readonly Product<W>[];
  readonly single: readonly Product<W>[];
}

/** Of the forward pass: all windows of a product share tiles of cells. */
export const forwardTiling = /* @__PURE__ */ keptBy((g: Conv2DTransposeGeometry): Tiling<PhaseWindows> => {
  const tiling = tilingOf(g.batch, phaseWindows(heightAxis(g)), phaseWindows(widthAxis(g)));
  return { ...tiling, products: tiling.products.flatMap(shared) };
});

/** Of the gradient of the input: the sums of all pairs of all products are added up. */
export const inputTiling = /* @__PURE__ */ keptBy((g: Conv2DTransposeGeometry): Tiling<SourceWindows> =>
  tilingOf(g.batch, sourceWindows(heightAxis(g)), sourceWindows(widthAxis(g))),
);

/** How many tiles along an axis cover the outputs of windows that share them. */
export function tilesAlong({ outputs }: Filtering, windows: readonly Windows[]): number {
  const first = firstOf(windows);
  return Math.max(...windows.map((one) => Math.ceil((one.count + one.first - first) / outputs)));
}

/** The first cell that any of some windows reads. */
export function firstOf(windows: readonly Windows[]): number {
  return Math.min(...windows.map(({ first }) => first));
}

/**
 * Multiplications of a channel with another; tiles are multiplied by fours.
 *
 * @param share What the windows of a product share: the cells that they read, or the sums that they make.
 */
export function multiplicationsOf<W extends Windows>(
  batch: number,
  { products, single }: Tiling<W>,
  share: 'cells' | 'sums',
): number {
  let multiplications = 0;
  for (const { vertical, horizontal, rows, cols } of products) {
    const sharing = (windows: readonly W[]): readonly W[] => (share === 'cells' ? windows : windows.slice(0, 1));
    const tiles = batch * tilesAlong(vertical, sharing(rows)) * tilesAlong(horizontal, sharing(cols));
    multiplications += rows.length * cols.length * vertical.values * horizontal.values * inFours(tiles);
  }
  const outputs = (windows: readonly W[]): number => windows.reduce((sum, { count }) => sum + count, 0);
  for (const { rows, cols } of single) multiplications += batch * outputs(rows) * outputs(cols);
  return multiplications;
}

/** Values of transformed tiles of a channel, where the windows of a product share their sums. */
export function transformedBy<W extends Windows>(
  batch: number,
  { products }: Tiling<W>,
): { pixels: number; sums: number } {
  let [pixels, sums] = [0, 0];
  for (const { vertical, horizontal, rows, cols } of products) {
    const tiles = batch * tilesAlong(vertical, rows.slice(0, 1)) * tilesAlong(horizontal, cols.slice(0, 1));
    sums += tiles * vertical.values * horizontal.values;
    pixels += tiles * vertical.values * horizontal.values * rows.length * cols.length;
  }
  return { pixels, sums };
}

function inFours(count: number): number {
  return 4 * Math.ceil(count / 4);
}

function phaseWindows(axis: Axis): PhaseWindows[] {
  return phases(axis)
    .filter(({ taps }) => taps.length > 0)
    .map(({ taps, firstIndex, firstOut, count }) => ({
      // Further taps read further before.
      taps: taps.map(({ tap }) => tap).reverse(),
      first: firstIndex + 1 - taps.length,
      count,
      firstOut,
    }));
}

/** Input i meets tap j·s + n at output i·s + j·s + n − p: cell i + j + first of those that begin at (n − p) mod s. */
function sourceWindows({ stride, kernel, padBegin, inSize, outSize }: Axis): SourceWindows[] {
  return Array.from({ length: Math.min(stride, kernel) }, (_, n) => {
    const first = Math.floor((n - padBegin) / stride);
    const begin = n - padBegin - first * stride;
    const taps = Array.from({ length: Math.ceil((kernel - n) / stride) }, (_tap, j) => j * stride + n);
    return { taps, first, count: inSize, begin, cells: Math.max(0, Math.ceil((outSize - begin) / stride)) };
  });
}

function tilingOf<W extends Windows>(batch: number, rows: readonly W[], cols: readonly W[]): Tiling<W> {
  const all = byTaps(rows).flatMap((some) => byTaps(cols).map((others) => productOf(batch, some, others)));
  const isSingle = ({ vertical, horizontal }: Product<W>): boolean => vertical.taps * horizontal.taps === 1;
  return { products: all.filter((product) => !isSingle(product)), single: all.filter(isSingle) };
}

/** Windows by how many taps they have, those with most of them first. */
function byTaps<W extends Windows>(windows: readonly W[]): W[][] {
  const counts = [...new Set(windows.map(({ taps }) => taps.length))].sort((a, b) => b - a);
  return counts.map((count) => windows.filter(({ taps }) => taps.length === count));
}

/** Multiplications that take as long as transforming a weight, measured: 0.4 ns, 2026-11. */
const TRANSFORMED = 12;

/** The tiles that windows of as many taps are made in: F(2, 2) has fewer values, F(3, 2) fewer tiles. */
function productOf<W extends Windows>(batch: number, rows: readonly W[], cols: readonly W[]): Product<W> {
  const [vertical, horizontal] = [LONG[rows[0].taps.length - 1], LONG[cols[0].taps.length - 1]];
  const long = { vertical, horizontal, rows, cols };
  if (vertical.taps !== 2 || horizontal.taps !== 2) return long;
  const short = { vertical: SHORT, horizontal: SHORT, rows, cols };
  return effort(batch, short) <= effort(batch, long) ? short : long;
}

function effort<W extends Windows>(batch: number, { vertical, horizontal, rows, cols }: Product<W>): number {
  const tiles = batch * tilesAlong(vertical, rows.slice(0, 1)) * tilesAlong(horizontal, cols.slice(0, 1));
  return vertical.values * horizontal.values * (inFours(tiles) + TRANSFORMED);
}

/** The same in products whose windows can share tiles: without them there would not be fewer. */
function shared<W extends Windows>(product: Product<W>): Product<W>[] {
  const { vertical, horizontal } = product;
  const along = (filtering: Filtering, windows: readonly W[]): (readonly W[])[] =>
    tilesAlong(filtering, windows) <= Math.max(...windows.map((one) => tilesAlong(filtering, [one])))
      ? [windows]
      : windows.map((one) => [one]);
  const cols = along(horizontal, product.cols);
  return along(vertical, product.rows).flatMap((some) =>
    cols.map((others) => ({ ...product, rows: some, cols: others })),
  );
}
