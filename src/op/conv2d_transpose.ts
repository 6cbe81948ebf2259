// SPDX-License-Identifier: Apache-2.0
/** The op: checks and converts its arguments, and hands a geometry to a kernel. */
import {
  type NamedAttrMap,
  type Rank,
  Tensor,
  type Tensor3D,
  type Tensor4D,
  type TensorLike,
  cast,
  engine,
  getBackend,
  op,
  reshape,
  tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { composedConv2dTranspose } from './composed';
import type { DimRoundingMode } from '../geometry/axis';
import { type DataFormat, type Pad, type Pair, computeGeometry } from '../geometry/geometry';
import { registerGradients } from './gradients';
import { type Fused, applyFused } from './activations';
import { KERNEL_OF_VARIANT, type Variant } from '../contract';
import { chooseVariant } from '../choice/choose';

/** What `conv2dTranspose` takes beyond the arguments of `tf.conv2dTranspose`. */
export interface Conv2DTransposeOptions {
  /** How the forward convolution would round its size, with a pad in numbers. Default: 'floor'. */
  dimRoundingMode?: DimRoundingMode;
  /** Layout of x, of the result, of `outputShape` and of an explicit pad. Default: 'NHWC'. */
  dataFormat?: DataFormat;
  /** Distance between neighbouring taps, in output cells: a number, or `[height, width]`. Default: 1. */
  dilations?: Pair;
  /** Number of groups that channels are divided into; inChannels and outChannels are multiples of it. Default: 1. */
  groups?: number;
  /** Cells added at the bottom and the right, less than the larger of stride and dilation. Default: 0. */
  outputPadding?: Pair;
  /** The algorithm, or 'auto'. Default: 'auto'. */
  variant?: Variant | 'auto';
}

/** The shape of the result, with or without a batch. */
export type OutputShape = [number, number, number] | [number, number, number, number];

const OPTIONS = ['dimRoundingMode', 'dataFormat', 'dilations', 'groups', 'outputPadding', 'variant'];

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
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined)
    throw new Error(`conv2dTranspose: unknown option '${unknown}'; the options are ${OPTIONS.join(', ')}`);
  const { dataFormat = 'NHWC', variant: asked = 'auto', ...rest } = given;
  const $x = asFloat(x, 'x');
  const $filter = asFloat(filter, 'filter');
  if ($x.rank !== 3 && $x.rank !== 4)
    throw new Error(`conv2dTranspose: x must have rank 3 or 4, but has shape [${$x.shape}]`);
  if ($filter.rank !== 4) throw new Error(`conv2dTranspose: filter must have rank 4, but has shape [${$filter.shape}]`);
  if (outputShape && outputShape.length !== $x.rank) {
    throw new Error(`conv2dTranspose: outputShape [${outputShape}] must have as many dimensions as x [${$x.shape}]`);
  }
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
  const variant = chooseVariant(asked, geometry, getBackend(), engine().backend);

  // Only what has to be done: every op here would need its gradient registered, which tfjs-core alone doesn't do.
  const x4D =
    $x.rank === 4 ? ($x as Tensor4D) : reshape<Rank.R4>($x, batched($x.shape) as [number, number, number, number]);
  const nhwc: Tensor4D = dataFormat === 'NHWC' ? x4D : transpose(x4D, [0, 2, 3, 1]);
  let y: Tensor4D;
  if (variant === undefined) {
    y = composedConv2dTranspose(geometry, nhwc, $filter as Tensor4D);
    if (fused) y = applyFused(y, fused) as Tensor4D;
  } else {
    registerGradients();
    const { bias, preluActivationWeights, ...epilogue } = fused ?? {};
    const inputs = { x: nhwc, filter: $filter, ...(bias && { bias }), ...(preluActivationWeights && { preluActivationWeights }) }; // prettier-ignore
    const attrs = { ...geometry, variant, ...epilogue } as unknown as NamedAttrMap;
    y = engine().runKernel(KERNEL_OF_VARIANT[variant], inputs, attrs);
  }
  const result: Tensor4D = dataFormat === 'NHWC' ? y : transpose(y, [0, 3, 1, 2]);
  return ($x.rank === 3 ? reshape(result, result.shape.slice(1) as [number, number, number]) : result) as T;
}

/** A float32 tensor of a tensor or of nested arrays; int32 and bool are cast, as the stock kernel does. */
function asFloat(value: Tensor | TensorLike, name: string): Tensor {
  if (value === undefined || value === null) {
    throw new Error(`conv2dTranspose: ${name} must be a tensor or an array of numbers, but was ${value}`);
  }
  const $value = value instanceof Tensor ? value : tensor(value);
  if ($value.isDisposed) {
    throw new Error(
      `conv2dTranspose: ${name} [${$value.shape}] has been disposed; tf.keep or tf.clone it before its tidy ends`,
    );
  }
  if ($value.dtype === 'string' || $value.dtype === 'complex64') {
    throw new Error(`conv2dTranspose: ${name} must hold real numbers (float32, int32 or bool), but is ${$value.dtype}`);
  }
  return $value.dtype === 'float32' ? $value : cast($value, 'float32');
}

/**
 * Transposed 2-D convolution, also called fractionally strided convolution or, wrongly, deconvolution: the gradient
 * of `conv2d` with respect to its input, as a layer of its own.
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
 * @param pad What the *forward* convolution pads, that is, what this one crops: 'same', 'valid', a number for all four sides, or
 *   `[[0, 0], [top, bottom], [left, right], [0, 0]]`, one pair per dimension of x.
 * @param options How the forward convolution would round its size ('floor', 'round', 'ceil'), as in
 *   `tf.conv2dTranspose`; or {@link Conv2DTransposeOptions}.
 * @returns `[batch, outHeight, outWidth, outChannels]` in the layout and of the rank of x, float32. Differentiable to any
 *   order with respect to x and filter.
 * @throws Error if an argument is not what it must be, the sizes do not fit together, or the variant that was asked for cannot run; the
 *   message says what was given and what would do. No tensor is left behind.
 *
 * Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
 */
export const conv2dTranspose = /* @__PURE__ */ op({ conv2dTranspose_ });
