// SPDX-License-Identifier: Apache-2.0
/**
 * All that is known here of tfjs's webgpu backend, and all of it is public or typed: tensors are dense buffers in the
 * order of their elements; `runWebGPUProgram` compiles a program, once for each `shaderKey`, and runs it; a buffer goes
 * back to tfjs's pool with `disposeData`. What tfjs changes inside is mended in this file.
 */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { keptBy } from '../../src/geometry/kept';
import type { Program } from './programs/program';

export function gpuOf(backend: WebGPUBackend): GPUDevice {
  return backend.device;
}

/** Vendor and architecture, as far as the browser tells. */
export function adapterNameOf(backend: WebGPUBackend): string {
  const { vendor, architecture } = (backend.adapterInfo ?? {}) as unknown as { vendor?: string; architecture?: string };
  return [vendor, architecture].filter((word) => word).join(' ') || 'WebGPU';
}

/** What simulates a GPU on a CPU, by the words in which browsers tell of it. */
const SIMULATORS = /swiftshader|llvmpipe|lavapipe|basic render|\bwarp\b/i;

export function isSimulated(backend: WebGPUBackend): boolean {
  const { adapterInfo } = gpuOf(backend) as { adapterInfo?: GPUAdapterInfo & { isFallbackAdapter?: boolean } };
  if (!adapterInfo) return SIMULATORS.test(adapterNameOf(backend));
  const { vendor, architecture, description, isFallbackAdapter } = adapterInfo;
  return isFallbackAdapter === true || SIMULATORS.test(`${vendor} ${architecture} ${description}`);
}

/** Whether the device was made with subgroups, and all of them are of so many invocations. */
export function hasSubgroupsOf(invocations: number, backend: WebGPUBackend): boolean {
  const { features, adapterInfo } = gpuOf(backend) as GPUDevice & { adapterInfo?: GPUAdapterInfo };
  const { subgroupMinSize, subgroupMaxSize } = adapterInfo ?? {};
  return features.has('subgroups') && subgroupMinSize === invocations && subgroupMaxSize === invocations;
}

/** Members that a tfjs must have for kernels of ours to run. */
export function lacksOf(backend: WebGPUBackend): string[] {
  const members = {
    device: 'object',
    tensorMap: 'object',
    runWebGPUProgram: 'function',
    makeTensorInfo: 'function',
    disposeData: 'function',
  };
  return Object.entries(members).flatMap(([name, type]) =>
    typeof (backend as unknown as Record<string, unknown>)[name] === type ? [] : [name],
  );
}

/** Whether the buffer of a tensor holds floats: of one that was cast to them it may hold what it held before. */
export function holdsFloats(backend: WebGPUBackend, { dataId }: TensorInfo): boolean {
  return backend.tensorMap.get(dataId).dtype === 'float32';
}

/** A tensor of float32: of these values, or with whatever its buffer holds. */
export function tensorOf(backend: WebGPUBackend, shape: number[], values?: Float32Array): TensorInfo {
  return backend.makeTensorInfo(shape, 'float32', values);
}

export function disposeTensor(backend: WebGPUBackend, info: TensorInfo): void {
  backend.disposeData(info.dataId);
}

/** What tfjs takes buffers from, and gives them back to. */
interface Pool {
  readonly freeBuffers: ReadonlyMap<string, readonly GPUBuffer[]>;
  readonly usedBuffers: ReadonlyMap<string, readonly GPUBuffer[]>;
  acquireBuffer(size: number, usage: number): GPUBuffer;
  /** Destroys a buffer that is not to be used again. */
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}

/** The pool of a backend; `undefined` if this tfjs has none that is known here. */
function poolOf(backend: WebGPUBackend): Pool | undefined {
  const pool = (backend as { readonly bufferManager?: unknown }).bufferManager as Partial<Pool> | undefined;
  const isKnown =
    pool?.freeBuffers instanceof Map &&
    pool.usedBuffers instanceof Map &&
    [pool.acquireBuffer, pool.releaseBuffer].every((member) => typeof member === 'function');
  return isKnown ? (pool as Pool) : undefined;
}

/** By pools, the buffers that are destroyed where they would be used again. */
const doubtfulOf = keptBy((pool: Pool): WeakSet<GPUBuffer> => {
  const doubtful = new WeakSet<GPUBuffer>();
  const release = pool.releaseBuffer.bind(pool);
  pool.releaseBuffer = (buffer, reuse = true) => release(buffer, reuse && !doubtful.has(buffer));
  return doubtful;
});

/**
 * Has tfjs hand out none of its buffers again, and what it has recorded run now. A buffer that could not be made is
 * like any other to its pool, and a dispatch that was refused takes all with it that is recorded beside it. Those that
 * nobody uses go at once, which gives back their memory; the others when they are given back. With a pool that is not
 * known nothing is done.
 */
export function renewBuffers(backend: WebGPUBackend): void {
  const pool = poolOf(backend);
  if (pool === undefined) return;
  // That what was refused does not run is told already.
  const device = gpuOf(backend);
  device.pushErrorScope('validation');
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  device.popErrorScope().catch(() => undefined);
  const doubtful = doubtfulOf(pool);
  for (const buffers of pool.usedBuffers.values()) for (const buffer of buffers) doubtful.add(buffer);
  for (const buffers of pool.freeBuffers.values())
    for (const { size, usage } of [...buffers]) pool.releaseBuffer(pool.acquireBuffer(size, usage), false);
}

/**
 * Runs a program into `output`. tfjs writes ranks, and which sizes are equal or 1, into the code that it compiles: all
 * buffers go by shapes that hide the difference, so that a new size compiles nothing but the tile that it takes first.
 */
export function runProgram(
  backend: WebGPUBackend,
  program: Program,
  inputs: readonly TensorInfo[],
  uniforms: Readonly<Record<string, number>>,
  output: TensorInfo,
): void {
  const flat = inputs.map(({ dataId, shape, dtype }) => ({ dataId, dtype, shape: [util.sizeFromShape(shape), 1] }));
  const values = program.uniformNames.map(({ name, type }) => ({ type, data: [uniforms[name]] }));
  const size = util.sizeFromShape(output.shape);
  program.outputShape = [size];
  const result = { dataId: output.dataId, dtype: output.dtype, shape: [size] };
  beginning(gpuOf(backend), program.directives, () =>
    backend.runWebGPUProgram(program, flat, 'float32', values, result),
  );
}

/** Has what is compiled meanwhile begin with directives: tfjs has code of its own stand before a program's. */
function beginning(device: GPUDevice, directives: string, run: () => void): void {
  if (directives === '') return run();
  const own = Object.getOwnPropertyDescriptor(device, 'createShaderModule');
  const create = device.createShaderModule.bind(device);
  const value: typeof create = (module) => create({ ...module, code: directives + module.code });
  Object.defineProperty(device, 'createShaderModule', { value, configurable: true });
  try {
    run();
  } finally {
    if (own) Object.defineProperty(device, 'createShaderModule', own);
    else Reflect.deleteProperty(device, 'createShaderModule');
  }
}
