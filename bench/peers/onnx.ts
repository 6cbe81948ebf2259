// SPDX-License-Identifier: Apache-2.0
/** Writes ONNX models: a graph of nodes, with the weights inside as initializers. Field numbers: onnx.proto. */
import protobuf from 'protobufjs/minimal.js';

type Writer = protobuf.Writer;

/** Types of tensors and of attributes. */
const [FLOAT_TENSOR, INT64_TENSOR] = [1, 7];
const [FLOAT, INT, INTS] = [1, 2, 7];
const IR_VERSION = 8;
const OPSET = 13;

/** A float, a list of integers, or one. */
export type Attribute = { float: number } | readonly number[] | number;

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A weight, or a shape that an op takes as a tensor. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | readonly number[];
}

/** What comes in or goes out: floats. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** The bytes of a model file. */
export function onnxModel({ nodes, initializers, inputs, outputs }: Graph): Uint8Array {
  const graph = protobuf.Writer.create();
  for (const node of nodes) message(graph, 1, nodeOf(node));
  text(graph, 2, 'graph');
  for (const initializer of initializers) message(graph, 5, tensorOf(initializer));
  for (const port of inputs) message(graph, 11, valueInfo(port));
  for (const port of outputs) message(graph, 12, valueInfo(port));
  const opset = integer(text(protobuf.Writer.create(), 1, ''), 2, OPSET);
  const model = integer(protobuf.Writer.create(), 1, IR_VERSION);
  return message(message(model, 7, graph.finish()), 8, opset.finish()).finish();
}

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

function nodeOf({ op, inputs, output, attributes = {} }: Node): Uint8Array {
  const node = protobuf.Writer.create();
  for (const input of inputs) text(node, 1, input);
  text(node, 2, output);
  text(node, 4, op);
  for (const [name, value] of Object.entries(attributes)) message(node, 5, attributeOf(name, value));
  return node.finish();
}

function attributeOf(name: string, value: Attribute): Uint8Array {
  const writer = text(protobuf.Writer.create(), 1, name);
  if (typeof value === 'number') return integer(integer(writer, 3, value), 20, INT).finish();
  if ('float' in value) return integer(writer.uint32((2 << 3) | 5).float(value.float), 20, FLOAT).finish();
  for (const one of value) integer(writer, 8, one);
  return integer(writer, 20, INTS).finish();
}

function tensorOf({ name, shape, values }: Initializer): Uint8Array {
  const isFloat = values instanceof Float32Array;
  const array = isFloat ? values : BigInt64Array.from(values, BigInt);
  const writer = protobuf.Writer.create();
  for (const size of shape) integer(writer, 1, size);
  integer(writer, 2, isFloat ? FLOAT_TENSOR : INT64_TENSOR);
  text(writer, 8, name);
  return message(writer, 9, new Uint8Array(array.buffer, array.byteOffset, array.byteLength)).finish();
}

function valueInfo({ name, shape }: Port): Uint8Array {
  const dimensions = protobuf.Writer.create();
  for (const size of shape) message(dimensions, 1, integer(protobuf.Writer.create(), 1, size).finish());
  const tensor = message(integer(protobuf.Writer.create(), 1, FLOAT_TENSOR), 2, dimensions.finish()).finish();
  const type = message(protobuf.Writer.create(), 1, tensor).finish();
  return message(text(protobuf.Writer.create(), 1, name), 2, type).finish();
}
