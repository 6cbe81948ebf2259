// SPDX-License-Identifier: Apache-2.0
/**
 * Calls that find no memory, and the same calls after them, on Dawn's device that computes nothing and has 512 MB.
 * Writes into a file, as JSON, of each call what it threw and how many errors the device told after it: a call with
 * neither has run on buffers that are some. And what `tune` makes of a variant that finds no memory.
 */
import { writeFileSync } from 'node:fs';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { provideWebGPU } from './dawn';

await provideWebGPU('null');
const tf = await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs-backend-webgpu');
await import('../../kernels/webgpu');
const { conv2dTranspose, tune } = await import('../../src');

const MB = 2 ** 20;

export interface Call {
  readonly thrown: string;
  readonly told: number;
}

export interface Tuned {
  readonly measured: string[];
  readonly warnings: string[];
}

interface Scenario {
  /** What takes memory, and gives it back. */
  readonly fill?: (backend: WebGPUBackend) => () => void;
  /** Whether the result of the call without memory is read: what is recorded runs then, else with the next that is. */
  readonly isRead?: boolean;
  /** Calls after which a result is disposed. */
  readonly keptFor?: number;
  /** Whether tfjs's pool of buffers is another than what is known. */
  readonly isOther?: boolean;
}

/** Buffers of 480 MB. */
function fillDevice({ device }: WebGPUBackend): () => void {
  const buffers = [240, 240].map((size) => device.createBuffer({ size: size * MB, usage: GPUBufferUsage.STORAGE }));
  return () => buffers.forEach((buffer) => buffer.destroy());
}

/** Tensors of as much, whose buffers tfjs keeps in its pool. */
function fillPool(backend: WebGPUBackend): () => void {
  const tensors = [120, 120, 120, 120].map((size) => tf.fill([size * (MB / 4)], 1));
  backend.endComputePassEncoder();
  backend.submitQueue();
  return () => tf.dispose(tensors);
}

/** A pool with the same functions that hides what it holds. */
function hide(backend: WebGPUBackend): void {
  const pool = backend.bufferManager;
  const acquireBuffer = pool.acquireBuffer.bind(pool);
  const releaseBuffer = pool.releaseBuffer.bind(pool);
  const dispose = pool.dispose.bind(pool);
  Object.assign(backend, { bufferManager: { acquireBuffer, releaseBuffer, dispose } });
}

async function renewedBackend(): Promise<WebGPUBackend> {
  const factory = tf.findBackendFactory('webgpu');
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', factory);
  await tf.setBackend('webgpu');
  return tf.backend() as WebGPUBackend;
}

/** A call with room enough, one with none, and the same with room again, on a device of their own. */
async function play({ fill = fillDevice, isRead = true, keptFor = 0, isOther = false }: Scenario): Promise<Call[]> {
  const backend = await renewedBackend();
  const { device } = backend;
  if (isOther) hide(backend);
  let told = 0;
  device.addEventListener('uncapturederror', () => told++);
  const filter = tf.zeros<Rank.R4>([2, 2, 8, 8]);
  const kept: Tensor[] = [];
  /** A layer to `size` × `size` pixels of 8 channels: 32 MB for 1024. */
  const call = async (size: number, reads = true): Promise<Call> => {
    told = 0;
    let thrown = '';
    const x = tf.zeros<Rank.R4>([1, size / 2, size / 2, 8]);
    try {
      const y = conv2dTranspose(x, filter, undefined, 2, 'same');
      kept.push(y);
      const corner = tf.slice(y, [0, 0, 0, 0], [1, 1, 1, 1]);
      if (reads) await corner.data();
      corner.dispose();
    } catch (error) {
      thrown = (error as Error).message;
    }
    x.dispose();
    if (kept.length > keptFor) kept.shift()?.dispose();
    await device.queue.onSubmittedWorkDone();
    return { thrown, told };
  };
  const calls = [await call(8)];
  const free = fill(backend);
  calls.push(await call(1024, isRead));
  free();
  for (let n = 0; n < 6; n++) calls.push(await call(1024));
  return calls;
}

/** Tunes a layer of which 32 MB hold all but what `matmul` keeps for itself: 36 MB of footprints. */
async function tuned(): Promise<Tuned> {
  fillDevice(await renewedBackend());
  const warnings: string[] = [];
  console.warn = (text: string) => void warnings.push(text);
  const [winner] = await tune([{ xShape: [1, 256, 256, 8], filterShape: [3, 3, 16, 8], strides: 1, pad: 'same' }], {
    samples: 1,
  });
  return { measured: Object.keys(winner.ms), warnings };
}

const scenarios: Record<string, Scenario> = {
  read: {},
  'not read': { isRead: false },
  'kept for a while': { keptFor: 2 },
  "in tfjs's pool": { fill: fillPool },
  'in another pool': { isOther: true },
};
const played: Record<string, Call[]> = {};
for (const [name, scenario] of Object.entries(scenarios)) played[name] = await play(scenario);
writeFileSync(process.argv[2], JSON.stringify({ played, tuned: await tuned() }));
process.exit(0);
