// SPDX-License-Identifier: Apache-2.0
/** Named layers, one for each thing that a transposed convolution can get wrong. */
import { type Layer, layer } from './layer';

const bySize: Record<string, Layer> = {
  'stride 1': layer({ strides: [1, 1], pads: [1, 1, 1, 1] }),
  'stride 2': layer(),
  'stride 3': layer({ strides: [3, 3], kernel: [5, 5] }),
  'stride 4': layer({ strides: [4, 4], kernel: [5, 4] }),
  'asymmetric stride': layer({ strides: [1, 3], kernel: [3, 4] }),
  'asymmetric stride and kernel': layer({ strides: [3, 2], kernel: [2, 5], pads: [0, 1, 2, 1] }),
  'kernel smaller than stride': layer({ strides: [3, 3], kernel: [2, 2], outputPadding: [1, 2] }),
  'kernel 1, stride 2': layer({ kernel: [1, 1] }),
  'kernel a multiple of stride': layer({ kernel: [4, 4], pads: [1, 1, 1, 1] }),
  'kernel not a multiple of stride': layer({ strides: [3, 3], kernel: [7, 5], pads: [2, 1, 1, 2] }),
  'one row': layer({ inSize: [1, 9], kernel: [1, 4] }),
  'one column': layer({ inSize: [7, 1], kernel: [4, 1] }),
  'one pixel': layer({ inSize: [1, 1], kernel: [4, 4] }),
  'odd sizes': layer({ inSize: [5, 7], pads: [1, 0, 0, 1] }),
  'crop that hides whole inputs': layer({ inSize: [6, 6], pads: [5, 4, 3, 5] }),
  'crop larger than the kernel': layer({ inSize: [6, 5], kernel: [2, 2], strides: [2, 2], pads: [4, 3, 3, 2] }),
  'batch of 3': layer({ batch: 3, pads: [1, 1, 0, 0] }),
};

const byChannels: Record<string, Layer> = {
  'one channel in, one out': layer({ inChannels: 1, outChannels: 1 }),
  'more channels out than in': layer({ inChannels: 2, outChannels: 9 }),
  'more channels in than out': layer({ inChannels: 13, outChannels: 1 }),
  'channels a multiple of 8': layer({ inChannels: 16, outChannels: 8 }),
  'odd channels': layer({ inChannels: 21, outChannels: 11, batch: 2 }),
  'groups 2': layer({ inChannels: 4, outChannels: 6, groups: 2 }),
  'groups 3, unequal depths': layer({ inChannels: 3, outChannels: 12, groups: 3, batch: 2 }),
  depthwise: layer({ inChannels: 5, outChannels: 5, groups: 5 }),
  'depthwise, dilated': layer({ inChannels: 4, outChannels: 4, groups: 4, dilations: [2, 3], strides: [1, 2] }),
  'depthwise, channels of several vectors and some over': layer({
    inSize: [6, 7],
    inChannels: 21,
    outChannels: 21,
    groups: 21,
    kernel: [4, 4],
    pads: [1, 1, 1, 1],
    batch: 2,
  }),
  'groups of 2 in, 1 out': layer({ inChannels: 18, outChannels: 9, groups: 9, kernel: [4, 3], batch: 2 }),
  'groups of 2 in, 2 out': layer({ inChannels: 10, outChannels: 10, groups: 5, dilations: [1, 2], pads: [1, 0, 1, 2] }),
  'groups of 4 in, 4 out': layer({ inSize: [4, 5], inChannels: 12, outChannels: 12, groups: 3, pads: [1, 1, 1, 1] }),
  'groups of 5 in, 9 out': layer({ inChannels: 10, outChannels: 18, groups: 2, pads: [1, 1, 1, 1] }),
};

const byDilation: Record<string, Layer> = {
  'dilation 2, stride 1': layer({ strides: [1, 1], dilations: [2, 2] }),
  'dilation 2, stride 2: empty phases': layer({ dilations: [2, 2], outputPadding: [1, 1] }),
  'dilation 3, stride 2': layer({ dilations: [3, 3], pads: [2, 1, 3, 0] }),
  'dilation 2, stride 4: gcd 2': layer({ strides: [4, 4], dilations: [2, 2], kernel: [4, 3] }),
  'dilation 3, stride 3: empty phases': layer({ strides: [3, 3], dilations: [3, 3], outputPadding: [2, 1] }),
  'dilation 2 and 3, stride 3 and 4': layer({ strides: [3, 4], dilations: [2, 3], kernel: [3, 4], batch: 2 }),
  'dilation larger than stride, output padding up to it': layer({
    strides: [1, 2],
    dilations: [3, 3],
    outputPadding: [2, 2],
  }),
};

const byOutputPadding: Record<string, Layer> = Object.fromEntries(
  [2, 3, 4].flatMap((stride) =>
    Array.from({ length: stride }, (_, a) => [
      `stride ${stride}, output padding ${a}`,
      layer({ strides: [stride, stride], outputPadding: [a, stride - 1 - a], pads: [1, 1, 1, 0] }),
    ]),
  ),
);

export const CASES: Readonly<Record<string, Layer>> = { ...bySize, ...byChannels, ...byDilation, ...byOutputPadding };
