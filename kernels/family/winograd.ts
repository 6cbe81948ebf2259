// SPDX-License-Identifier: Apache-2.0
/**
 * Winograd: minimal filtering on the dense correlations of stride 1 that sub-pixel phases are, and the input gradient.
 * m neighbouring outputs of a filter of r taps, F(m, r), need m + r − 1 multiplications instead of m·r. F(2, 2), of
 * pixels a b c and taps g h:
 *
 *     p = (a − b) g      q = b (g + h)      s = (c − b) h      outputs  p + q = a g + b h  and  q + s = b g + c h
 *
 * In two dimensions it is done to columns, then to rows: F(2 × 2, 2 × 2) needs 9 products instead of 16,
 * F(3 × 3, 2 × 2) 16 of 36, F(2 × 2, 3 × 3) 16 of 36. A product of a transformed tile is one of vectors of channels:
 * over all tiles and channels they are 9 or 16 matrix products. Phases with as many taps as each other read the same
 * transformed tiles (src/geometry/minimal_filtering). Taps of several sources, the phases of a strided gradient, add up
 * before they are transformed back. A phase of a single tap has nothing to save, and is computed as it stands. Groups
 * are computed one by one.
 *
 * **Error.** Sums are made of pixels, and of taps, before they are multiplied. So an error is not relative to the terms
 * of its own sum, as that of all other variants is, but to the largest values in reach: with B, G and A the matrices
 * that transform pixels, taps and sums, and n terms of a product (channels, by sources),
 *
 *     |y − y64| ≤ u (n + 10) Σ |Aᵀ| (|Bᵀ| |x| |B| · |G| |w| |Gᵀ|) |A|      u = ε32 / 2
 *
 * of every tile, summed over channels. A value passes at most 2 additions on its way to a pixel of a transformed tile,
 * 4 to a tap and 4 from the sums, each of which rounds once, as do the n of its sum; halves are exact (the argument is
 * that of Barabasz et al., for these matrices). Of the gradient, sums by up to 4 shapes of windows are added up: n + 14
 * for n + 10. The points 0, 1, −1 and ∞ alone keep |A|, |B| and |G| small, at most 4 max|x| Σ|w| along an axis;
 * F(4, ·) needs ±2 as well, is faster still and ten times less exact. Infinity becomes NaN (∞ − ∞). F(3, 2)
 * reads b and c of its pixels a b c d for all three outputs: NaN reaches one more along an axis than by the definition.
 *
 * Scratch: blocks of transformed tiles, filter and sums (../engine/window_products), below 16 MB up to 1024 channels.
 *
 * Sources: S. Winograd, "Arithmetic Complexity of Computations", SIAM 1980; A. Lavin and S. Gray, arXiv:1509.09308;
 * B. Barabasz, A. Anderson, K. M. Soodhalter and D. Gregg, "Error analysis and improving the accuracy of Winograd
 * convolution for deep neural networks", arXiv:1803.10986.
 */
import { type Support, SUPPORTED, type Variant, allowsFastMath, unsupported } from '../../src/contract';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { keptBy } from '../../src/geometry/kept';
import {
  type PhaseWindows,
  type Product,
  type SourceWindows,
  firstOf,
  forwardTiling,
  inputTiling,
  multiplicationsOf,
  transformedBy,
  whyNotTiled,
} from '../../src/geometry/minimal_filtering';
import { contributions } from '../../src/geometry/phases';
import { inputSums } from './backprop_input';
import type { Plan, Run, Step } from '../engine/engine';
import { currentEngine } from '../engine/engines';
import {
  type Group,
  type Tap,
  filterTap,
  forwardProduct,
  groupsOf,
  imageOfX,
  inputImage,
  outputImage,
  pixels,
  planOf,
  tapPixels,
} from './layout';

/** Terms of a tile, sources × channels, of which four tiles and 16 channels of filter are at most 10 MB. */
const MOST_TERMS = 8192;

/** Whether the variant, and the input gradient of its kind, can run a geometry. */
export function supportsWinograd(g: Conv2DTransposeGeometry): Support {
  const reason = whyNotTiled(g);
  if (reason !== undefined) return unsupported(reason);
  const depth = g.inChannels / g.groups;
  if (depth > MOST_TERMS)
    return unsupported(
      `it sums over ${MOST_TERMS} channels of a group at most, and there are ${depth}; use more groups`,
    );
  if (currentEngine().name === 'plain')
    return unsupported("the engine 'plain' has no transforms; it needs WebAssembly SIMD");
  return SUPPORTED;
}

/** Whether the input gradient is computed so: the user allows it, or has asked for the variant, and it pays. */
export function takesWinogradInput(g: Conv2DTransposeGeometry, variant: Variant): boolean {
  return (variant === 'winograd' || allowsFastMath()) && supportsWinograd(g).supported && paysInput(g);
}

/** Multiply-adds that a layer must have for it to pay, and the part of their time that it may be predicted to take. */
const LEAST_MULTIPLY_ADDS = 2e6;
const MOST_TIME = 0.87;
/** To transform a value takes as long as a multiply-add, and as so many more to find it (src/choice/cost_model). */
const FOUND = 128;

