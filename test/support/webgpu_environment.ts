// SPDX-License-Identifier: Apache-2.0
/** WebGPU as tfjs has it: a CPU simulates the GPU, unless `CHROMIUM_GPU=1`. */
import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { descriptor } from '../../kernels/webgpu';
import type { Environment } from './environments';
import { TILES_BY, setTiles } from './webgpu_backend';

export const webgpu: Environment = {
  name: 'webgpu',
  backend: 'webgpu',
  isCalibrated: false,
};

/** The same, with the programs that it does not take on such an adapter: in software, those for GPUs. */
export const webgpuOtherwise: Environment = {
  ...webgpu,
  name: 'webgpu, programs of the other kind',
  isVariation: true,
  setUp: async () => {
    await tf.setBackend('webgpu');
    setTiles(TILES_BY.find((by) => by !== descriptor.settings!.inUse(tf.backend())));
  },
  tearDown: () => setTiles(),
};

/**
 * tfjs makes three canvases for a synchronous read. Their memory on the GPU is given back when JavaScript's garbage is
 * collected, which is not soon, for little of it is JavaScript's: after thousands of reads the device is lost. So all
 * reads of the specs are by the same three.
 */
const { readSync } = WebGPUBackend.prototype;
const canvases: OffscreenCanvas[] = [];
WebGPUBackend.prototype.readSync = function (this: WebGPUBackend, dataId: object) {
  const Canvas = globalThis.OffscreenCanvas;
  let asked = 0;
  const kept = function (width: number, height: number): OffscreenCanvas {
    return (canvases[asked++] ??= new Canvas(width, height));
  };
  // Specs count the warnings, and that such a read takes its time is none of ours.
  Object.assign(this, { hasReadSyncWarned: true });
  globalThis.OffscreenCanvas = kept as unknown as typeof OffscreenCanvas;
  try {
    return readSync.call(this, dataId);
  } finally {
    globalThis.OffscreenCanvas = Canvas;
  }
};
