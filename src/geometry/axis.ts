// SPDX-License-Identifier: Apache-2.0
/**
 * Transposed convolution along one axis: the size of its output.
 *
 * With input size i, kernel k, stride s, dilation d, crop p (the padding of the *forward* convolution) and output
 * padding a, the kernel spans k_eff = d(k − 1) + 1 and the output has
 *
 *     o = s(i − 1) + k_eff + a − (pBegin + pEnd)
 *
 * cells. Output cell r meets input cell i and tap m where r = i·s + m·d − pBegin.
 *
 * Worked example: i = 3, k = 3, s = 2, d = 1, p = (0, 1), a = 0. o = 2·2 + 3 − 1 = 6. Input 0 lands on cells 0 1 2,
 * input 1 on 2 3 4, input 2 on 4 5 (6 is cropped): cell 2 and cell 4 meet two inputs, the others one.
 *
 * Several outputs belong to one input, because the forward convolution discards a remainder. These sizes o are all
 * legitimate, and the excess over the smallest is the output padding:
 *
 *     round((o + pBegin + pEnd − k_eff) / s) + 1 = i
 *
 * Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, §4,
 * relationships 13 and 14, generalised to dilation and unequal sides.
 */
import { checkInteger, checkNames, checkObject, show } from './checks';

/**
 * One axis, resolved. Sizes in cells; `outSize = stride·(inSize − 1) + k_eff + outputPadding − padBegin − padEnd`.
 */
export interface Axis {
  readonly inSize: number;
  readonly outSize: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
  readonly outputPadding: number;
}

export type DimRoundingMode = 'floor' | 'round' | 'ceil';
export type AxisPad = 'same' | 'valid' | { readonly begin: number; readonly end: number };

/** What is asked of one axis. `outSize` and `outputPadding` may be left out. */
export interface AxisRequest {
  readonly inSize: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: AxisPad;
  readonly outSize?: number;
  readonly outputPadding?: number;
  readonly dimRoundingMode?: DimRoundingMode;
}

/** The names of what is asked. */
const AXIS_REQUEST: Readonly<Record<keyof AxisRequest, true>> = {
  inSize: true,
  kernel: true,
  stride: true,
  dilation: true,
  pad: true,
  outSize: true,
  outputPadding: true,
  dimRoundingMode: true,
};

const ROUNDING_MODES: readonly DimRoundingMode[] = ['floor', 'round', 'ceil'];

/** @throws RangeError unless it is a rounding mode. */
export function checkRoundingMode(mode: unknown): void {
  if (!ROUNDING_MODES.includes(mode as DimRoundingMode))
    throw new RangeError(`dimRoundingMode must be 'floor', 'round' or 'ceil', but was ${show(mode)}`);
}

/**
 * @throws RangeError unless all that is asked of an axis is what it must be. Whether it is possible is another
 * question.
 */
export function checkAxisRequest(request: AxisRequest): void {
  checkObject('The request for an axis', request);
  checkNames('The request for an axis', request, Object.keys(AXIS_REQUEST));
  const { pad, outSize, dimRoundingMode } = request;
  for (const name of ['inSize', 'kernel', 'stride', 'dilation'] as const) checkInteger(name, request[name], 1);
  if (outSize !== undefined) checkInteger('outSize', outSize, 1);
  if (dimRoundingMode !== undefined) checkRoundingMode(dimRoundingMode);
  if (pad === 'same' || pad === 'valid') return;
  if (typeof pad !== 'object' || pad === null)
    throw new RangeError(`pad must be 'same', 'valid' or { begin, end }, but was ${show(pad)}`);
  checkInteger('pad.begin', pad.begin, 0);
  checkInteger('pad.end', pad.end, 0);
}

/**
 * k_eff = d(k − 1) + 1: the cells that a dilated kernel spans.
 *
 * @throws RangeError unless both are integers of at least 1.
 */
export function effectiveKernel(kernel: number, dilation: number): number {
  checkInteger('effectiveKernel: kernel', kernel, 1);
  checkInteger('effectiveKernel: dilation', dilation, 1);
  return span(kernel, dilation);
}

