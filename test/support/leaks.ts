// SPDX-License-Identifier: Apache-2.0
import * as tf from '@tensorflow/tfjs-core';

/** How many tensors and data buffers a function leaves behind; it must dispose of what it makes. */
export function leaked(run: () => void): { tensors: number; buffers: number } {
  const before = tf.memory();
  run();
  const after = tf.memory();
  return { tensors: after.numTensors - before.numTensors, buffers: after.numDataBuffers - before.numDataBuffers };
}

export const NOTHING = { tensors: 0, buffers: 0 };
