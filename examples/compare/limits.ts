// SPDX-License-Identifier: Apache-2.0
/** How long a task of the lab is measured, and what counts. */
import { ENOUGH_SAMPLES } from '../../bench/averages';
import type { Limits } from '../../bench/interleave';
import { descriptorOf } from '../../src/contract';

const ROUNDS = 9;

/**
 * Of a task that may take `seconds` on a backend. On a GPU a first call compiles, for longer than that where there is
 * only software, and counts for nothing.
 */
export function limitsOn(backend: string, seconds: number): Limits {
  const compiles = descriptorOf(backend)?.runsOn !== 'cpu';
  return { repeat: ROUNDS, budget: 1000 * seconds, least: ENOUGH_SAMPLES, compiles };
}
