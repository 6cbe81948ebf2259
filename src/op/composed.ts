// SPDX-License-Identifier: Apache-2.0
/**
 * Transposed convolution composed of core ops, for backends that have no kernels of ours: one matrix product gives
 * the footprint of every input pixel, and col2im is done with pad and add, tap by tap. Only ops that every backend
 * has, on tensors of rank 4 or less, each with a gradient; so it is differentiable to any order wherever tfjs is.
 */
import {
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  add,
  concat,
  customGrad,
  matMul,
  pad,
  reshape,
  slice,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { type Axis, fullSize } from '../geometry/axis';
import {
  type Conv2DTransposeGeometry,
  filterShapeOf,
  heightAxis,
  widthAxis,
  xShapeOf,
  yShapeOf,
} from '../geometry/geometry';

/**
 * @param x `[batch, inHeight, inWidth, inChannels]`, @param filter `[filterHeight, filterWidth, outChannels / groups,
 *   inChannels]`.
 */
export function composedConv2dTranspose(g: Conv2DTransposeGeometry, x: Tensor4D, filter: Tensor4D): Tensor4D {
  if (g.batch === 0) return emptyLike(yShapeOf(g))(x, filter) as Tensor4D;
  const inDepth = g.inChannels / g.groups;
  const outputs = Array.from({ length: g.groups }, (_, group) => {
    const from = [0, 0, 0, group * inDepth];
    return oneGroup(g, slice(x, from, [-1, -1, -1, inDepth]), slice(filter, from, [-1, -1, -1, inDepth]));
  });
  return outputs.length === 1 ? outputs[0] : concat(outputs, 3);
}

/**
 * ∂Φ/∂x, likewise: what each input pixel's footprint collects of dy (im2col), times the filter. Not by `grad`:
 * inside the gradient of an op tfjs would lose its tape.
 */
export function composedBackpropInput(g: Conv2DTransposeGeometry, dy: Tensor4D, filter: Tensor4D): Tensor4D {
  if (g.batch === 0) return emptyLike(xShapeOf(g))(dy, filter) as Tensor4D;
  const [inDepth, rows] = [g.inChannels / g.groups, (g.filterHeight * g.filterWidth * g.outChannels) / g.groups];
  const groups = Array.from({ length: g.groups }, (_, group) => {
    const weights = slice(filter, [0, 0, 0, group * inDepth], [-1, -1, -1, inDepth]);
    const dx = matMul(footprintsOf(g, dy, group), reshape(weights, [rows, inDepth]));
    return reshape(dx, [g.batch, g.inHeight, g.inWidth, inDepth]);
  });
  return (groups.length === 1 ? groups[0] : concat(groups, 3)) as Tensor4D;
}

/** ∂Φ/∂filter, likewise: those footprints, times x. */
export function composedBackpropFilter(g: Conv2DTransposeGeometry, x: Tensor4D, dy: Tensor4D): Tensor4D {
  if (g.batch === 0) return emptyLike(filterShapeOf(g))(x, dy) as Tensor4D;
  const [inDepth, outDepth] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const groups = Array.from({ length: g.groups }, (_, group) => {
    const image = slice(x, [0, 0, 0, group * inDepth], [-1, -1, -1, inDepth]);
    const pixels = reshape(image, [g.batch * g.inHeight * g.inWidth, inDepth]);
    const dFilter = matMul(footprintsOf(g, dy, group), pixels, true, false);
    return reshape(dFilter, [g.filterHeight, g.filterWidth, outDepth, inDepth]);
  });
  return (groups.length === 1 ? groups[0] : concat(groups, 3)) as Tensor4D;
}

/** What the footprint of each input pixel covers of a group of dy, `[pixels, taps · outDepth]`. */
function footprintsOf(g: Conv2DTransposeGeometry, dy: Tensor4D, group: number): Tensor2D {
  const outDepth = g.outChannels / g.groups;
  const [height, width] = [heightAxis(g), widthAxis(g)];
  const [fullHeight, fullWidth] = [fullSize(height), fullSize(width)];
  const [keptHeight, keptWidth] = keptSize(g);
  const kept = slice(dy, [0, 0, 0, group * outDepth], [g.batch, keptHeight, keptWidth, outDepth]);
  const uncropped = pad(kept, [
    [0, 0],
    [g.padTop, fullHeight - g.padTop - keptHeight],
    [g.padLeft, fullWidth - g.padLeft - keptWidth],
    [0, 0],
  ]);
  const taps = Array.from({ length: g.filterHeight * g.filterWidth }, (_, tap) => {
    const [row, col] = [Math.floor(tap / g.filterWidth), tap % g.filterWidth];
    const met = takeTap(takeTap(uncropped, 1, height, row), 2, width, col);
    return reshape(met, [g.batch * g.inHeight * g.inWidth, outDepth]);
  });
  return (taps.length === 1 ? taps[0] : concat(taps, 1)) as Tensor2D;
}

/** The cells of a dimension of the uncropped output that a tap of each input meets; the transpose of `placeTap`. */
function takeTap(image: Tensor, dimension: 1 | 2, { inSize, stride, dilation }: Axis, tap: number): Tensor {
  const shape = [...(image.shape as number[])];
  const outer = shape.slice(0, dimension).reduce((a, b) => a * b, 1) * inSize;
  const inner = shape.slice(dimension + 1).reduce((a, b) => a * b, 1);
  const from = shape.map(() => 0);
  from[dimension] = tap * dilation;
  const size = [...shape];
  size[dimension] = Math.min(shape[dimension] - tap * dilation, stride * inSize);
  const paddings = shape.map((): [number, number] => [0, 0]);
  paddings[dimension] = [0, stride * inSize - size[dimension]];
  const cells = pad(slice(image, from, size), paddings);
  shape[dimension] = inSize;
  return reshape(slice(reshape(cells, [outer, stride, inner]), [0, 0, 0], [outer, 1, inner]), shape);
}

/** Not every backend's core ops can take the gradient of an empty tensor. */
function emptyLike(shape: [number, number, number, number]): (a: Tensor, b: Tensor) => Tensor {
  return customGrad((...[a, b]) => ({
    value: zeros(shape),
    gradFunc: () => [zerosLike(a as Tensor), zerosLike(b as Tensor)],
  }));
}

function oneGroup(g: Conv2DTransposeGeometry, x: Tensor4D, filter: Tensor4D): Tensor4D {
  const [tapCount, outDepth, inDepth] = [g.filterHeight * g.filterWidth, g.outChannels / g.groups, x.shape[3]];
  const pixels = g.batch * g.inHeight * g.inWidth;
  const footprints = matMul(
    reshape(x, [pixels, inDepth]),
    reshape(filter, [tapCount * outDepth, inDepth]),
    false,
    true,
  );
  const [height, width] = [heightAxis(g), widthAxis(g)];
  let sum: Tensor | undefined;
  for (let tap = 0; tap < tapCount; tap++) {
    const image = reshape(slice(footprints, [0, tap * outDepth], [pixels, outDepth]), [
      g.batch,
      g.inHeight,
      g.inWidth,
      outDepth,
    ]);
    const placed = placeTap(placeTap(image, 1, height, Math.floor(tap / g.filterWidth)), 2, width, tap % g.filterWidth);
    sum = sum === undefined ? placed : add(sum, placed);
  }
  // An output padding first uncovers what was cropped behind; only what is left of it has to be made of zeros.
  const [keptHeight, keptWidth] = keptSize(g);
  const cropped = slice(sum!, [0, g.padTop, g.padLeft, 0], [g.batch, keptHeight, keptWidth, outDepth]);
  return pad(cropped, [
    [0, 0],
    [0, g.outHeight - keptHeight],
    [0, g.outWidth - keptWidth],
    [0, 0],
  ]) as Tensor4D;
}

/** What of the output the uncropped one covers. The rest, which an output padding uncovers, is zeros. */
function keptSize(g: Conv2DTransposeGeometry): [height: number, width: number] {
  const kept = (outSize: number, axis: Axis, crop: number): number =>
    Math.max(0, Math.min(outSize, fullSize(axis) - crop));
  return [kept(g.outHeight, heightAxis(g), g.padTop), kept(g.outWidth, widthAxis(g), g.padLeft)];
}

/** Spreads a dimension by the stride and moves it to where a tap puts it on the uncropped output. */
function placeTap(image: Tensor, dimension: 1 | 2, axis: Axis, tap: number): Tensor {
  const { inSize, stride, dilation } = axis;
  const shape = image.shape;
  const outer = shape.slice(0, dimension).reduce((a, b) => a * b, 1) * inSize;
  const inner = shape.slice(dimension + 1).reduce((a, b) => a * b, 1);
  const spread = pad(reshape(image, [outer, 1, inner]), [
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  const before = tap * dilation;
  const full = fullSize(axis);
  const size = [...shape];
  size[dimension] = stride * inSize;
  // The zeros behind the last input are not part of the output, unless the tap's place leaves room for them.
  const room = full - before;
  const kept = [...size];
  kept[dimension] = Math.min(room, stride * inSize);
  const paddings = shape.map((): [number, number] => [0, 0]);
  paddings[dimension] = [before, full - before - kept[dimension]];
  return pad(
    slice(
      reshape(spread, size),
      shape.map(() => 0),
      kept,
    ),
    paddings,
  );
}