/** The same, of what has been checked. A stock convolution may have a kernel of 0. */
function span(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/** s(i − 1) + k_eff: the cells that the input reaches before any crop. */
export function fullSize({
  inSize,
  stride,
  kernel,
  dilation,
}: Pick<Axis, 'inSize' | 'stride' | 'kernel' | 'dilation'>): number {
  return stride * (inSize - 1) + span(kernel, dilation);
}

/**
 * The output sizes, smallest and largest, that the forward convolution maps back to `inSize`.
 *
 * @throws RangeError if the request is none for an axis.
 */
export function possibleOutSizes(request: AxisRequest): { smallest: number; largest: number } {
  checkAxisRequest(request);
  return sizesThatReturn(request);
}

function sizesThatReturn(request: AxisRequest): { smallest: number; largest: number } {
  const { inSize, stride, pad } = request;
  let smallest: number, largest: number;
  if (pad === 'same') {
    [smallest, largest] = [stride * (inSize - 1) + 1, stride * inSize];
  } else {
    const exact = exactOutSize(request);
    // The forward size is round((o − exact) / s) + i, whatever "round" is.
    const [below, above] = {
      floor: [0, stride - 1],
      round: [Math.floor(stride / 2), Math.ceil(stride / 2) - 1],
      ceil: [stride - 1, 0],
    }[request.dimRoundingMode ?? 'floor'];
    [smallest, largest] = [exact - below, exact + above];
  }
  return { smallest: Math.max(1, smallest), largest };
}

/**
 * Resolves an axis. 'same' gives o = s·i unless an output size or an output padding says otherwise; with an output
 * padding a it means what Keras 3 means: o = s(i − 1) + k_eff − 2⌊k_eff / 2⌋ + a. Of the total crop of 'same', the
 * smaller half is taken in front, as TensorFlow does. 'valid' crops nothing.
 *
 * @throws if the request is impossible; the message says what would do, in terms of this axis.
 */
export function resolveAxis(request: AxisRequest): Axis {
  const { inSize, kernel, stride, dilation, pad, outputPadding } = request;
  checkOutputPadding(request);
  const full = fullSize(request);

  let outSize: number;
  if (outputPadding === undefined) {
    outSize = request.outSize ?? (pad === 'same' ? stride * inSize : exactOutSize(request));
    const { smallest, largest } = sizesThatReturn(request);
    if (request.outSize !== undefined && (outSize < smallest || outSize > largest)) {
      throw new RangeError(`can be ${sizeRange(smallest, largest)}, not ${outSize}`);
    }
  } else {
    outSize =
      (pad === 'same' ? full - 2 * Math.floor(span(kernel, dilation) / 2) : exactOutSize(request)) + outputPadding;
    if (request.outSize !== undefined && request.outSize !== outSize) {
      throw new RangeError(
        `is ${outSize} with outputPadding ${outputPadding}, not ${request.outSize}; leave one of the two out`,
      );
    }
  }
  if (outSize < 1) {
    throw new RangeError(`would be ${outSize}: the padding crops all of the ${full} cells; crop less than that`);
  }

  let padBegin: number, padEnd: number;
  if (typeof pad === 'object') {
    [padBegin, padEnd] = [pad.begin, pad.end];
  } else {
    const total = pad === 'same' ? Math.max(0, full - outSize) : 0;
    padBegin = Math.floor(total / 2);
    padEnd = total - padBegin;
  }
  // A forward convolution that rounds up or to nearest never looked at the last cells: they are cropped as well.
  padEnd += Math.max(0, full - padBegin - padEnd - outSize);
  return Object.freeze({
    inSize,
    outSize,
    kernel,
    stride,
    dilation,
    padBegin,
    padEnd,
    outputPadding: outSize - (full - padBegin - padEnd),
  });
}

/** o with no output padding, for a pad other than 'same'. */
function exactOutSize(request: AxisRequest): number {
  const { pad } = request;
  return fullSize(request) - (typeof pad === 'object' ? pad.begin + pad.end : 0);
}

function checkOutputPadding({ outputPadding, stride, dilation }: AxisRequest): void {
  const limit = Math.max(stride, dilation);
  if (
    outputPadding !== undefined &&
    !(Number.isInteger(outputPadding) && outputPadding >= 0 && outputPadding < limit)
  ) {
    throw new RangeError(
      `cannot have outputPadding ${outputPadding}: it must be an integer from 0 to ${limit - 1}, ` +
        `less than the larger of stride ${stride} and dilation ${dilation}`,
    );
  }
}

function sizeRange(smallest: number, largest: number): string {
  if (smallest >= largest) return `only ${largest}`;
  return smallest + 1 === largest ? `${smallest} or ${largest}` : `${smallest} to ${largest}`;
}
