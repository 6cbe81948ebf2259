// SPDX-License-Identifier: Apache-2.0
/** tfjs's `webgpu` on a device that was made with subgroups: tfjs makes its own without. */
import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Registers it in place of tfjs's own; `false`, and changes nothing, where the adapter has no subgroups. */
export async function registerWithSubgroups(): Promise<boolean> {
  const adapterOf = (): Promise<GPUAdapter | null> => navigator.gpu.requestAdapter();
  if (!(await adapterOf())?.features.has('subgroups')) return false;
  tf.removeBackend('webgpu');
  tf.registerBackend(
    'webgpu',
    async () => {
      const adapter = (await adapterOf())!;
      const device = await adapter.requestDevice({
        requiredFeatures: (['subgroups', 'timestamp-query'] as const).filter((name) => adapter.features.has(name)),
        requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
      });
      return new WebGPUBackend(device, adapter.info);
    },
    3,
  );
  return true;
}
