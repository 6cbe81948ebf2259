// SPDX-License-Identifier: Apache-2.0
/** Gradients that stock lacks, in the terms of its own kernels and of the family's. */
import {
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type GradConfig,
  type NamedAttrMap,
  type Tensor,
  type Tensor4D,
  conv2d,
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
