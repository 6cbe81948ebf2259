// SPDX-License-Identifier: Apache-2.0
/** WebGPU as tfjs has it. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import type { Environment } from './environments';

export const webgpu: Environment = {
  name: 'webgpu',
  backend: 'webgpu',
  isCalibrated: false,
  setUp: async () => {
    await tf.setBackend('webgpu');
    // Specs read synchronously, and count the warnings: this is none of ours.
    Object.assign(tf.backend(), { hasReadSyncWarned: true });
  },
};
