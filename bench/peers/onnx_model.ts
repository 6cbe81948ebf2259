// SPDX-License-Identifier: Apache-2.0
/**
 * Builds an ONNX model of a single ConvTranspose node, its filter inside as an initializer. Field numbers: onnx.proto.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Conv2DTransposeGeometry } from '../../src';

type Writer = protobuf.Writer;

const FLOAT = 1;
const INTS = 7;

/** A length-delimited field. */
function message(writer: Writer, field: number, content: Uint8Array): Writer {
  return writer.uint32((field << 3) | 2).bytes(content);
}

function text(writer: Writer, field: number, value: string): Writer {
  return writer.uint32((field << 3) | 2).string(value);
}

function integer(writer: Writer, field: number, value: number): Writer {
  return writer.uint32(field << 3).int64(value);
}

function integersAttribute(name: string, values: readonly number[]): Uint8Array {
  const writer = text(protobuf.Writer.create(), 1, name);
  for (const value of values) integer(writer, 8, value);
  return integer(writer, 20, INTS).finish();
}

function valueInfo(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = protobuf.Writer.create();
  for (const size of shape) message(dimensions, 1, integer(protobuf.Writer.create(), 1, size).finish());
  const tensor = message(integer(protobuf.Writer.create(), 1, FLOAT), 2, dimensions.finish()).finish();
  const type = message(protobuf.Writer.create(), 1, tensor).finish();
  return message(text(protobuf.Writer.create(), 1, name), 2, type).finish();
}

/** @param filter `[inChannels, outChannels / groups, filterHeight, filterWidth]`, as ONNX has it. */
export function convTransposeModel(g: Conv2DTransposeGeometry, filter: Float32Array): Uint8Array {
  const weights = protobuf.Writer.create();
  for (const size of [g.inChannels, g.outChannels / g.groups, g.filterHeight, g.filterWidth]) integer(weights, 1, size);
  integer(weights, 2, FLOAT);
  text(weights, 8, 'w');
  message(weights, 9, new Uint8Array(filter.buffer, filter.byteOffset, filter.byteLength));

  const node = protobuf.Writer.create();
  text(node, 1, 'x');
  text(node, 1, 'w');
  text(node, 2, 'y');
  text(node, 4, 'ConvTranspose');
  const attributes = {
    kernel_shape: [g.filterHeight, g.filterWidth],
    strides: [g.strideHeight, g.strideWidth],
    dilations: [g.dilationHeight, g.dilationWidth],
    pads: [g.padTop, g.padLeft, g.padBottom, g.padRight],
    output_padding: [g.outputPaddingHeight, g.outputPaddingWidth],
  };
  for (const [name, values] of Object.entries(attributes)) message(node, 5, integersAttribute(name, values));

  const graph = message(protobuf.Writer.create(), 1, node.finish());
  text(graph, 2, 'conv_transpose');
  message(graph, 5, weights.finish());
  message(graph, 11, valueInfo('x', [g.batch, g.inChannels, g.inHeight, g.inWidth]));
  message(graph, 12, valueInfo('y', [g.batch, g.outChannels, g.outHeight, g.outWidth]));

  const opset = integer(text(protobuf.Writer.create(), 1, ''), 2, 13);
  return message(message(integer(protobuf.Writer.create(), 1, 8), 7, graph.finish()), 8, opset.finish()).finish();
}
