// SPDX-License-Identifier: Apache-2.0
import { type Tensor, type TensorLike, tensor } from '@tensorflow/tfjs-core';

/** A tensor as it is, of whichever copy of tfjs a page holds; nested arrays as a new one. */
export function asTensor(value: Tensor | TensorLike): Tensor {
  return typeof (value as Tensor)?.dataId === 'object' ? (value as Tensor) : tensor(value as TensorLike);
}
