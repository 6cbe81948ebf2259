// SPDX-License-Identifier: Apache-2.0
/** The backend `webgpu` as its own specs see it: what it has compiled, what it holds, and how it is made anew. */
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { descriptor } from '../../kernels/webgpu';

export const backend = (): WebGPUBackend => tf.backend() as WebGPUBackend;

/** The programs of ours that tfjs keeps compiled. */
export const programs = (): string[] =>
  Object.keys((backend() as unknown as { pipelineCache: object }).pipelineCache).filter((key) =>
    key.startsWith('conv2d-transpose'),
  );

/** The programs of ours that `body` runs, in order. */
export function programsOf(body: () => void): string[] {
  const run = backend().runWebGPUProgram.bind(backend());
  const names: string[] = [];
  backend().runWebGPUProgram = (program, ...rest) => {
    names.push(program.shaderKey.replace('conv2d-transpose: ', ''));
    return run(program, ...rest);
  };
  try {
    body();
  } finally {
    backend().runWebGPUProgram = run;
  }
  return names;
}

/** Bytes and tensors on the GPU. */
export const used = (): unknown => [backend().memory().numBytesInGPU, backend().numDataIds()];

/** What is recorded runs, and what it holds is given back. */
export function submit(): void {
  const { commandEncoder } = backend() as unknown as { commandEncoder: unknown };
  if (!commandEncoder) return;
  backend().endComputePassEncoder();
  backend().submitQueue();
}

/** Who computes a tile, whatever the adapter: see `tilesBy` of kernels/webgpu/device. */
export const TILES_BY = ['an invocation', 'a workgroup'] as const;

/** Sets who does; without a name, who usually does on this adapter. */
export function setTiles(by?: (typeof TILES_BY)[number]): void {
  descriptor.settings!.use(descriptor.device(backend()), by);
}

/** A backend `webgpu`, made anew. */
export async function renewed(change: (device: GPUDevice) => void = () => undefined): Promise<void> {
  const factory = tf.findBackendFactory('webgpu')!;
  await tf.setBackend('cpu');
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', factory, 3);
  await tf.setBackend('webgpu');
  change(backend().device);
}

/** Has the device play one of other limits, while `body` runs on a backend made anew for it. */
export async function withLimits(
  limits: Partial<Record<keyof GPUSupportedLimits, number>>,
  body: () => void,
): Promise<void> {
  await renewed((device) => {
    const real = device.limits as unknown as Record<string, number>;
    const played = new Proxy(real, {
      get: (_, name: string) => limits[name as keyof GPUSupportedLimits] ?? real[name],
    });
    Object.defineProperty(device, 'limits', { value: played });
  });
  body();
  await renewed();
}
