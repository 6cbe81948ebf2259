// SPDX-License-Identifier: Apache-2.0
/** Every backend with kernels of ours, as ../kernels lists them; importing this registers the kernels. */
import * as KERNELS from '../kernels';
import { type BackendDescriptor, descriptorOf } from '../src/contract';

/** Their names. */
export const BACKENDS: readonly string[] = Object.values(KERNELS).map(({ name }) => name);

/**
 * Those that are measured unless others are asked for. Without a GPU, calls of stock `webgpu` take up to seconds, its
 * gradients most, and the first ones of ours up to one and a half, for they compile: a fourth of the three minutes of
 * `npm start` was enough for 15 of 54 passes, and all others would have had less time for it.
 */
export const BY_DEFAULT: readonly string[] = BACKENDS.filter((name) => name !== 'webgpu');

/** The descriptor of one of them. */
export function descriptorNamed(name: string): BackendDescriptor {
  return descriptorOf(name)!;
}
