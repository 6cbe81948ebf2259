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
 * over all tiles and channels they are 9 or 16 matrix products. Taps of several sources, the phases of a strided
 * gradient, add up before they are transformed back.
 *
 * **Error.** Sums are made of pixels, and of taps, before they are multiplied. So an error is not relative to the terms
 * of its own sum, as that of all other variants is, but to the largest values in reach: with B, G and A the matrices
 * that transform pixels, taps and sums, and n terms of a product (channels, by sources),
 *
 *     |y − y64| ≤ u (n + 10) Σ |Aᵀ| (|Bᵀ| |x| |B| · |G| |w| |Gᵀ|) |A|      u = ε32 / 2
 *
 * of every tile, summed over channels. A value passes at most 2 additions on its way to a pixel of a transformed tile,
 * 4 to a tap and 4 from the sums, each of which rounds once, as do the n of its sum; halves are exact (the argument is
 * that of Barabasz et al., for these matrices). The points 0, 1, −1 and ∞ alone keep |A|, |B| and |G| small, at most
 * 4 max|x| Σ|w| along an axis; F(4, ·) needs ±2 as well, is faster still and ten times less exact. Infinity becomes NaN
 * (∞ − ∞), and NaN spreads over a tile.
 *
 * Scratch: blocks of transformed tiles, filter and sums, below 16 MB (../engine/window_products).
 *
 * Sources: S. Winograd, "Arithmetic Complexity of Computations", SIAM 1980; A. Lavin and S. Gray, arXiv:1509.09308;
 * B. Barabasz, A. Anderson, K. M. Soodhalter and D. Gregg, "Error analysis and improving the accuracy of Winograd
 * convolution for deep neural networks", arXiv:1803.10986.
 */
import { type Support, SUPPORTED, type Variant, unsupported } from '../../src/contract';
import type { Axis } from '../../src/geometry/axis';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { keptBy } from '../../src/geometry/kept';
import { type Phase, contributions, phases } from '../../src/geometry/phases';
import type { Filtering, Plan, Step, WindowSource } from '../engine/engine';
import { currentEngine } from '../engine/engines';
import { workOf } from '../engine/threads/worth';
import { allowsFastMath } from './fast_math';
import { inputImage, outputImage, pixels, planOf, tapNumber } from './layout';

/** Most taps of a phase: F(2, 4) would need more points. */
const MOST_TAPS = 3;
/** Outputs along an axis from which on F(3, 2) pays: it saves more multiplications, and makes more matrices. */
const LONG = 24;

/** Whether the variant, and the input gradient of its kind, can run a geometry. */
export function supportsWinograd(g: Conv2DTransposeGeometry): Support {
  const [height, width] = [heightAxis(g), widthAxis(g)];
  const taps = [height, width].map(({ kernel, stride }) => Math.ceil(kernel / stride));
  if (g.groups > 1) return unsupported(`it takes no groups, and there are ${g.groups}; use groups 1`);
  if (g.dilationHeight > 1 || g.dilationWidth > 1)
    return unsupported(`it takes no dilation, which is [${g.dilationHeight}, ${g.dilationWidth}]; use dilations 1`);
  if (Math.max(...taps) > MOST_TAPS)
    return unsupported(`a phase has ${taps.join(' × ')} taps, and it has transforms for ${MOST_TAPS} at most`);
  if (Math.max(...taps) === 1)
    return unsupported('a phase has a single tap, of which no multiplication can be saved; use a larger kernel');
  if (currentEngine().name === 'plain')
    return unsupported("the engine 'plain' has no transforms; it needs WebAssembly SIMD");
  return SUPPORTED;
}

/**
 * Whether the forward pass may be computed so unasked: `false` unless the user allows it, `true` where it pays. Few
 * multiplications must be left, and enough channels that transforms are little beside them.
 */
export function allowsWinograd(g: Conv2DTransposeGeometry): boolean | undefined {
  if (!allowsFastMath()) return false;
  return supportsWinograd(g).supported && pays(g) ? true : undefined;
}

/** Whether the input gradient is computed so: the user allows it, or has asked for the variant, and it pays. */
export function takesWinogradInput(g: Conv2DTransposeGeometry, variant: Variant): boolean {
  return (variant === 'winograd' || allowsFastMath()) && supportsWinograd(g).supported && paysInput(g);
}

/** Channels, multiply-adds and part of the multiplications that a layer must have, have and keep for it to pay. */
const LEAST_CHANNELS = 8;
const LEAST_MULTIPLY_ADDS = 2e6;
const MOST_KEPT = 0.65;

const paysAs = (planOf: (g: Conv2DTransposeGeometry) => Plan): ((g: Conv2DTransposeGeometry) => boolean) =>
  keptBy((g) => {
    const { batch, inChannels, outChannels } = g;
    const met = batch * contributions(heightAxis(g)) * contributions(widthAxis(g)) * inChannels * outChannels;
    const isLarge = Math.min(inChannels, outChannels) >= LEAST_CHANNELS && met >= LEAST_MULTIPLY_ADDS;
    return isLarge && workOf(planOf(g), true).multiplyAdds <= MOST_KEPT * met;
  });
