// SPDX-License-Identifier: Apache-2.0
/** Tensors as users have them: operands where a model has them, results that are read in full. */
import * as tf from '@tensorflow/tfjs-core';
import { type Operand, descriptorOf } from '../src/contract';

/** Weights as they were given, images as the op before leaves them. */
export function asUsersHaveIt(operand: tf.Tensor4D, name: Operand): tf.Tensor4D {
  return name === 'filter' ? operand : tf.mul<tf.Tensor4D>(operand, 1);
}

/** All values of a result. tfjs's webgpu has no other way than to wait; on webgl that would add milliseconds. */
export function readWhole(result: tf.Tensor): Float32Array | Promise<Float32Array> {
  return tf.getBackend() === 'webgpu' ? (result.data() as Promise<Float32Array>) : result.dataSync<'float32'>();
}

/** Waits for the GPU, if it is one: reads a single element, which is there when all is. */
export async function waitForGPU(result: tf.Tensor): Promise<void> {
  if (descriptorOf(tf.getBackend())?.runsOn === 'cpu') return;
  const corner = tf.tidy(() => tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1]));
  await readWhole(corner);
  corner.dispose();
}
