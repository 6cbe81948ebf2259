// SPDX-License-Identifier: Apache-2.0
/** Transposed convolution along one dimension, which tfjs lacks: the two-dimensional one on an image of height 1. */
import {
  type Rank,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  type TensorLike,
  op,
  reshape,
} from '@tensorflow/tfjs-core';
import type { Pad } from '../geometry/request';
import { checkNames, checkObject, checkOneOf } from '../geometry/checks';
import { CONV2D_OPTIONS, type Conv2DTransposeOptions, checkRankOf, conv2dTranspose } from './conv2d_transpose';
import { asFloat32 } from './tensors';

/** Options of `conv2dTranspose` that mean the same here. */
type Shared = Omit<Conv2DTransposeOptions, 'dataFormat' | 'dilations' | 'outputPadding'>;

/** What `conv1dTranspose` takes by name. */
export interface Conv1DTransposeOptions extends Shared {
  /** Layout of x, of the result and of `outputShape`. Default: 'NWC'. */
  dataFormat?: 'NWC' | 'NCW';
  /** Distance between neighbouring taps. Default: 1. */
  dilation?: number;
  /**
   * Cells added at the end, less than the larger of stride and dilation. Default: 0; with 'same' and no output shape,
   * what makes the output stride times as long as the input.
   */
  outputPadding?: number;
}

const OPTIONS = CONV2D_OPTIONS.map((name) => (name === 'dilations' ? 'dilation' : name));

function conv1dTranspose_<T extends Tensor2D | Tensor3D>(
  x: T | TensorLike,
  filter: Tensor3D | TensorLike,
  outputShape: number[] | undefined,
  stride: number,
  pad: 'same' | 'valid' | number | [number, number],
  options: Conv1DTransposeOptions = {},
): T {
  checkObject('conv1dTranspose: options', options);
  checkNames('conv1dTranspose', options, OPTIONS);
  const { dataFormat = 'NWC', dilation = 1, outputPadding, ...shared } = options;
  checkOneOf('conv1dTranspose: dataFormat', dataFormat, ['NWC', 'NCW']);
  const $x = asFloat32(x, 'conv1dTranspose', 'x');
  const $filter = asFloat32(filter, 'conv1dTranspose', 'filter');
  if ($x.rank !== 2 && $x.rank !== 3)
    throw new Error(`conv1dTranspose: x must have rank 2 or 3, but has shape [${$x.shape}]`);
  if ($filter.rank !== 3)
    throw new Error(
      'conv1dTranspose: filter must be [filterWidth, outChannels / groups, inChannels], ' +
        `but has shape [${$filter.shape}]`,
    );
  checkRankOf(outputShape, $x, 'conv1dTranspose');
  const channelsLast = dataFormat === 'NWC';
  /** A dimension of height 1, where this layout has it. */
  const tall = (shape: readonly number[]): [number, number, number, number] => {
    const [a, b, c] = shape.length === 2 ? [1, ...shape] : shape;
    return channelsLast ? [a, 1, b, c] : [a, b, 1, c];
  };
  const y = conv2dTranspose(
    reshape($x, tall($x.shape)) as Tensor4D,
    reshape<Rank.R4>($filter, [1, ...($filter as Tensor3D).shape]),
    outputShape && tall(outputShape),
    [1, stride],
    padOf(pad, channelsLast),
    {
      ...shared,
      dataFormat: channelsLast ? 'NHWC' : 'NCHW',
      dilations: [1, dilation],
      outputPadding: outputPadding === undefined ? undefined : [0, outputPadding],
    },
  );
  const [batch, b, c, d] = y.shape;
  const shape = channelsLast ? [c, d] : [b, d];
  return reshape(y, ($x.rank === 2 ? shape : [batch, ...shape]) as [number, number]) as Tensor as T;
}

/** The pad of an image of height 1. */
function padOf(pad: 'same' | 'valid' | number | [number, number], channelsLast: boolean): Pad {
  if (typeof pad !== 'number' && !Array.isArray(pad)) return pad;
  const none: [number, number] = [0, 0];
  const ends: [number, number] = typeof pad === 'number' ? [pad, pad] : pad;
  return channelsLast ? [none, none, ends, none] : [none, none, none, ends];
}

/**
 * Transposed 1-D convolution, with the variants, gradients and options of `conv2dTranspose`.
 *
 * @param x `[batch, inWidth, inChannels]` (`[batch, inChannels, inWidth]` with dataFormat 'NCW'), or of rank 2 without
 *   the batch.
 * @param filter `[filterWidth, outChannels / groups, inChannels]`, in either layout.
 * @param outputShape Shape of the result, of the rank of x; or undefined, as in `conv2dTranspose`.
 * @param stride Distance between the footprints of neighbouring inputs.
 * @param pad What the forward convolution pads: 'same', 'valid', a number for both ends, or one for each.
 * @param options {@link Conv1DTransposeOptions}
 * @returns `[batch, outWidth, outChannels]` in the layout and of the rank of x, float32.
 * @throws Error as `conv2dTranspose` does.
 *
 * @function
 */
export const conv1dTranspose = /* @__PURE__ */ op({ conv1dTranspose_ });