const paysInput = keptBy((g: Conv2DTransposeGeometry): boolean => {
  const { batch, groups, inChannels, outChannels } = g;
  const met = batch * contributions(heightAxis(g)) * contributions(widthAxis(g));
  const [inDepth, outDepth] = [inChannels / groups, outChannels / groups];
  const exact = met * inDepth * outDepth;
  const { pixels, sums } = transformedBy(batch, inputTiling(g));
  const predicted =
    multiplicationsOf(batch, inputTiling(g), 'sums') * inDepth * outDepth +
    pixels * (outDepth + FOUND) +
    sums * (inDepth + FOUND);
  const terms = inputTiling(g).products.map(({ rows, cols }) => rows.length * cols.length * outDepth);
  if (Math.max(...terms) > MOST_TERMS) return false;
  return exact * groups >= LEAST_MULTIPLY_ADDS && predicted <= MOST_TIME * exact;
});

export function winograd(g: Conv2DTransposeGeometry): Plan {
  const { products, single } = forwardTiling(g);
  const taps = single.flatMap(({ rows, cols }) =>
    rows.flatMap((row) => cols.map((col) => ({ tapRow: row.taps[0], tapCol: col.taps[0] }))),
  );
  const steps = groupsOf(g).flatMap((group) => [
    ...products.map((product) => phasesOf(g, group, product)),
    ...(taps.length > 0 ? [singleTaps(g, group, taps)] : []),
  ]);
  const meetNoTap = g.filterHeight < g.strideHeight || g.filterWidth < g.strideWidth;
  return planOf('forward', g, steps, { zeros: taps.length > 0 || meetNoTap });
}

/** Phases with a single tap, of which no multiplication can be saved: as they stand. */
function singleTaps(g: Conv2DTransposeGeometry, group: Group, taps: readonly Tap[]): Step {
  const runs = taps.map((tap, n): Run => {
    const { grid, row, col, output } = tapPixels(g, tap, group, 'out');
    return { grid, a: imageOfX('first', g, group, { row, col }), taps: [{ tap: n, offset: 0 }], out: output };
  });
  return forwardProduct(g, group, taps, runs);
}

/** Phases with as many taps as each other, all of which read the same tiles. */
function phasesOf(
  g: Conv2DTransposeGeometry,
  group: Group,
  { vertical, horizontal, rows, cols }: Product<PhaseWindows>,
): Step {
  const { inHeight, inWidth, inChannels: filterRow, strideHeight: rowStep, strideWidth: colStep } = g;
  const { inDepth: depth, outDepth: channels, inChannel, outChannel: channel } = group;
  const [firstRow, firstCol] = [firstOf(rows), firstOf(cols)];
  const cells = { rows: inHeight, cols: inWidth, at: pixels('first', inputImage(g), { channel: inChannel }) };
  const targets = rows.flatMap((row) =>
    cols.map((col) => ({
      rows: row.count,
      cols: col.count,
      skippedRows: row.first - firstRow,
      skippedCols: col.first - firstCol,
      out: pixels('out', outputImage(g), { row: row.firstOut, col: col.firstOut, rowStep, colStep, channel }),
      taps: [matricesOf(g, group, row.taps, col.taps)],
    })),
  );
  return {
    ...{ kind: 'windowProducts', rowsHold: 'terms', filterRow, depth, channels, batch: g.batch },
    ...{ vertical, horizontal, sources: [{ cells, firstRow, firstCol }], targets, adds: false },
  };
}

/**
 * The gradient with respect to x, a convolution with strides: every s-th row and column of dy meets every s-th tap with
 * stride 1, and the sums of all s × s such sources add up, those with as many taps before they are transformed back.
 */
export function winogradInput(g: Conv2DTransposeGeometry): Plan {
  const { products, single } = inputTiling(g);
  const tapsOf = (windows: readonly SourceWindows[]): number[] => windows.flatMap(({ taps }) => taps);
  const steps = groupsOf(g).flatMap((group) => [
    ...products.map((product, n) => sourcesOf(g, group, product, n > 0)),
    ...single.map(({ rows, cols }) => inputSums(g, group, tapsOf(rows), tapsOf(cols))),
  ]);
  return planOf('input gradient', g, steps, { zeros: false });
}

/** Sources with as many taps as each other. */
function sourcesOf(
  g: Conv2DTransposeGeometry,
  group: Group,
  { vertical, horizontal, rows, cols }: Product<SourceWindows>,
  adds: boolean,
): Step {
  const { inHeight, inWidth, inChannels: filterRow, strideHeight: rowStep, strideWidth: colStep } = g;
  const { inDepth: channels, outDepth: depth, inChannel, outChannel: channel } = group;
  const pairs = rows.flatMap((row) => cols.map((col) => [row, col] as const));
  const sources = pairs.map(([row, col]) => ({
    cells: {
      rows: row.cells,
      cols: col.cells,
      at: pixels('first', outputImage(g), { row: row.begin, col: col.begin, rowStep, colStep, channel }),
    },
    firstRow: row.first,
    firstCol: col.first,
  }));
  const target = {
    ...{ rows: inHeight, cols: inWidth, skippedRows: 0, skippedCols: 0 },
    out: pixels('out', inputImage(g), { channel: inChannel }),
    taps: pairs.map(([row, col]) => matricesOf(g, group, row.taps, col.taps)),
  };
  return {
    ...{ kind: 'windowProducts', rowsHold: 'channels', filterRow, depth, channels, batch: g.batch },
    ...{ vertical, horizontal, sources, targets: [target], adds },
  };
}

/** Where the matrices of the taps of a window begin in the filter. */
function matricesOf(
  g: Conv2DTransposeGeometry,
  group: Group,
  tapRows: readonly number[],
  tapCols: readonly number[],
): number[] {
  return tapRows.flatMap((tapRow) => tapCols.map((tapCol) => filterTap(g, { tapRow, tapCol }, group)));
}
