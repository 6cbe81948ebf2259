// SPDX-License-Identifier: Apache-2.0
/** Bias and activation composed of core ops, for backends that have no kernels of ours and for gradients. */
import { type Tensor, add, elu, leakyRelu, prelu, relu, relu6, sigmoid } from '@tensorflow/tfjs-core';
import type { Activation } from '../contract';

/** What is fused with the sums: per channel, or one for all. */
export interface Fused {
  bias?: Tensor;
  preluActivationWeights?: Tensor;
  activation: Activation;
  leakyreluAlpha: number;
}

/** Adds the bias and applies the activation by core ops, to a tensor whose channels are last. */
export function applyFused(y: Tensor, { bias, preluActivationWeights, activation, leakyreluAlpha }: Fused): Tensor {
  const biased = bias ? add(y, bias) : y;
  return {
    linear: () => biased,
    relu: () => relu(biased),
    relu6: () => relu6(biased),
    elu: () => elu(biased),
    sigmoid: () => sigmoid(biased),
    leakyrelu: () => leakyRelu(biased, leakyreluAlpha),
    prelu: () => prelu(biased, preluActivationWeights!),
  }[activation]();
}
