// SPDX-License-Identifier: Apache-2.0
/**
 * What callers ask of a transposed convolution: shapes, strides, pad and options, in their layout. Here it is checked,
 * and becomes a geometry (./geometry); equal requests become the same one.
 */
import { type Axis, type AxisPad, type DimRoundingMode, checkRoundingMode, resolveAxis } from './axis';
import { checkNames, checkObject, show } from './checks';
import { type Conv2DTransposeGeometry, FIELDS, checkedCopy, geometryOf, isGeometry, isMadeHere } from './geometry';
import { RecentByList } from './kept';

export type DataFormat = 'NHWC' | 'NCHW';
/** A crop per side, as tfjs writes it: one pair per dimension of the layout, zeros for batch and channels. */
export type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];
export type Pad = 'same' | 'valid' | number | ExplicitPadding;
export type Pair = number | [number, number];

/**
 * What may be asked of a transposed convolution besides its shapes, strides and pad. A new option is a line here and in
 * `GEOMETRY_OPTIONS`.
 */
export interface GeometryOptions {
  /** How the forward convolution would round its size, with a pad in numbers. Default: 'floor'. */
  readonly dimRoundingMode?: DimRoundingMode;
  /** Layout of x, of the result, of `outputShape` and of an explicit pad. Default: 'NHWC'. */
  readonly dataFormat?: DataFormat;
  /** Distance between neighbouring taps, in output cells: a number, or `[height, width]`. Default: 1. */
  readonly dilations?: Pair;
  /** Number of groups that channels are divided into; inChannels and outChannels are multiples of it. Default: 1. */
  readonly groups?: number;
  /**
   * Cells added at the bottom and the right, less than the larger of stride and dilation. Default: 0; with 'same' and
   * no output shape, what makes the output stride times as large as the input.
   */
  readonly outputPadding?: Pair;
}

/** The names of the options. */
const GEOMETRY_OPTIONS: Readonly<Record<keyof GeometryOptions, true>> = {
  dimRoundingMode: true,
  dataFormat: true,
  dilations: true,
  groups: true,
  outputPadding: true,
};
export const GEOMETRY_OPTION_NAMES = Object.keys(GEOMETRY_OPTIONS) as readonly (keyof GeometryOptions)[];

/**
 * What a caller asks for. Shapes are in `dataFormat`; the filter is `[filterHeight, filterWidth, outChannels / groups,
 * inChannels]` in both.
 */
export interface GeometryRequest extends GeometryOptions {
  readonly xShape: readonly number[];
  readonly filterShape: readonly number[];
  readonly strides: Pair;
  readonly pad: Pad;
  readonly outputShape?: readonly number[];
  /** Of whoever asks, for messages; it changes nothing. */
  readonly name?: string;
}

const recent = /* @__PURE__ */ new RecentByList<Conv2DTransposeGeometry>();

const REQUEST_NAMES = ['xShape', 'filterShape', 'strides', 'pad', 'outputShape', ...GEOMETRY_OPTION_NAMES] as const;
const KNOWN_NAMES: readonly string[] = [...REQUEST_NAMES, 'name'];

/**
 * Computes and checks the geometry of a transposed convolution. Equal requests get the same object, so that what is
 * derived from it is made once.
 *
 * @param request `xShape` of rank 4, `filterShape` `[filterHeight, filterWidth, outChannels / groups, inChannels]`,
 *   `strides`, `pad`, and whatever else the op takes; `outputShape`, if given, of rank 4.
 * @returns the frozen integers that every kernel works from.
 * @throws RangeError if a value is not what it must be or the sizes do not fit together; the message says what was
 *   given and what would work.
 */
export function computeGeometry(request: GeometryRequest): Conv2DTransposeGeometry {
  checkObject('The request for a geometry', request);
  checkNames('The request for a geometry', request, KNOWN_NAMES);
  return recent.get(
    REQUEST_NAMES.map((name) => request[name]),
    () => resolveGeometry(request),
  );
}

