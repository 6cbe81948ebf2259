// SPDX-License-Identifier: Apache-2.0
/** What ops take for a tensor, as tensors. */
import { type Tensor, type TensorLike, cast, tensor } from '@tensorflow/tfjs-core';

/** A tensor as it is, of whichever copy of tfjs a page holds; nested arrays as a new one. */
export function asTensor(value: Tensor | TensorLike): Tensor {
  return typeof (value as Tensor)?.dataId === 'object' ? (value as Tensor) : tensor(value as TensorLike);
}

/**
 * A float32 tensor of a tensor or of nested arrays; int32 and bool are cast, as stock kernels do.
 *
 * @param who The op that asks, and `name` its argument, for the message.
 * @throws Error if there is no value, it has been disposed of, or does not hold real numbers.
 */
export function asFloat32(value: Tensor | TensorLike | undefined | null, who: string, name: string): Tensor {
  if (value === undefined || value === null)
    throw new Error(`${who}: ${name} must be a tensor or an array of numbers, but was ${value}`);
  const given = asTensor(value);
  if (given.isDisposed)
    throw new Error(`${who}: ${name} [${given.shape}] has been disposed; tf.keep or tf.clone it before its tidy ends`);
  if (given.dtype === 'string' || given.dtype === 'complex64')
    throw new Error(`${who}: ${name} must hold real numbers (float32, int32 or bool), but is ${given.dtype}`);
  return given.dtype === 'float32' ? given : cast(given, 'float32');
}
