// SPDX-License-Identifier: Apache-2.0
/**
 * Transposed convolution composed of core ops, for backends that have no kernels of ours: one matrix product gives the
 * footprint of every input pixel, and col2im is done with pad and add, tap by tap. Only ops that every backend has, on
 * tensors of rank 4 or less, each with a gradient; so it is differentiable to any order wherever tfjs is.
 */
import {
  type Tensor,
  type Tensor4D,
  add,
  concat,
  customGrad,
  grad,
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
  if (g.batch === 0) return emptyBatch(g)(x, filter) as Tensor4D;
  const inDepth = g.inChannels / g.groups;
  const outputs = Array.from({ length: g.groups }, (_, group) => {
    const from = [0, 0, 0, group * inDepth];
    return oneGroup(g, slice(x, from, [-1, -1, -1, inDepth]), slice(filter, from, [-1, -1, -1, inDepth]));
  });
  return outputs.length === 1 ? outputs[0] : concat(outputs, 3);
}

/** ∂Φ/∂x by autodiff. The op is linear in x, so its value there does not matter. */
export function composedBackpropInput(g: Conv2DTransposeGeometry, dy: Tensor4D, filter: Tensor4D): Tensor4D {
  return grad((x) => composedConv2dTranspose(g, x as Tensor4D, filter))(zeros(xShapeOf(g)), dy) as Tensor4D;
}

/** ∂Φ/∂filter, likewise. */
export function composedBackpropFilter(g: Conv2DTransposeGeometry, x: Tensor4D, dy: Tensor4D): Tensor4D {
  return grad((filter) => composedConv2dTranspose(g, x, filter as Tensor4D))(zeros(filterShapeOf(g)), dy) as Tensor4D;
}

/** Not every backend's core ops can take the gradient of an empty tensor. */
function emptyBatch(g: Conv2DTransposeGeometry): (x: Tensor, filter: Tensor) => Tensor {
  return customGrad((...[x, filter]) => ({
    value: zeros(yShapeOf(g)),
    gradFunc: () => [zerosLike(x as Tensor), zerosLike(filter as Tensor)],
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
  const keptHeight = Math.min(g.outHeight, fullSize(height) - g.padTop);
  const keptWidth = Math.min(g.outWidth, fullSize(width) - g.padLeft);
  const cropped = slice(sum!, [0, g.padTop, g.padLeft, 0], [g.batch, keptHeight, keptWidth, outDepth]);
  return pad(cropped, [
    [0, 0],
    [0, g.outHeight - keptHeight],
    [0, g.outWidth - keptWidth],
    [0, 0],
  ]) as Tensor4D;
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