function resolveGeometry(request: GeometryRequest): Conv2DTransposeGeometry {
  const { xShape, filterShape, outputShape, dimRoundingMode, dataFormat = 'NHWC', groups = 1 } = request;
  if (dataFormat !== 'NHWC' && dataFormat !== 'NCHW')
    throw new RangeError(`dataFormat must be 'NHWC' or 'NCHW', but was ${show(dataFormat)}`);
  const layout = dataFormat === 'NHWC' ? 'batch, height, width, channels' : 'batch, channels, height, width';
  checkShape('x', xShape, layout);
  checkShape('filter', filterShape, 'filterHeight, filterWidth, outChannels / groups, inChannels');
  if (outputShape !== undefined) checkShape('outputShape', outputShape, layout);
  const strides = pair('strides', request.strides);
  const dilations = pair('dilations', request.dilations ?? 1);
  const outputPadding =
    request.outputPadding === undefined ? undefined : pair('outputPadding', request.outputPadding, 0);
  const pads = axisPads(request.pad, dataFormat, dimRoundingMode);

  const [batch, inHeight, inWidth, inChannels] = toNHWC(xShape, dataFormat);
  const [filterHeight, filterWidth, groupOutChannels, filterInChannels] = filterShape;
  for (const [name, size] of Object.entries({
    inHeight,
    inWidth,
    inChannels,
    filterHeight,
    filterWidth,
    groupOutChannels,
  })) {
    if (size < 1)
      throw new RangeError(`${name} must be at least 1, but x is ${show(xShape)} and filter ${show(filterShape)}`);
  }
  if (filterInChannels !== inChannels) {
    throw new RangeError(
      `x ${show(xShape)} (${dataFormat}) has ${inChannels} channels, but filter ${show(filterShape)} takes ` +
        `${filterInChannels}: its last dimension must be the channels of x`,
    );
  }
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0) {
    throw new RangeError(
      `groups must be a positive divisor of the ${inChannels} channels of x, but was ${show(groups)}; ` +
        `${divisors(inChannels)} would do`,
    );
  }
  const outChannels = groupOutChannels * groups;
  const [outBatch, outHeight, outWidth, givenChannels] =
    outputShape === undefined ? [batch, undefined, undefined, outChannels] : toNHWC(outputShape, dataFormat);
  if (outBatch !== batch || givenChannels !== outChannels) {
    const multipleOfGroups = givenChannels % groups === 0 ? '' : ` (${givenChannels} is not even a multiple of groups)`;
    throw new RangeError(
      `outputShape ${show(outputShape)} is impossible for x ${show(xShape)}, filter ${show(filterShape)}, groups ` +
        `${groups}: batch must be ${batch} and channels ${outChannels}${multipleOfGroups}`,
    );
  }

  const axis = (n: 0 | 1, name: string, inSize: number, kernel: number, outSize: number | undefined): Axis => {
    try {
      return resolveAxis({
        inSize,
        kernel,
        stride: strides[n],
        dilation: dilations[n],
        pad: pads[n],
        outSize,
        outputPadding: outputPadding?.[n],
        dimRoundingMode,
      });
    } catch (error) {
      const asked = outputShape === undefined ? 'The output' : `outputShape ${show(outputShape)}`;
      const given = [
        `x ${show(xShape)}`,
        `filter ${show(filterShape)}`,
        `strides ${show(request.strides)}`,
        `dilations ${show(request.dilations ?? 1)}`,
        `pad ${show(request.pad)}`,
        ...(dimRoundingMode === undefined ? [] : [`dimRoundingMode ${show(dimRoundingMode)}`]),
      ].join(', ');
      throw new RangeError(`${asked} is impossible for ${given}: ${name} ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  const height = axis(0, 'height', inHeight, filterHeight, outHeight);
  const width = axis(1, 'width', inWidth, filterWidth, outWidth);
  const size = batch * height.outSize * width.outSize * outChannels;
  if (size > MOST_ELEMENTS)
    throw new RangeError(
      `The output of x ${show(xShape)}, filter ${show(filterShape)}, strides ${show(request.strides)} would have ` +
        `${size} elements, more than an array can have (${MOST_ELEMENTS})`,
    );
  return geometryOf({ batch, inChannels, outChannels, groups }, height, width);
}

/** The longest array of JavaScript; engines' typed arrays are no longer, or hardly. */
const MOST_ELEMENTS = 2 ** 32 - 1;

/**
 * A geometry of what a caller gave: one, or a request for one.
 *
 * @throws RangeError as `computeGeometry` does, or if it is neither.
 */
export function toGeometry(given: GeometryRequest | Conv2DTransposeGeometry): Conv2DTransposeGeometry {
  checkObject('A geometry, or a request for one,', given);
  if ('xShape' in given || !isGeometry(given)) return computeGeometry(given as GeometryRequest);
  if (isMadeHere(given)) return given;
  return recent.get(
    FIELDS.map((name) => given[name]),
    () => checkedCopy(given),
  );
}

/** What stands by dimension in a layout (sizes, or pairs of a pad), in the order of NHWC. */
export function toNHWC<T>(list: readonly T[], dataFormat: DataFormat): readonly T[] {
  return dataFormat === 'NHWC' ? list : [list[0], list[2], list[3], list[1]];
}

function axisPads(pad: Pad, dataFormat: DataFormat, mode: DimRoundingMode | undefined): [AxisPad, AxisPad] {
  if (mode !== undefined) checkRoundingMode(mode);
  if (pad === 'same' || pad === 'valid') {
    if (mode !== undefined) {
      throw new RangeError(`dimRoundingMode ${show(mode)} needs a pad in numbers, but pad was ${show(pad)}`);
    }
    return [pad, pad];
  }
  const sides = typeof pad === 'number' ? Array.from({ length: 4 }, () => pad) : explicitSides(pad, dataFormat);
  if (!sides.every((side) => Number.isInteger(side) && side >= 0)) {
    throw new RangeError(`pad must be in whole cells, 0 or more, but was ${show(pad)}`);
  }
  const [top, bottom, left, right] = sides;
  return [
    { begin: top, end: bottom },
    { begin: left, end: right },
  ];
}

function explicitSides(pad: ExplicitPadding, dataFormat: DataFormat): number[] {
  const isExplicit =
    Array.isArray(pad) && pad.length === 4 && pad.every((side) => Array.isArray(side) && side.length === 2);
  const inOrder = isExplicit ? toNHWC(pad, dataFormat) : [];
  const [batch, height, width, channels] = inOrder;
  if (!isExplicit || [...batch, ...channels].some((side) => side !== 0)) {
    const form =
      dataFormat === 'NHWC'
        ? '[[0, 0], [top, bottom], [left, right], [0, 0]]'
        : '[[0, 0], [0, 0], [top, bottom], [left, right]]';
    throw new RangeError(`pad must be 'same', 'valid', a number, or ${form} for ${dataFormat}, but was ${show(pad)}`);
  }
  return [...height, ...width];
}

function checkShape(name: string, shape: readonly number[], dimensions: string): void {
  if (!Array.isArray(shape) || shape.length !== 4 || !shape.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new RangeError(`${name} must have the shape [${dimensions}], but was ${show(shape)}`);
  }
}

function pair(name: string, value: Pair, least = 1): [number, number] {
  const both = typeof value === 'number' ? [value, value] : value;
  if (!Array.isArray(both) || both.length !== 2 || !both.every((size) => Number.isInteger(size) && size >= least)) {
    throw new RangeError(
      `${name} must be an integer of at least ${least}, or a pair [height, width] of them, but was ${show(value)}`,
    );
  }
  return [both[0], both[1]];
}

/** The divisors of a number in words: the least ones, where there are many. */
function divisors(n: number): string {
  const small: number[] = [];
  const large: number[] = [];
  for (let d = 1; d * d <= n; d++) {
    if (n % d !== 0) continue;
    small.push(d);
    if (d * d < n) large.unshift(n / d);
  }
  const all = [...small, ...large];
  return all.length > MOST_NAMED ? `${all.slice(0, MOST_NAMED).join(', ')}, …` : all.join(', ');
}
const MOST_NAMED = 16;
