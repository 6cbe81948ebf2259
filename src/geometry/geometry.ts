// SPDX-License-Identifier: Apache-2.0
/**
 * The geometry of one transposed 2-D convolution: all its integers, frozen, and passed on to kernels as their
 * attributes. What it is computed from: ./request; arithmetic: ./axis; which taps meet which cells: ./phases.
 */
import { type Axis, fullSize } from './axis';
import { show } from './checks';
import { keptBy } from './kept';

/** Integers only; NHWC inside, whatever the layout at the door. */
export interface Conv2DTransposeGeometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padBottom: number;
  readonly padLeft: number;
  readonly padRight: number;
  readonly outputPaddingHeight: number;
  readonly outputPaddingWidth: number;
  readonly groups: number;
}

/** Geometries that were made here: frozen, and right. */
const made = /* @__PURE__ */ new WeakSet<Conv2DTransposeGeometry>();

/** Whether a geometry was made here: it needs no check, and never changes. */
export function isMadeHere(g: Conv2DTransposeGeometry): boolean {
  return made.has(g);
}

/**
 * A geometry of the integers of somebody's object, which may be wrong, or change later.
 *
 * @throws RangeError if they do not fit together.
 */
export function checkedCopy(given: Conv2DTransposeGeometry): Conv2DTransposeGeometry {
  const { batch, inChannels, outChannels, groups } = given;
  const [height, width] = [verticalAxis(given), horizontalAxis(given)];
  const isRight =
    batch >= 0 &&
    [inChannels, outChannels, groups].every((size) => size >= 1) &&
    inChannels % groups === 0 &&
    outChannels % groups === 0 &&
    [height, width].every(isAxis);
  if (!isRight) throw new RangeError(`This is no geometry that computeGeometry could have made: ${show(given)}`);
  return geometryOf({ batch, inChannels, outChannels, groups }, height, width);
}

/** Whether the integers of an axis fit together. */
function isAxis(axis: Axis): boolean {
  const { inSize, outSize, kernel, stride, dilation, padBegin, padEnd, outputPadding } = axis;
  const sizes = [inSize, outSize, kernel, stride, dilation].every((size) => size >= 1);
  const pads = [padBegin, padEnd, outputPadding].every((size) => size >= 0);
  return sizes && pads && outSize === fullSize(axis) + outputPadding - padBegin - padEnd;
}

/** Whether something is a geometry: it has all the integers of one, and no others. */
export function isGeometry(given: unknown): given is Conv2DTransposeGeometry {
  if (typeof given !== 'object' || given === null) return false;
  const fields = given as Record<string, unknown>;
  return FIELDS.every((name) => Number.isInteger(fields[name])) && Object.keys(given).length === FIELDS.length;
}

/** The geometry of two resolved axes. */
export function geometryOf(
  channels: Pick<Conv2DTransposeGeometry, 'batch' | 'inChannels' | 'outChannels' | 'groups'>,
  height: Axis,
  width: Axis,
): Conv2DTransposeGeometry {
  const geometry = Object.freeze({
    ...channels,
    inHeight: height.inSize,
    inWidth: width.inSize,
    outHeight: height.outSize,
    outWidth: width.outSize,
    filterHeight: height.kernel,
    filterWidth: width.kernel,
    strideHeight: height.stride,
    strideWidth: width.stride,
    dilationHeight: height.dilation,
    dilationWidth: width.dilation,
    padTop: height.padBegin,
    padBottom: height.padEnd,
    padLeft: width.padBegin,
    padRight: width.padEnd,
    outputPaddingHeight: height.outputPadding,
    outputPaddingWidth: width.outputPadding,
  });
  made.add(geometry);
  return geometry;
}

const NO_AXIS = { inSize: 0, outSize: 0, kernel: 0, stride: 0, dilation: 0, padBegin: 0, padEnd: 0, outputPadding: 0 };
/** The names of the integers. */
export const FIELDS = /* @__PURE__ */ Object.keys(
  /* @__PURE__ */ geometryOf({ batch: 0, inChannels: 0, outChannels: 0, groups: 0 }, NO_AXIS, NO_AXIS),
) as readonly (keyof Conv2DTransposeGeometry)[];

function verticalAxis(g: Conv2DTransposeGeometry): Axis {
  return {
    inSize: g.inHeight,
    outSize: g.outHeight,
    kernel: g.filterHeight,
    stride: g.strideHeight,
    dilation: g.dilationHeight,
    padBegin: g.padTop,
    padEnd: g.padBottom,
    outputPadding: g.outputPaddingHeight,
  };
}

function horizontalAxis(g: Conv2DTransposeGeometry): Axis {
  return {
    inSize: g.inWidth,
    outSize: g.outWidth,
    kernel: g.filterWidth,
    stride: g.strideWidth,
    dilation: g.dilationWidth,
    padBegin: g.padLeft,
    padEnd: g.padRight,
    outputPadding: g.outputPaddingWidth,
  };
}

/** The vertical axis of a geometry. */
export const heightAxis = /* @__PURE__ */ keptBy(verticalAxis);

/** The horizontal axis of a geometry. */
export const widthAxis = /* @__PURE__ */ keptBy(horizontalAxis);

/**
 * Whether each channel is a group of its own, in and out: nothing is summed over channels. One of stock's depthwise
 * convolutions (`isDepthwise`, ./convolution) may have several channels in for each one out.
 */
export function isChannelwise({ groups, inChannels, outChannels }: Conv2DTransposeGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/** NHWC shape of the input. */
export function xShapeOf(g: Conv2DTransposeGeometry): [number, number, number, number] {
  return [g.batch, g.inHeight, g.inWidth, g.inChannels];
}

/** NHWC shape of the output. */
export function yShapeOf(g: Conv2DTransposeGeometry): [number, number, number, number] {
  return [g.batch, g.outHeight, g.outWidth, g.outChannels];
}

/** Shape of the filter, `[filterHeight, filterWidth, outChannels / groups, inChannels]`. */
export function filterShapeOf(g: Conv2DTransposeGeometry): [number, number, number, number] {
  return [g.filterHeight, g.filterWidth, g.outChannels / g.groups, g.inChannels];
}

/** Both in words. */
export function operandShapes(g: Conv2DTransposeGeometry): string {
  return `x [${xShapeOf(g)}] and filter [${filterShapeOf(g)}]`;
}
