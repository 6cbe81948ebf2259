// SPDX-License-Identifier: Apache-2.0
/** The op: checks and converts its arguments, and hands a geometry to a kernel. */
import {
  type NamedAttrMap,
  type Rank,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  type TensorLike,
  engine,
  getBackend,
  op,
  reshape,
  transpose,
} from '@tensorflow/tfjs-core';
import { chooseVariant } from '../choice/choose';
import { type Conv2DTransposeAttrs, type Variant, kernelNameOf } from '../contract';
import type { DimRoundingMode } from '../geometry/axis';
import { checkNames, checkObject, show } from '../geometry/checks';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { GEOMETRY_OPTION_NAMES, type GeometryOptions, type Pad, computeGeometry } from '../geometry/request';
import { type Fused, applyFused } from './activations';
import { composedConv2dTranspose } from './composed';
import { registerGradients } from './gradients';
import { asFloat32 } from './tensors';

/** What `conv2dTranspose` takes beyond the arguments of `tf.conv2dTranspose`. */
export interface Conv2DTransposeOptions extends GeometryOptions {
  /** The algorithm, or 'auto'. Default: 'auto'. */
  variant?: Variant | 'auto';
}

/** The shape of the result, with or without a batch. */
export type OutputShape = [number, number, number] | [number, number, number, number];

/** The names of the options. */
export const CONV2D_OPTIONS: readonly string[] = [...GEOMETRY_OPTION_NAMES, 'variant'];

/** `DimRoundingMode` is the last argument of `tf.conv2dTranspose`; here an object may stand in its place. */
function conv2dTranspose_<T extends Tensor3D | Tensor4D>(
  x: T | TensorLike,
  filter: Tensor4D | TensorLike,
  outputShape: OutputShape | undefined,
  strides: [number, number] | number,
  pad: Pad,
  options: DimRoundingMode | Conv2DTransposeOptions = {},
): T {
  return runConv2dTranspose(x, filter, outputShape, strides, pad, options);
}

/** The op, with a bias and an activation in its kernel; only where no gradient is taken. */
export function runConv2dTranspose<T extends Tensor3D | Tensor4D>(
  x: T | TensorLike,
  filter: Tensor4D | TensorLike,
  outputShape: OutputShape | undefined,
  strides: [number, number] | number,
  pad: Pad,
  options: DimRoundingMode | Conv2DTransposeOptions,
  fused?: Fused,
): T {
  const given = typeof options === 'string' ? { dimRoundingMode: options } : (options ?? {});
  checkObject('conv2dTranspose: options', given);
  checkNames('conv2dTranspose', given, CONV2D_OPTIONS);
  const { dataFormat = 'NHWC', variant: asked = 'auto', ...rest } = given;
  const $x = asFloat32(x, 'conv2dTranspose', 'x');
  const $filter = asFloat32(filter, 'conv2dTranspose', 'filter');
  if ($x.rank !== 3 && $x.rank !== 4)
    throw new Error(`conv2dTranspose: x must have rank 3 or 4, but has shape [${$x.shape}]`);
  if ($filter.rank !== 4) throw new Error(`conv2dTranspose: filter must have rank 4, but has shape [${$filter.shape}]`);
  checkRankOf(outputShape, $x, 'conv2dTranspose');
  const batched = (shape: readonly number[]): readonly number[] => ($x.rank === 3 ? [1, ...shape] : shape);
  const geometry = computeGeometry({
    ...rest,
    dataFormat,
    xShape: batched($x.shape),
    filterShape: $filter.shape,
    outputShape: outputShape ? batched(outputShape) : undefined,
    strides,
    pad,
  });
  const variant = chooseVariant(asked, geometry, { backendName: getBackend(), backend: engine().backend });

  // Only what has to be done: every op here would need its gradient registered, which tfjs-core alone doesn't do.
  const x4D =
    $x.rank === 4 ? ($x as Tensor4D) : reshape<Rank.R4>($x, batched($x.shape) as [number, number, number, number]);
  const nhwc: Tensor4D = dataFormat === 'NHWC' ? x4D : permuted(x4D, [0, 2, 3, 1]);
  const y =
    variant === undefined
      ? composed(geometry, nhwc, $filter as Tensor4D, fused)
      : runVariant(variant, geometry, nhwc, $filter, fused);
  const result: Tensor4D = dataFormat === 'NHWC' ? y : permuted(y, [0, 3, 1, 2]);
  return ($x.rank === 3 ? reshape(result, result.shape.slice(1) as [number, number, number]) : result) as T;
}

