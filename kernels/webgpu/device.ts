// SPDX-License-Identifier: Apache-2.0
/** What a device can do, and whether it is still there. */
import { util } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import {
  type Pass,
  SUPPORTED,
  type Settings,
  type Support,
  type Unsupported,
  howToRenew,
  otherInternals,
  unsupported,
} from '../../src/contract';
import { keptBy } from '../../src/geometry/kept';
import { WORKGROUP } from './programs/program';
import { fillsTiles } from './programs/tile';
import { adapterNameOf, gpuOf, hasSubgroupsOf, isSimulated, lacksOf, renewBuffers } from './tfjs_internals';

/** Bytes of a workgroup's memory that a program takes at most: what every device has. */
export const WORKGROUP_BYTES = 16_384;

/** Buffers that a program takes at most: image, weights, bias, prelu, result. */
const BUFFERS = 5;

/**
 * Who computes a tile of a product: a workgroup, whose invocations share its memory (programs/correlation), which suits
 * GPUs; each invocation by itself (programs/lane_correlation), which suits a CPU that simulates one; or each by itself,
 * of which four read for each other (programs/lane_quads), which suits it better, if the device has subgroups.
 */
type TilesBy = 'a workgroup' | 'an invocation' | 'four invocations';

export interface Device {
  /** Floats that a program can see of a buffer. */
  readonly mostFloats: number;
  /** Workgroups of a dispatch, whichever way they are arranged. */
  readonly mostWorkgroups: number;
  readonly tilesBy: TilesBy;
  /** Why no program can run, or ''. */
  readonly problem: string;
}

/** The devices that a backend can be set to be, the usual one first. */
const devicesOf = keptBy((backend: WebGPUBackend): readonly Device[] => {
  const { limits } = gpuOf(backend);
  const needs: readonly [keyof GPUSupportedLimits & string, number][] = [
    ['maxComputeInvocationsPerWorkgroup', WORKGROUP],
    ['maxComputeWorkgroupStorageSize', WORKGROUP_BYTES],
    ['maxStorageBuffersPerShaderStage', BUFFERS],
  ];
  const lacking = needs.find(([name, needed]) => (limits[name] as number) < needed);
  const device = {
    mostFloats: Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / 4),
    mostWorkgroups: limits.maxComputeWorkgroupsPerDimension ** 3,
    problem: lacking
      ? `its programs need a ${lacking[0]} of ${lacking[1]}, and this device has ${limits[lacking[0]] as number}`
      : '',
  };
  const bySize: readonly TilesBy[] = [
    'a workgroup',
    'an invocation',
    ...(hasSubgroupsOf(4, backend) ? (['four invocations'] as const) : []),
  ];
  const usualFirst = isSimulated(backend) ? [...bySize].reverse() : bySize;
  return usualFirst.map((tilesBy) => ({ ...device, tilesBy }));
});

/** By the names of devices, who computes tiles there. */
const tilesSet = /* @__PURE__ */ new Map<string, string>();

/** The device of a backend: the same object for as long as it is set alike. So plans can be kept by it. */
export function deviceOf(backend: WebGPUBackend): Device {
  const devices = devicesOf(backend);
  const set = tilesSet.size > 0 ? tilesSet.get(adapterNameOf(backend)) : undefined;
  return devices.find(({ tilesBy }) => tilesBy === set) ?? devices[0];
}

/** Who computes tiles can be set by `tune`. Usually what the adapter says of itself decides. */
export const settings: Settings<WebGPUBackend> = {
  of: 'who computes a tile',
  names: (backend) => devicesOf(backend).map(({ tilesBy }) => tilesBy),
  inUse: (backend) => deviceOf(backend).tilesBy,
  use: (device, name) => void (name === undefined ? tilesSet.delete(device) : tilesSet.set(device, name)),
  concern: (g) => fillsTiles(g.groups, g.outChannels / g.groups, g.inChannels / g.groups),
};

/** Of what `install` replaces, stock's conv2d alone is tiled: tuned on GPUs, where ours has not been timed. */
export function leavesToStock(pass: Pass, backend: WebGPUBackend): string | undefined {
  if (pass !== 'input gradient' || isSimulated(backend)) return undefined;
  return "stock's conv2d was tuned on GPUs, and ours has been timed on none yet; tune compares them on this one";
}

/** That a buffer of one of these shapes is more than a program can see. */
export function tooLarge({ mostFloats }: Device, ...shapes: readonly number[][]): Unsupported | undefined {
  const largest = Math.max(...shapes.map((shape) => util.sizeFromShape(shape)));
  if (largest <= mostFloats) return undefined;
  return unsupported(
    `it needs a buffer of ${largest} floats, and a program can see ${mostFloats} here; take a smaller batch or image`,
  );
}

/** That a program takes more workgroups than the device runs. */
export function tooMany({ mostWorkgroups }: Device, workgroups: number): Unsupported | undefined {
  if (workgroups <= mostWorkgroups) return undefined;
  return unsupported(
    `it takes ${workgroups} workgroups, and this device runs ${mostWorkgroups} at most; take a smaller batch or image`,
  );
}

/** What became of a device: why it was lost, and the first error since the last one that was told. */
const fates = keptBy((device: GPUDevice): { lost?: string; error?: GPUError } => {
  const fate: { lost?: string; error?: GPUError } = {};
  void device.lost.then(({ message, reason }) => (fate.lost = message || reason));
  // What follows from an error (a buffer that could not be made, so a group of them that cannot) are errors as well.
  device.addEventListener('uncapturederror', ({ error }) => (fate.error ??= error));
  return fate;
});

/**
 * @throws Error if the device is lost, or an earlier call found no memory on it or was not valid there: results would
 *   be garbage, and WebGPU tells of none of these where it happens. The next call finds buffers that are made anew.
 */
export function checkDevice(backend: WebGPUBackend): void {
  const fate = fates(gpuOf(backend));
  if (fate.lost !== undefined)
    throw new Error(`The WebGPU device of tfjs is lost (${fate.lost}). ${howToRenew('webgpu')}`);
  const { error } = fate;
  if (error === undefined) return;
  delete fate.error;
  renewBuffers(backend);
  const [what, remedy] =
    error instanceof GPUOutOfMemoryError
      ? ['had no memory left for', 'Dispose tensors or take a smaller batch or image, and make these calls again']
      : ['refused', 'Make these calls again; if that is refused as well, please open an issue'];
  throw new Error(
    `The GPU ${what} an earlier call, whose result is not to be trusted, nor those made since the last one was read. ` +
      `${remedy}. The GPU said: ${error.message.trim()}`,
  );
}

/** Waits for what the GPU was given; throws as `checkDevice` does, but of all that was given until now. */
export async function settle(backend: WebGPUBackend): Promise<void> {
  await gpuOf(backend).queue.onSubmittedWorkDone();
  checkDevice(backend);
}

/** Whether kernels of ours can run here at all. */
export function probe(backend: WebGPUBackend): Support {
  const lacks = lacksOf(backend);
  if (lacks.length > 0) return otherInternals('webgpu', backend, `its backend has no ${lacks.join(', ')}`);
  const { problem } = deviceOf(backend);
  return problem === '' ? SUPPORTED : unsupported(problem);
}
