// SPDX-License-Identifier: Apache-2.0
/**
 * Graph models. Importing this entry point registers TensorFlow's `Conv2DBackpropInput` (what `tf.nn.conv2d_transpose`
 * becomes) with the converter's custom ops: nodes with `dilations`, with `data_format` NCHW and with explicit paddings,
 * which stock's converter ignores, are computed as they say.
 *
 * @module tfjs-conv2d-transpose/graph
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { type GraphNode, deregisterOp, registerOp } from '@tensorflow/tfjs-converter';
import type { OutputShape } from '../op/conv2d_transpose';
import { fusedConv2dTranspose } from '../op/fused';
import type { Activation } from '../contract';
import type { DataFormat, ExplicitPadding, Pad } from '../geometry/request';
import { FUSED_TRANSPOSE } from './graph_rewriting';

const OP = 'Conv2DBackpropInput';

/** Registers the op again after {@link unregisterGraphOps}. */
export function registerGraphOps(): void {
  registerOp(OP, conv2dBackpropInput);
}

/** Leaves the op to the converter again. */
export function unregisterGraphOps(): void {
  deregisterOp(OP);
}

/**
 * Also with a bias, an activation and its slopes, as `foldGraph` makes it.
 *
 * Attributes as the converter gives them: strings in lower case, numbers of a list as they come; absent ones as
 * undefined or 0.
 */
function conv2dBackpropInput(node: GraphNode): Tensor {
  const [sizes, filter, dy, bias, preluActivationWeights] = node.inputs;
  const attribute = (name: string): unknown => (node.attrs as Record<string, unknown>)[name];
  const text = (name: string, otherwise: string): string => String(attribute(name) || otherwise).toUpperCase();
  const dataFormat = text('data_format', 'NHWC') as DataFormat;
  const spatial = (name: string): [number, number] => {
    const given = attribute(name);
    const list = Array.isArray(given) && given.length === 4 ? (given as number[]).map(Number) : [1, 1, 1, 1];
    return (dataFormat === 'NCHW' ? list.slice(2) : list.slice(1, 3)) as [number, number];
  };
  const [, activation = 'linear'] = (attribute('fused_ops') ?? []) as string[];
  return fusedConv2dTranspose({
    x: dy as Tensor4D,
    filter: filter as Tensor4D,
    outputShape: [...sizes.dataSync()] as OutputShape,
    strides: spatial('strides'),
    pad: padOf(text('padding', 'VALID'), attribute('explicit_paddings')),
    dataFormat,
    dilations: spatial('dilations'),
    bias,
    activation: activation.toLowerCase() as Activation,
    leakyreluAlpha: attribute('leakyrelu_alpha') as number | undefined,
    preluActivationWeights,
  });
}

function padOf(padding: string, explicit: unknown): Pad {
  if (padding !== 'EXPLICIT') return padding.toLowerCase() as Pad;
  const sides = (explicit as number[]).map(Number);
  return [0, 2, 4, 6].map((n) => [sides[n], sides[n + 1]]) as ExplicitPadding;
}

registerGraphOps();
registerOp(FUSED_TRANSPOSE, conv2dBackpropInput);

export { foldGraph } from './fold_graph';
