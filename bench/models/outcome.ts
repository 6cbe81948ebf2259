// SPDX-License-Identifier: Apache-2.0
/** Which results of networks are wrong. */
import type { Outcome } from '../race';
import type { ContenderName } from './contenders';

/** The largest difference between results, relative to the largest value. */
export const BOUND = 1e-4;

/** Whose results differ by more than the bound, or are no numbers. */
export function wrongIn(outcome: Outcome<ContenderName>): string[] {
  return Object.entries(outcome).flatMap(([name, result]) => {
    return 'unable' in result || result.difference <= BOUND ? [] : [`${name}, ${result.difference.toExponential(1)}`];
  });
}
