// SPDX-License-Identifier: Apache-2.0
/** Every backend with kernels of ours, as ../kernels lists them; importing this registers the kernels. */
import * as KERNELS from '../kernels';
import { type BackendDescriptor, descriptorOf } from '../src/contract';

/** Their names. */
export const BACKENDS: readonly string[] = Object.values(KERNELS).map(({ name }) => name);

/**
 * Those that what takes minutes measures unless others are asked for. Not `webgpu`: without a GPU each program takes
 * 0.5 to 2 s to compile, of ours and of stock's. The main job has it, with as many layers as there is time for.
 */
export const BY_DEFAULT: readonly string[] = BACKENDS.filter((name) => name !== 'webgpu');

/** The descriptor of one of them. */
export function descriptorNamed(name: string): BackendDescriptor {
  return descriptorOf(name)!;
}
