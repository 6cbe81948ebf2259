// SPDX-License-Identifier: Apache-2.0
/** Runs the op and the adjoint kernels on plain arrays, and returns plain arrays; disposes of everything. */
import * as tf from '@tensorflow/tfjs-core';
import { type Variant, conv2dTranspose } from '../../src';
import { type Layer, explicitPad, filterShape, xShape, yShape } from './layer';

/** What the op takes for a layer, after x and filter. */
export function opArguments(
  l: Layer,
  variant: Variant | 'auto' = 'auto',
): [undefined, [number, number], ReturnType<typeof explicitPad>, NonNullable<Parameters<typeof conv2dTranspose>[5]>] {
  const { strides, dilations, groups, outputPadding } = l;
  return [undefined, strides, explicitPad(l), { dilations, groups, outputPadding, variant }];
}

export function runForward(l: Layer, x: Float32Array, filter: Float32Array, variant: Variant | 'auto'): Float32Array {
  return values(() =>
    conv2dTranspose(tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l)), ...opArguments(l, variant)),
  );
}

/** The gradients through autodiff: the adjoint kernels where there are some, else those of the core ops. */
export function runBackpropInput(l: Layer, dy: Float32Array, filter: Float32Array): Float32Array {
  const $filter = tf.tensor4d(filter, filterShape(l));
  const op = (x: tf.Tensor): tf.Tensor => conv2dTranspose(x as tf.Tensor4D, $filter, ...opArguments(l));
  const result = values(() => tf.grad(op)(tf.zeros(xShape(l)), tf.tensor4d(dy, yShape(l))));
  $filter.dispose();
  return result;
}

export function runBackpropFilter(l: Layer, x: Float32Array, dy: Float32Array): Float32Array {
  const $x = tf.tensor4d(x, xShape(l));
  const op = (filter: tf.Tensor): tf.Tensor => conv2dTranspose($x, filter as tf.Tensor4D, ...opArguments(l));
  const result = values(() => tf.grad(op)(tf.zeros(filterShape(l)), tf.tensor4d(dy, yShape(l))));
  $x.dispose();
  return result;
}

/** Operands that the GPU has computed, and what runs a forward pass and both gradients of them. */
export function forwardAndGradients(
  l: Layer,
  operands: { readonly x: Float32Array; readonly filter: Float32Array },
  variant: Variant,
): { inputs: tf.Tensor[]; runs: () => void } {
  const inputs = [
    tf.mul(tf.tensor4d(operands.x, xShape(l)), 1),
    tf.mul(tf.tensor4d(operands.filter, filterShape(l)), 1),
  ];
  const op = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
    conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, ...opArguments(l, variant));
  const runs = (): void => {
    op(inputs[0], inputs[1]).dispose();
    tf.grads(op)(inputs).forEach((gradient) => gradient.dispose());
  };
  return { inputs, runs };
}

function values(compute: () => tf.Tensor): Float32Array {
  const result = tf.tidy(compute);
  const array = result.dataSync<'float32'>();
  result.dispose();
  return array;
}
