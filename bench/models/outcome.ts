// SPDX-License-Identifier: Apache-2.0
/** What a contest of networks has found. */
import type { ContenderName } from './contenders';
import type { Outcome, Timed } from './contest';

/** The largest difference between results, relative to the largest value. */
export const BOUND = 1e-4;

/** What a contender has taken, if it was able to. */
export function timedOf(outcome: Outcome, name: ContenderName): Timed | undefined {
  const result = outcome[name];
  return result && !('unable' in result) ? result : undefined;
}

/** Whose results differ by more than the bound, or are no numbers. */
export function wrongIn(outcome: Outcome): string[] {
  return Object.entries(outcome).flatMap(([name, result]) => {
    return 'unable' in result || result.difference <= BOUND ? [] : [`${name}, ${result.difference.toExponential(1)}`];
  });
}
