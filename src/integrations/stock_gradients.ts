// SPDX-License-Identifier: Apache-2.0
/** Gradients that stock lacks, in the terms of its own kernels and of the family's. */
import {
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type GradConfig,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  type Tensor4D,
  conv2d,
  depthwiseConv2d,
  engine,
  transpose,
} from '@tensorflow/tfjs-core';
import { chooseVariant } from '../choice/choose';
import type { Conv2DTransposeAttrs } from '../contract';
import { geometryOfConvolution } from '../geometry/convolution';
import { toNHWC } from '../geometry/request';
import { registerGradients, runPass } from '../op/gradients';

/** What stock lacks: `Conv2DBackpropFilter` is linear in x and dy, and these are its adjoints. */
export const gradientOfBackpropFilter: GradConfig = {
  kernelName: Conv2DBackpropFilter,
  inputsToSave: ['x', 'dy'],
  gradFunc: (dFilter, [x, dy], attrs) => {
    const { strides, pad, dataFormat, dimRoundingMode } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const filter = dFilter as Tensor4D;
    return {
      x: () =>
        engine().runKernel(Conv2DBackpropInput, { dy, filter }, {
          strides,
          pad,
          dataFormat,
          dimRoundingMode,
          inputShape: x.shape,
        } as unknown as NamedAttrMap),
      dy: () => conv2d(x as Tensor4D, filter, strides, pad, dataFormat, 1, dimRoundingMode),
    };
  },
};

/** What a depthwise convolution is told. */
type DepthwiseAttrs = Pick<Conv2DAttrs, 'strides' | 'pad' | 'dimRoundingMode' | 'dilations'>;

const convolved = (x: Tensor, filter: Tensor, { strides, pad, dilations, dimRoundingMode }: DepthwiseAttrs): Tensor =>
  depthwiseConv2d(x as Tensor4D, filter as Tensor4D, strides, pad, 'NHWC', dilations, dimRoundingMode);

/** A gradient of a depthwise convolution, told the shape of what it is with respect to. */
function backprop(kernelName: string, inputs: NamedTensorMap, attrs: DepthwiseAttrs, shape: object): Tensor {
  const { strides, pad, dilations, dimRoundingMode } = attrs;
  const all = { strides, pad, dilations, dimRoundingMode, ...shape };
  return engine().runKernel(kernelName, inputs, all as unknown as NamedAttrMap);
}

/** What stock lacks of depthwise convolutions: both gradients are linear in both inputs, and these are the adjoints. */
export const gradientsOfDepthwise: readonly GradConfig[] = [
  {
    kernelName: DepthwiseConv2dNativeBackpropInput,
    inputsToSave: ['dy', 'filter'],
    gradFunc: (cotangent, [dy, filter], attrs) => {
      const [x, told] = [cotangent as Tensor, attrs as unknown as DepthwiseAttrs];
      const filterShape = filter.shape;
      return {
        dy: () => convolved(x, filter, told),
        filter: () => backprop(DepthwiseConv2dNativeBackpropFilter, { x, dy }, told, { filterShape }),
      };
    },
  },
  {
    kernelName: DepthwiseConv2dNativeBackpropFilter,
    inputsToSave: ['x', 'dy'],
    gradFunc: (cotangent, [x, dy], attrs) => {
      const [filter, told] = [cotangent as Tensor, attrs as unknown as DepthwiseAttrs];
      const inputShape = x.shape;
      return {
        x: () => backprop(DepthwiseConv2dNativeBackpropInput, { dy, filter }, told, { inputShape }),
        dy: () => convolved(x, filter, told),
      };
    },
  },
];

/** The gradient of conv2d: stock's, and where that gives up, for it is dilated, ours. */
export function gradientOfDilated(stock: GradConfig): GradConfig {
  return {
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const { strides, pad, dataFormat, dimRoundingMode, dilations } = attrs as unknown as Conv2DAttrs;
      if ([dilations].flat().every((d) => d === 1)) return stock.gradFunc(dy, saved, attrs);
      const [x, filter] = saved as Tensor4D[];
      const nhwc = (tensor: Tensor): Tensor => (dataFormat === 'NHWC' ? tensor : transpose(tensor, [0, 2, 3, 1]));
      const back = (tensor: Tensor): Tensor => (dataFormat === 'NHWC' ? tensor : transpose(tensor, [0, 3, 1, 2]));
      const [image, cotangent] = [nhwc(x), nhwc(dy as Tensor)];
      const geometry = geometryOfConvolution({
        xShape: image.shape,
        filterShape: filter.shape,
        strides,
        pad: Array.isArray(pad) ? (toNHWC(pad, dataFormat) as typeof pad) : pad,
        dilations,
        dimRoundingMode,
      });
      const place = { backendName: engine().backendName, backend: engine().backend };
      // Where no variant can run, the derivatives are composed of core ops, whichever is named.
      const variant = chooseVariant('auto', geometry, place) ?? 'subpixel';
      const own: Conv2DTransposeAttrs = { geometry, variant };
      registerGradients(variant);
      return {
        x: () => back(runPass('forward', { x: cotangent, filter }, own)),
        filter: () => runPass('filter gradient', { x: cotangent, dy: image }, own),
      };
    },
  };
}
