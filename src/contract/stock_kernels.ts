// SPDX-License-Identifier: Apache-2.0
/** The kernels of tfjs that ours can stand for, by the names that tfjs gives them. */
import {
  Add,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedConv2D,
  FusedDepthwiseConv2D,
  Minimum,
  Prelu,
} from '@tensorflow/tfjs-core';
import { isDepthwise } from '../geometry/convolution';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import type { Pass } from './passes';

export const DENSE_CONVOLUTIONS = [Conv2DBackpropInput, Conv2DBackpropFilter, Conv2D, FusedConv2D] as const;
export const DEPTHWISE_GRADIENTS = [DepthwiseConv2dNativeBackpropInput, DepthwiseConv2dNativeBackpropFilter] as const;
export const DEPTHWISE_CONVOLUTIONS = [...DEPTHWISE_GRADIENTS, DepthwiseConv2dNative, FusedDepthwiseConv2D] as const;

/** The stock kernels that the kernels of the family compute. */
export const CONVOLUTIONS = [...DENSE_CONVOLUTIONS, ...DEPTHWISE_CONVOLUTIONS] as const;
export type Convolution = (typeof CONVOLUTIONS)[number];

/** Stock kernels between the convolutions of a model, which some backends have kernels of their own for. */
export const ELEMENTWISE = [Add, Minimum, Prelu] as const;
export type Elementwise = (typeof ELEMENTWISE)[number];

/** The stock kernels that `install` can replace. */
export const REPLACEABLE = [...CONVOLUTIONS, ...ELEMENTWISE] as const;
export type Replaceable = (typeof REPLACEABLE)[number];

const STOCK_KERNELS = {
  dense: {
    forward: Conv2DBackpropInput,
    'input gradient': Conv2D,
    'filter gradient': Conv2DBackpropFilter,
  },
  depthwise: {
    forward: DepthwiseConv2dNativeBackpropInput,
    'input gradient': DepthwiseConv2dNative,
    'filter gradient': DepthwiseConv2dNativeBackpropFilter,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Pass, Convolution>>>>;

/** What computes a pass in stock tfjs; the fused kernels are those without to who choose. */
export function stockKernelOf(pass: Pass, g: Conv2DTransposeGeometry): Convolution {
  return STOCK_KERNELS[isDepthwise(g) ? 'depthwise' : 'dense'][pass];
}
