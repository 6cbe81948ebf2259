// SPDX-License-Identifier: Apache-2.0
/** Players of one task timed against each other (./interleave), their results compared. */
import { type Limits, type Runner, type Timing, interleave } from './interleave';

/** A runner with a model or operands of its own. */
export interface Player<N extends string = string> extends Runner<N> {
  /** What puts a result in the others' order, if it has another. */
  toNHWC?(result: Float32Array): Float32Array;
  dispose(): unknown;
}

export interface Timed extends Timing {
  /** The largest difference from the first player's result, relative to the largest value; NaN if there is none. */
  readonly difference: number;
}
/** By player; or why it cannot. */
export type Outcome<N extends string> = Partial<Record<N, Timed | { readonly unable: string }>>;

/**
 * Loads players, times them in turn, and disposes of them.
 *
 * @param inspected The run whose results are compared, from 1.
 * @param see Is shown the compared results, in the others' order.
 */
export async function race<N extends string>(
  loads: readonly (() => Promise<Player<N>>)[],
  limits: Limits,
  inspected = 1,
  see?: (name: N, values: Float32Array) => void,
): Promise<Outcome<N>> {
  const outcome: Outcome<N> = {};
  const players: Player<N>[] = [];
  const differences = new Map<Player<N>, number>();
  let reference: Float32Array | undefined;
  try {
    for (const load of loads) players.push(await load());
    const timings = await interleave(players, limits, {
      inspected,
      inspect(player, result) {
        const values = player.toNHWC?.(result) ?? result.slice();
        reference ??= values;
        see?.(player.name, values);
        differences.set(player, difference(values, reference));
      },
      unable(player, { message }) {
        outcome[player.name] = { unable: message };
      },
    });
    for (const [player, timing] of timings)
      outcome[player.name] = { ...timing, difference: differences.get(player) ?? NaN };
  } finally {
    for (const player of players) await player.dispose();
  }
  return outcome;
}

/** What a player has taken, if it took part and was able to. */
export function timedOf<N extends string>(outcome: Outcome<N>, name: N): Timed | undefined {
  const result = outcome[name];
  return result && !('unable' in result) ? result : undefined;
}

/** The largest difference, relative to the largest value; NaN if one is. */
function difference(values: Float32Array, reference: Float32Array): number {
  let [most, scale] = [0, 0];
  for (let at = 0; at < reference.length; at++) {
    most = Math.max(most, Math.abs(values[at] - reference[at]));
    scale = Math.max(scale, Math.abs(reference[at]));
  }
  return most / scale;
}
