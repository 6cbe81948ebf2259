// SPDX-License-Identifier: Apache-2.0
/** What measuring on a GPU takes: operands that are there, and results that are waited for. */
import * as tf from '@tensorflow/tfjs-core';

/** The operand on the GPU, packed as tfjs's own ops leave tensors. */
export function onTheGPU(operand: tf.Tensor4D): tf.Tensor4D {
  return tf.mul<tf.Tensor4D>(operand, 1);
}

/** Operands as users have them: weights as they were given, images as the op before leaves them. */
export function asUsersHaveIt(operand: tf.Tensor4D, name: 'x' | 'filter' | 'dy'): tf.Tensor4D {
  return name === 'filter' ? operand : onTheGPU(operand);
}

/** A single element: reading it takes no time, and it is there when all is. */
function cornerOf(result: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1]));
}

/** Waits for the GPU, the thread standing still. tfjs's webgpu cannot do that. */
export function waitForGPU(result: tf.Tensor): void {
  const corner = cornerOf(result);
  corner.dataSync();
  corner.dispose();
}

/** Waits for any GPU. On webgl tfjs asks by timers whether it is done, which adds milliseconds. */
export async function waitForAnyGPU(result: tf.Tensor): Promise<void> {
  const corner = cornerOf(result);
  await corner.data();
  corner.dispose();
}
