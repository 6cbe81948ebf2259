// SPDX-License-Identifier: Apache-2.0
/** Builds an ONNX model of a single ConvTranspose node, its filter inside as an initializer. */
import type { Conv2DTransposeGeometry } from '../../src';
import { onnxModel } from './onnx';

/** @param filter `[inChannels, outChannels / groups, filterHeight, filterWidth]`, as ONNX has it. */
export function convTransposeModel(g: Conv2DTransposeGeometry, filter: Float32Array): Uint8Array {
  const attributes = {
    kernel_shape: [g.filterHeight, g.filterWidth],
    strides: [g.strideHeight, g.strideWidth],
    dilations: [g.dilationHeight, g.dilationWidth],
    pads: [g.padTop, g.padLeft, g.padBottom, g.padRight],
    output_padding: [g.outputPaddingHeight, g.outputPaddingWidth],
    group: g.groups,
  };
  const filterShape = [g.inChannels, g.outChannels / g.groups, g.filterHeight, g.filterWidth];
  return onnxModel({
    nodes: [{ op: 'ConvTranspose', inputs: ['x', 'w'], output: 'y', attributes }],
    initializers: [{ name: 'w', shape: filterShape, values: filter }],
    inputs: [{ name: 'x', shape: [g.batch, g.inChannels, g.inHeight, g.inWidth] }],
    outputs: [{ name: 'y', shape: [g.batch, g.outChannels, g.outHeight, g.outWidth] }],
  });
}
