// SPDX-License-Identifier: Apache-2.0
import seedrandom from 'seedrandom';

/** `length` numbers, uniform in [−1, 1), the same for the same seed. */
export function uniform(length: number, seed: string): Float32Array {
  const next = seedrandom.alea(seed);
  return Float32Array.from({ length }, () => 2 * next() - 1);
}
