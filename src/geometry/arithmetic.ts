// SPDX-License-Identifier: Apache-2.0
/**
 * The arithmetic of a transposed convolution laid open, for people who design decoders: the numbers, and the steps in
 * words. Formulas and sources: ./axis (sizes), ./phases (sub-pixel phases). The equivalent convolution, with stride s,
 * dilation d, kernel k, crops pBegin and pEnd and output padding a:
 *
 * 1. insert z = s − 1 zeros between neighbouring inputs: s(i − 1) + 1 cells;
 * 2. pad d(k − 1) − pBegin zeros in front, and d(k − 1) − pEnd + a behind (a negative number crops);
 * 3. convolve with stride 1 and dilation d, the kernel flipped and its in- and output channels swapped.
 *
 * With d = 1, a = 0 and equal sides the zeros come to T = (i − 1)(s − 1) + 2(k − p − 1) in all.
 * Source: Dumoulin and Visin, arXiv:1603.07285, §4.
 */
import { type Axis, type AxisRequest, checkAxisRequest, effectiveKernel, possibleOutSizes, resolveAxis } from './axis';
import { checkObject } from './checks';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, yShapeOf } from './geometry';
import { type GeometryRequest, computeGeometry } from './request';
import { type Phase, phases } from './phases';

/** One axis of a transposed convolution, in numbers and in words. Sizes in cells. */
export interface AxisArithmetic extends Axis {
  /** d(k − 1) + 1: the cells that the dilated kernel spans. */
  readonly effectiveKernel: number;
  /** z = s − 1 zeros between neighbouring inputs, in the equivalent stride-1 convolution. */
  readonly insertedZeros: number;
  /** Zeros in front of the zero-inserted input; negative where cells are cropped instead. */
  readonly convolutionPadBegin: number;
  /** Zeros behind it; negative where cells are cropped instead. */
  readonly convolutionPadEnd: number;
  /** All zeros of the equivalent convolution: the inserted ones and both pads. */
  readonly totalZeros: number;
  /** Smallest and largest output size that belong to this input. */
  readonly possibleOutSizes: { readonly smallest: number; readonly largest: number };
  /** The sub-pixel phases, and the taps that the output cells of each meet. */
  readonly phases: readonly Phase[];
  /** The steps, one sentence each, with the numbers filled in. */
  readonly steps: readonly string[];
}

/**
 * Works out one axis of a transposed convolution.
 *
 * @param request `inSize`, `kernel` and whatever differs from stride 1, dilation 1, pad 'valid'.
 * @throws RangeError if the request is impossible, or something in it is not what it must be or has an unknown name.
 */
export function axisArithmetic(request: Pick<AxisRequest, 'inSize' | 'kernel'> & Partial<AxisRequest>): AxisArithmetic {
  checkObject('The request for an axis', request);
  const full = { stride: 1, dilation: 1, pad: 'valid' as const, ...request };
  checkAxisRequest(full);
  return layOpen(resolveAxis(full), possibleOutSizes(full));
}

/**
 * Works out both axes of a transposed 2-D convolution, from the arguments of the op.
 *
 * @returns the geometry, the output shape (NHWC) and the arithmetic of each axis.
 * @throws RangeError as {@link computeGeometry} does.
 */
export function conv2dTransposeArithmetic(request: GeometryRequest): {
  geometry: Conv2DTransposeGeometry;
  outputShape: [number, number, number, number];
  height: AxisArithmetic;
  width: AxisArithmetic;
} {
  const geometry = computeGeometry(request);
  const [height, width] = [heightAxis(geometry), widthAxis(geometry)].map((axis) => {
    const pad = typeof request.pad === 'string' ? request.pad : { begin: axis.padBegin, end: axis.padEnd };
    const { inSize, kernel, stride, dilation } = axis;
    const { dimRoundingMode } = request;
    return layOpen(axis, possibleOutSizes({ inSize, kernel, stride, dilation, pad, dimRoundingMode }));
  });
  return { geometry, outputShape: yShapeOf(geometry), height, width };
}

/** Pairs of phase and tap up to which an axis is laid open: the phases list them all. */
const MOST_PAIRS = 1e7;

function layOpen(axis: Axis, possible: AxisArithmetic['possibleOutSizes']): AxisArithmetic {
  const pairs = Math.min(axis.stride, axis.outSize) * axis.kernel;
  if (pairs > MOST_PAIRS)
    throw new RangeError(
      `stride ${axis.stride} and kernel ${axis.kernel} have ${pairs} pairs of phase and tap, too many to lay open; ` +
        `up to ${MOST_PAIRS} would do`,
    );
  const { inSize, outSize, kernel, stride, dilation, padBegin, padEnd, outputPadding } = axis;
  const span = effectiveKernel(kernel, dilation);
  const insertedZeros = stride - 1;
  const convolutionPadBegin = span - 1 - padBegin;
  const convolutionPadEnd = span - 1 - padEnd + outputPadding;
  const inserted = stride * (inSize - 1) + 1;
  const padded = inserted + convolutionPadBegin + convolutionPadEnd;
  const crop = padBegin + padEnd;
  const numbers = `${stride}·(${inSize} − 1) + ${dilation}·(${kernel} − 1) + 1 + ${outputPadding} − ${crop}`;
  const table = phases(axis);
  return {
    ...axis,
    effectiveKernel: span,
    insertedZeros,
    convolutionPadBegin,
    convolutionPadEnd,
    totalZeros: insertedZeros * (inSize - 1) + convolutionPadBegin + convolutionPadEnd,
    possibleOutSizes: possible,
    phases: table,
    steps: [
      `output = stride·(input − 1) + dilation·(kernel − 1) + 1 + outputPadding − crop = ${numbers} = ${outSize}`,
      `Insert ${insertedZeros} ${insertedZeros === 1 ? 'zero' : 'zeros'} between neighbouring inputs: ` +
        `${inSize} cells become ${inserted}.`,
      `Pad by ${convolutionPadBegin} in front and ${convolutionPadEnd} behind: ${padded} cells.`,
      `Convolve with stride 1 and dilation ${dilation}, the kernel flipped: ${outSize} cells.`,
      ...table.map(
        ({ phase, firstOut, count, taps }) =>
          `Phase ${phase}: ${count} cells from ${firstOut} in steps of ${stride} meet ` +
          (taps.length === 0
            ? 'no tap'
            : `${taps.length === 1 ? 'tap' : 'taps'} ${taps.map(({ tap }) => tap).join(', ')}`) +
          '.',
      ),
    ],
  };
}
