// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: networks, their files served beside it. */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { type Contest, contestWith } from '../models/contest';
import { pathOf } from '../models/paths';

const page: Contest = contestWith({
  handler: (network, writing) => tf.io.http(`/models/${pathOf(network, writing)}`),
  onnx: () => Promise.reject(new Error('onnxruntime-web is not run against a GPU')),
});
Object.assign(globalThis, { page });
