// SPDX-License-Identifier: Apache-2.0
/** Every backend with kernels of ours, as ../kernels lists them; importing this registers the kernels. */
import * as KERNELS from '../kernels';
import { type BackendDescriptor, descriptorOf } from '../src/contract';

/** Their names. */
export const BACKENDS: readonly string[] = Object.values(KERNELS).map(({ name }) => name);

/**
 * Those that are measured unless others are asked for. Not `webgpu`, for without a GPU each program takes 0.5 to 2 s to
 * compile, of ours and of stock's. In a fourth of the three minutes of `npm start`, the machine alone, 19 of 54 passes
 * had their turn: 29 of 36 s were first calls, 40 of 59 rows nothing else (5 ms are 517 then), and all other backends
 * would have had less time. Of `subpixel` alone it were 30 passes, of the five smallest layers alone 13 of 15, most by
 * first calls, too. `npm run bench:webgpu` takes the time that it needs.
 */
export const BY_DEFAULT: readonly string[] = BACKENDS.filter((name) => name !== 'webgpu');

/** The descriptor of one of them. */
export function descriptorNamed(name: string): BackendDescriptor {
  return descriptorOf(name)!;
}
