// SPDX-License-Identifier: Apache-2.0
/** Every backend with kernels of ours, as ../kernels lists them; importing this registers the kernels. */
import * as KERNELS from '../kernels';
import { type BackendDescriptor, descriptorOf } from '../src/contract';

/** Their names. */
export const BACKENDS: readonly string[] = Object.values(KERNELS).map(({ name }) => name);

/** The descriptor of one of them. */
export function descriptorNamed(name: string): BackendDescriptor {
  return descriptorOf(name)!;
}
