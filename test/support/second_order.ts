// SPDX-License-Identifier: Apache-2.0
/**
 * A gradient of second order that the oracle knows: with T the transposed convolution and u a direction,
 *
 *     s(x, w) = ⟨∂(½ |T(x, w)|²)/∂x, u⟩ = ⟨T(x, w), T(u, w)⟩
 *
 *     ∂s/∂x = B(T(u, w), w)                                B is the adjoint of T for x,
 *     ∂s/∂w = C(x, T(u, w)) + C(u, T(x, w))                C the one for the filter.
 *
 * All three kernels run to compute it, the variant once more in the second pass.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Variant, conv2dTranspose } from '../../src';
import type { Truth } from './oracle';
import * as oracle from './oracle';
import { opArguments } from './kernels';
import { type Layer, filterShape, xShape } from './layer';

type Numbers = ArrayLike<number>;

interface Operands {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  /** Of the shape of x. */
  readonly u: Float32Array;
}

/** ∂s/∂x and ∂s/∂filter by autodiff; to be called in a tidy. */
export function secondOrderGradients(l: Layer, { x, filter, u }: Operands, variant: Variant | 'auto'): tf.Tensor[] {
  const $u = tf.tensor4d(u, xShape(l));
  const halfOfSquares = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
    tf.mul(0.5, tf.sum(tf.square(conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, ...opArguments(l, variant)))));
  const s = (a: tf.Tensor, w: tf.Tensor): tf.Scalar => tf.sum(tf.mul(tf.grad((t) => halfOfSquares(t, w))(a), $u));
  return tf.grads(s)([tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))]);
}

/** Their values. */
export function secondOrder(l: Layer, operands: Operands, variant: Variant | 'auto'): Float32Array[] {
  return tf.tidy(() => secondOrderGradients(l, operands, variant).map((one) => one.dataSync<'float32'>()));
}

/** The same in float64. */
export function secondOrderTruths(l: Layer, { x, filter: w, u }: Operands): Truth[] {
  const forward = (from: Numbers): Truth => oracle.forward(l, from, w);
  const absolute = (values: Float32Array): Float32Array => values.map(Math.abs);
  // Both sums of a term round: twice the product of their bounds is more than the sum of both.
  const chained = (values: Float64Array, bound: Float64Array): Truth => ({ values, bound: bound.map((b) => 2 * b) });
  const dx = chained(
    oracle.backpropInput(l, forward(u).values, w).values,
    oracle.backpropInput(l, forward(u).bound, absolute(w)).bound,
  );
  const crossed = [
    [x, u],
    [u, x],
  ].map(([a, b]) => ({
    values: oracle.backpropFilter(l, a, forward(b).values).values,
    bound: oracle.backpropFilter(l, absolute(a), forward(b).bound).bound,
  }));
  const sum = (key: keyof Truth): Float64Array => crossed[0][key].map((value, at) => value + crossed[1][key][at]);
  return [dx, chained(sum('values'), sum('bound'))];
}