/** `transpose`; not every backend's takes an empty tensor. */
function permuted(tensor: Tensor4D, permutation: number[]): Tensor4D {
  if (tensor.size > 0) return transpose(tensor, permutation);
  return reshape<Rank.R4>(tensor, permutation.map((n) => tensor.shape[n]) as [number, number, number, number]);
}

/** @throws RangeError unless an output shape, if there is one, has as many dimensions as x. */
export function checkRankOf(outputShape: unknown, x: Tensor, who: string): void {
  if (outputShape === undefined || outputShape === null) return;
  if (!Array.isArray(outputShape) || outputShape.length !== x.rank)
    throw new RangeError(`${who}: outputShape ${show(outputShape)} must have as many dimensions as x [${x.shape}]`);
}

function composed(g: Conv2DTransposeGeometry, x: Tensor4D, filter: Tensor4D, fused: Fused | undefined): Tensor4D {
  const y = composedConv2dTranspose(g, x, filter);
  return fused ? (applyFused(y, fused) as Tensor4D) : y;
}

function runVariant(
  variant: Variant,
  geometry: Conv2DTransposeGeometry,
  x: Tensor,
  filter: Tensor,
  fused: Fused | undefined,
): Tensor4D {
  registerGradients(variant);
  const inputs: Record<string, Tensor> = { x, filter };
  const attrs: Conv2DTransposeAttrs = fused
    ? { geometry, variant, activation: fused.activation, leakyreluAlpha: fused.leakyreluAlpha }
    : { geometry, variant };
  if (fused?.bias) inputs.bias = fused.bias;
  if (fused?.preluActivationWeights) inputs.preluActivationWeights = fused.preluActivationWeights;
  return engine().runKernel(kernelNameOf(variant), inputs, attrs as unknown as NamedAttrMap);
}

/**
 * Transposed 2-D convolution, also called fractionally strided convolution or, wrongly, deconvolution: the gradient of
 * `conv2d` with respect to its input, as a layer of its own.
 *
 * The first six arguments are those of `tf.conv2dTranspose`. In place of the last an object may give more:
 *
 * ```js
 * conv2dTranspose(x, filter, [1, 8, 8, 3], 2, 'same');
 * conv2dTranspose(x, filter, undefined, 2, 'same', { dilations: 2, groups: 4, variant: 'subpixel' });
 * ```
 *
 * @param x `[batch, inHeight, inWidth, inChannels]` (`[batch, inChannels, inHeight, inWidth]` with dataFormat 'NCHW'),
 *   or of rank 3 without the batch. int32 and bool are cast to float32.
 * @param filter `[filterHeight, filterWidth, outChannels / groups, inChannels]`, in either layout.
 * @param outputShape Shape of the result, of the rank of x; or undefined: then with 'same' the result is stride times
 *   as large as x, otherwise stride·(in − 1) + dilation·(k − 1) + 1 + outputPadding − crop. A shape is accepted if the
 *   forward convolution maps it back to the size of x.
 * @param strides A number, or `[strideHeight, strideWidth]`.
 * @param pad What the *forward* convolution pads, that is, what this one crops: 'same', 'valid', a number for all four
 *   sides, or `[[0, 0], [top, bottom], [left, right], [0, 0]]`, one pair per dimension of x.
 * @param options How the forward convolution would round its size ('floor', 'round', 'ceil'), as in
 *   `tf.conv2dTranspose`; or {@link Conv2DTransposeOptions}.
 * @returns `[batch, outHeight, outWidth, outChannels]` in the layout and of the rank of x, float32. Differentiable to
 *   any order with respect to x and filter.
 * @throws Error if an argument is not what it must be, the sizes do not fit together, or the variant that was asked for
 *   cannot run; the message says what was given and what would do. No tensor is left behind.
 *
 * Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
 *
 * @function
 */
export const conv2dTranspose = /* @__PURE__ */ op({ conv2dTranspose_ });