const pays = paysAs(winograd);
const paysInput = paysAs(winogradInput);

export function winograd(g: Conv2DTransposeGeometry): Plan {
  const [rowPhases, colPhases] = [phases(heightAxis(g)), phases(widthAxis(g))];
  const meetsTaps = ({ taps }: Phase): boolean => taps.length > 0;
  const steps = rowPhases
    .filter(meetsTaps)
    .flatMap((rows) => colPhases.filter(meetsTaps).map((cols) => onePhase(g, rows, cols)));
  const zeros = ![...rowPhases, ...colPhases].every(meetsTaps);
  return planOf('forward', g, steps, { zeros });
}

function onePhase(g: Conv2DTransposeGeometry, rows: Phase, cols: Phase): Step {
  const { inHeight, inWidth, inChannels: depth, outChannels: channels } = g;
  // Further taps read further before: a window begins with what the last one reads.
  const [tapRows, tapCols] = [rows, cols].map(({ taps }) => taps.map(({ tap }) => tap).reverse());
  const source: WindowSource = {
    cells: { rows: inHeight, cols: inWidth, at: pixels('first', inputImage(g), {}) },
    firstRow: rows.firstIndex + 1 - tapRows.length,
    firstCol: cols.firstIndex + 1 - tapCols.length,
    taps: matricesOf(g, tapRows, tapCols),
  };
  return {
    kind: 'windowProducts',
    rowsHold: 'terms',
    filterRow: depth,
    depth,
    channels,
    vertical: filtering(rows.count, tapRows.length),
    horizontal: filtering(cols.count, tapCols.length),
    sources: [source],
    grid: { batch: g.batch, rows: rows.count, cols: cols.count },
    out: pixels('out', outputImage(g), {
      row: rows.firstOut,
      col: cols.firstOut,
      rowStep: g.strideHeight,
      colStep: g.strideWidth,
    }),
  };
}

/**
 * The gradient with respect to x, a convolution with strides: every s-th row and column of dy meets every s-th tap with
 * stride 1, and the sums of all s × s such sources add up.
 */
export function winogradInput(g: Conv2DTransposeGeometry): Plan {
  const { batch, inHeight, inWidth, inChannels: channels, outChannels: depth } = g;
  const [rows, cols] = [axisSources(heightAxis(g)), axisSources(widthAxis(g))];
  const sources = rows.flatMap((row) =>
    cols.map((col): WindowSource => ({
      cells: {
        rows: row.count,
        cols: col.count,
        at: pixels('first', outputImage(g), {
          row: row.begin,
          col: col.begin,
          rowStep: g.strideHeight,
          colStep: g.strideWidth,
        }),
      },
      firstRow: row.first,
      firstCol: col.first,
      taps: matricesOf(g, row.taps, col.taps),
    })),
  );
  const step: Step = {
    kind: 'windowProducts',
    rowsHold: 'channels',
    filterRow: channels,
    depth,
    channels,
    vertical: filtering(inHeight, rows[0].taps.length),
    horizontal: filtering(inWidth, cols[0].taps.length),
    sources,
    grid: { batch, rows: inHeight, cols: inWidth },
    out: pixels('out', inputImage(g), {}),
  };
  return planOf('input gradient', g, [step], { zeros: false });
}

/** Every s-th cell of dy along an axis, and the taps that they meet. */
interface AxisSource {
  /** The first of them in dy, and how many there are. */
  readonly begin: number;
  readonly count: number;
  /** Which of them the first input meets through the first tap; may be negative. */
  readonly first: number;
  /** As many as the first source has; `undefined` stands for one that there is not. */
  readonly taps: readonly (number | undefined)[];
}

/** Input i meets tap j·s + n at output i·s + j·s + n − p: cell i + j + first of those that begin at (n − p) mod s. */
function axisSources({ stride, kernel, padBegin, outSize }: Axis): AxisSource[] {
  const tapCount = Math.ceil(kernel / stride);
  return Array.from({ length: Math.min(stride, kernel) }, (_, n) => {
    const first = Math.floor((n - padBegin) / stride);
    const begin = n - padBegin - first * stride;
    const taps = Array.from({ length: tapCount }, (_tap, j) => (j * stride + n < kernel ? j * stride + n : undefined));
    return { begin, count: Math.max(0, Math.ceil((outSize - begin) / stride)), first, taps };
  });
}

/** The tile that is made of so many outputs, with so many taps. */
function filtering(outputs: number, taps: number): Filtering {
  if (taps === 1) return { outputs: 1, taps };
  return { outputs: taps === 2 && outputs >= LONG ? 3 : 2, taps };
}

/** Where the matrices of the taps of a window begin in the filter. */
function matricesOf(
  g: Conv2DTransposeGeometry,
  tapRows: readonly (number | undefined)[],
  tapCols: readonly (number | undefined)[],
): (number | undefined)[] {
  return tapRows.flatMap((tapRow) =>
    tapCols.map((tapCol) =>
      tapRow === undefined || tapCol === undefined
        ? undefined
        : tapNumber(g, { tapRow, tapCol }) * g.outChannels * g.inChannels,
    ),
  );
}
