// SPDX-License-Identifier: Apache-2.0
/** Bias and activation composed of core ops, for backends that have no kernels of ours and for gradients. */
import { type Tensor, add, elu, leakyRelu, prelu, relu, relu6, sigmoid, tanh } from '@tensorflow/tfjs-core';
import type { Activation } from '../contract';

/** What is fused with the sums: per channel, or one for all. */
export interface Fused {
  bias?: Tensor;
  preluActivationWeights?: Tensor;
  activation: Activation;
  leakyreluAlpha: number;
}

/** A row per activation. */
const APPLY: Readonly<Record<Activation, (y: Tensor, fused: Fused) => Tensor>> = {
  linear: (y) => y,
  relu: (y) => relu(y),
  relu6: (y) => relu6(y),
  elu: (y) => elu(y),
  sigmoid: (y) => sigmoid(y),
  tanh: (y) => tanh(y),
  leakyrelu: (y, { leakyreluAlpha }) => leakyRelu(y, leakyreluAlpha),
  prelu: (y, { preluActivationWeights }) => prelu(y, preluActivationWeights!),
};

/** Adds the bias and applies the activation by core ops, to a tensor whose channels are last. */
export function applyFused(y: Tensor, fused: Fused): Tensor {
  return APPLY[fused.activation](fused.bias ? add(y, fused.bias) : y, fused);
}
