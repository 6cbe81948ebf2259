// SPDX-License-Identifier: Apache-2.0
/**
 * What winograd saves, where it is smallest: two neighbours of a phase by three multiplications instead of four. With
 * inputs a, b, c and taps u, v
 *
 *     y₀ = a·u + b·v = (a − b)·u + b·(u + v)
 *     y₁ = b·u + c·v = b·(u + v) + (c − b)·v
 *
 * S. Winograd, "Arithmetic Complexity of Computations", 1980.
 */
import type { Line } from './line';

/** Two neighbours of a phase, and what they are made of, in the order of the formula above. */
export interface Neighbours {
  readonly phase: number;
  readonly outputs: readonly [number, number];
  readonly inputs: readonly [number, number, number];
  readonly taps: readonly [number, number];
}

/** The first neighbours that meet two taps each, all inside the input; `undefined` if there are none. */
export function neighboursOf({ axis, x, w, y }: Line): Neighbours | undefined {
  for (const { phase, taps, firstOut, firstIndex, count } of axis.phases) {
    if (taps.length !== 2 || taps[1].inputOffset - taps[0].inputOffset !== 1) continue;
    for (let t = 0; t < count - 1; t++) {
      // The later tap meets the input before.
      const first = firstIndex + t - taps[1].inputOffset;
      if (first < 0 || first + 2 >= axis.inSize) continue;
      const output = firstOut + t * axis.stride;
      return {
        phase,
        outputs: [y[output], y[output + axis.stride]],
        inputs: [x[first], x[first + 1], x[first + 2]],
        taps: [w[taps[1].tap], w[taps[0].tap]],
      };
    }
  }
  return undefined;
}

/** The three products, which make both neighbours: the first two, and the last two. */
export function threeProducts({ inputs: [a, b, c], taps: [u, v] }: Neighbours): [number, number, number] {
  return [(a - b) * u, b * (u + v), (c - b) * v];
}
