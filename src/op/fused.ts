// SPDX-License-Identifier: Apache-2.0
/** `fused.conv2dTranspose`: bias and activation applied where the sums are, in the shape of `tf.fused.conv2d`. */
import {
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  type TensorLike,
  engine,
  op,
  transpose,
} from '@tensorflow/tfjs-core';
import {
  CONV2D_OPTIONS,
  type Conv2DTransposeOptions,
  type OutputShape,
  conv2dTranspose,
  runConv2dTranspose,
} from './conv2d_transpose';
import { ACTIVATIONS, type Activation, LEAKYRELU_ALPHA } from '../contract';
import { checkNames, checkObject, checkOneOf, show } from '../geometry/checks';
import type { Pad } from '../geometry/request';
import { applyFused } from './activations';
import { asFloat32 } from './tensors';

/** The arguments of `fused.conv2dTranspose`: those of `conv2dTranspose`, by name, and what is fused. */
export interface FusedConv2DTransposeConfig<T extends Tensor3D | Tensor4D> extends Conv2DTransposeOptions {
  x: T | TensorLike;
  filter: Tensor4D | TensorLike;
  outputShape?: OutputShape;
  strides: [number, number] | number;
  pad: Pad;
  /** A value per output channel, or a single one. */
  bias?: Tensor | TensorLike;
  /** Applied after the bias. Default: 'linear'. */
  activation?: Activation;
  /** For 'prelu': a value per output channel, or a single one. */
  preluActivationWeights?: Tensor | TensorLike;
  /** For 'leakyrelu'. Default: 0.2. */
  leakyreluAlpha?: number;
}

const FUSED_OPTIONS = [
  ...['x', 'filter', 'outputShape', 'strides', 'pad', 'bias', 'activation', 'preluActivationWeights', 'leakyreluAlpha'],
  ...CONV2D_OPTIONS,
];

function fusedConv2dTranspose_<T extends Tensor3D | Tensor4D>(config: FusedConv2DTransposeConfig<T>): T {
  checkObject('fused.conv2dTranspose: the argument', config);
  const { x, outputShape, strides, pad, bias, preluActivationWeights, ...options } = config;
  const { filter, activation = 'linear', leakyreluAlpha = LEAKYRELU_ALPHA, ...rest } = options;
  checkNames('fused.conv2dTranspose', config, FUSED_OPTIONS);
  checkOneOf('fused.conv2dTranspose: activation', activation, ACTIVATIONS);
  if (!Number.isFinite(leakyreluAlpha))
    throw new RangeError(`fused.conv2dTranspose: leakyreluAlpha must be a number, but was ${show(leakyreluAlpha)}`);
  if ((activation === 'prelu') !== (preluActivationWeights !== undefined && preluActivationWeights !== null))
    throw new Error(
      "fused.conv2dTranspose: preluActivationWeights must be given with activation 'prelu', and only then",
    );
  const $filter = asFloat32(filter, 'fused.conv2dTranspose', 'filter') as Tensor4D;
  const channels = $filter.shape[2] * (rest.groups ?? 1);
  const fused = {
    bias: perChannel(bias, 'bias', channels),
    preluActivationWeights: perChannel(preluActivationWeights, 'preluActivationWeights', channels),
    activation,
    leakyreluAlpha,
  };
  // Where gradients are taken, the ops one by one: each knows its own, and what it needs of its output.
  if (engine().state.gradientDepth === 0)
    return runConv2dTranspose<T>(x, $filter, outputShape, strides, pad, rest, fused);
  const y: Tensor = conv2dTranspose<T>(x, $filter, outputShape, strides, pad, rest);
  if (rest.dataFormat !== 'NCHW') return applyFused(y, fused) as T;
  const toChannelsLast = y.rank === 4 ? [0, 2, 3, 1] : [1, 2, 0];
  const toChannelsFirst = y.rank === 4 ? [0, 3, 1, 2] : [2, 0, 1];
  return transpose(applyFused(transpose(y, toChannelsLast), fused), toChannelsFirst) as T;
}

/** A float32 tensor of one value per channel, or of one for all. A filter that is none is the op's to explain. */
function perChannel(
  value: Tensor | TensorLike | undefined | null,
  name: string,
  channels: number,
): Tensor1D | undefined {
  if (value === undefined || value === null) return undefined;
  const given = asFloat32(value, 'fused.conv2dTranspose', name);
  if (given.rank > 1 || (given.size !== 1 && given.size !== channels && !Number.isNaN(channels)))
    throw new Error(
      `fused.conv2dTranspose: ${name} must hold a value for each of the ${channels} output channels ` +
        `or a single one, but has shape [${given.shape}]`,
    );
  return given as Tensor1D;
}

/**
 * `conv2dTranspose`, then a bias, then an activation; the kernels apply both where they write their sums. Under a
 * gradient it is composed of the ops one by one, which makes it differentiable with respect to x, filter, bias and
 * preluActivationWeights, to the order that tfjs's activations are.
 *
 * @param config {@link FusedConv2DTransposeConfig}; shapes as in `conv2dTranspose`.
 * @returns as `conv2dTranspose` does.
 * @throws Error as `conv2dTranspose` does; also if the activation is unknown, or bias or weights do not fit the output
 *   channels.
 *
 * @function
 */
export const fusedConv2dTranspose = /* @__PURE__ */ op({ fusedConv2dTranspose_ });
