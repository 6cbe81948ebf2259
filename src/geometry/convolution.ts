// SPDX-License-Identifier: Apache-2.0
/**
 * The geometry of a stock convolution, seen as an adjoint: conv2d of an image with a filter is the gradient, with
 * respect to its input, of the transposed convolution that turns conv2d's output back into an image of that size. So
 * conv2d's input is this geometry's output, and what conv2d discards for not filling a stride is its output padding.
 *
 * A depthwise convolution makes `multiplier` channels of each channel of its image: each is a group. Its filter holds
 * the same numbers in the same order in both shapes, as does its gradient:
 *
 *     stock   [filterHeight, filterWidth, channels, multiplier]      channel c, its q-th
 *     here    [filterHeight, filterWidth, 1, channels · multiplier]  input channel c · multiplier + q
 */
import { backend_util } from '@tensorflow/tfjs-core';
import { type Axis, fullSize } from './axis';
import { type Conv2DTransposeGeometry, geometryOf } from './geometry';
import { RecentByList } from './kept';

type ConvolutionInfo = typeof backend_util.computeConv2DInfo;
type Strides = Parameters<ConvolutionInfo>[2];
type Pad = Parameters<ConvolutionInfo>[4];
type RoundingMode = Parameters<ConvolutionInfo>[5];

/** A stock convolution's own attributes. Shapes of images are in the order of its data format. */
export interface ConvolutionRequest {
  /** `[batch, height, width, inChannels]` of the image that it convolves; in NCHW as that has it. */
  readonly xShape: readonly number[];
  /** `[filterHeight, filterWidth, inChannels, outChannels]`; of a depthwise one the last is the multiplier. */
  readonly filterShape: readonly number[];
  readonly strides: Strides;
  readonly pad: Pad;
  readonly dilations?: Strides;
  readonly dimRoundingMode?: RoundingMode;
  readonly kind?: 'depthwise';
  /** Default: NHWC. */
  readonly dataFormat?: 'NHWC' | 'NCHW';
}

const recent = /* @__PURE__ */ new RecentByList<Conv2DTransposeGeometry>();

/**
 * The geometry of the transposed convolution whose adjoint a stock convolution is.
 *
 * @throws Error as tfjs does, if its arguments do not fit together.
 */
export function geometryOfConvolution(request: ConvolutionRequest): Conv2DTransposeGeometry {
  const { xShape, filterShape, strides, pad, dilations = 1, dimRoundingMode, kind, dataFormat = 'NHWC' } = request;
  return recent.get([xShape, filterShape, strides, pad, dilations, dimRoundingMode, kind, dataFormat], () => {
    const info = backend_util.computeConv2DInfo(
      xShape as [number, number, number, number],
      filterShape as [number, number, number, number],
      strides,
      dilations,
      pad,
      dimRoundingMode,
      kind === 'depthwise',
      backend_util.convertConv2DDataFormat(dataFormat),
    );
    const height = axisOf({
      inSize: info.outHeight,
      outSize: info.inHeight,
      kernel: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      padBegin: info.padInfo.top,
      padEnd: info.padInfo.bottom,
    });
    const width = axisOf({
      inSize: info.outWidth,
      outSize: info.inWidth,
      kernel: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      padBegin: info.padInfo.left,
      padEnd: info.padInfo.right,
    });
    const channels = {
      batch: info.batchSize,
      inChannels: info.outChannels,
      outChannels: info.inChannels,
      groups: kind === 'depthwise' ? info.inChannels : 1,
    };
    return geometryOf(channels, height, width);
  });
}

/** Whether stock's depthwise convolution has this geometry; of a single channel it is the same as any other. */
export function isDepthwise({ groups, outChannels }: Conv2DTransposeGeometry): boolean {
  return groups > 1 && groups === outChannels;
}

/** The shape that a filter has for stock: drawn above. */
export function stockFilterShape(g: Conv2DTransposeGeometry): [number, number, number, number] {
  return [g.filterHeight, g.filterWidth, g.outChannels, g.inChannels / g.groups];
}

function axisOf(axis: Omit<Axis, 'outputPadding'>): Axis {
  const discarded = axis.outSize + axis.padBegin + axis.padEnd - fullSize(axis);
  // A convolution that rounds its size up reaches beyond its input: that much more is cropped.
  const padEnd = axis.padEnd + Math.max(0, -discarded);
  return { ...axis, padEnd, outputPadding: Math.max(0, discarded) };
}
