// SPDX-License-Identifier: Apache-2.0
/** Every backend with kernels of ours, as ../kernels lists them; importing this registers the kernels. */
import * as KERNELS from '../kernels';
import { type BackendDescriptor, descriptorOf } from '../src/contract';

/** Their names. */
export const BACKENDS: readonly string[] = Object.values(KERNELS).map(({ name }) => name);

/**
 * Those that are measured unless others are asked for. Without a GPU a call of stock `webgpu` takes seconds, and so do
 * first calls of ours: it would use up the time of all others.
 */
export const BY_DEFAULT: readonly string[] = BACKENDS.filter((name) => name !== 'webgpu');

/** The descriptor of one of them. */
export function descriptorNamed(name: string): BackendDescriptor {
  return descriptorOf(name)!;
}
