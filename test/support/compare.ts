// SPDX-License-Identifier: Apache-2.0
/**
 * Comparison with the oracle: |actual − truth| ≤ ε32 · K · Σ|products| per element. Sums of K products in float32 keep
 * that bound, in any order, with or without fused multiply-add. NaN equals only NaN, an infinity only itself.
 *
 * Where the backend stores half floats, the operands and the result are rounded as well: twice their ε takes the place
 * of ε32.
 */
import type { Truth } from './oracle';

/** The ε of the bound, and the smallest number, by the bits of the floats that the backend stores. */
const FLOATS = { 32: { epsilon: 2 ** -23, least: 0 }, 16: { epsilon: 2 ** -9, least: 2 ** -24 } };
let floats = FLOATS[32];

/** Says how many bits the floats have that are compared from now on. */
export function setPrecision(bits: 16 | 32): void {
  floats = FLOATS[bits];
}

/** What is wrong, in one line, or '' if nothing is: `expect(mismatch(y, truth)).toBe('')` shows it in any runner. */
export function mismatch(actual: ArrayLike<number>, { values, bound }: Truth): string {
  if (actual.length !== values.length) return `${actual.length} elements, expected ${values.length}`;
  let worst = '';
  let worstRatio = 1;
  let wrong = 0;
  for (let at = 0; at < values.length; at++) {
    if (Object.is(actual[at], values[at]) || actual[at] === values[at]) continue;
    const ratio = Math.abs(actual[at] - values[at]) / (floats.epsilon * bound[at] + floats.least);
    if (ratio <= 1) continue;
    wrong++;
    if (worst === '' || ratio > worstRatio) {
      worstRatio = ratio;
      worst = `[${at}] is ${actual[at]}, expected ${values[at]}, ${ratio.toPrecision(3)} times the bound`;
    }
  }
  return wrong === 0 ? '' : `${wrong} of ${values.length} elements are wrong; the worst: ${worst}`;
}

/** The largest error as a part of the bound, for 32 bits; NaN if a value is one. */
export function shareOfBound(actual: ArrayLike<number>, { values, bound }: Truth): number {
  return values.reduce((worst, value, at) => {
    const error = Math.abs(actual[at] - value);
    return Math.max(worst, error === 0 ? 0 : error / (FLOATS[32].epsilon * bound[at]));
  }, 0);
}

/** The same for results that both carry rounding errors, as two ways to one gradient do: the sum of both bounds. */
export function mismatchOfPeers(actual: ArrayLike<number>, peer: ArrayLike<number>, { bound }: Truth): string {
  return mismatch(actual, { values: Float64Array.from(peer), bound: bound.map((b) => 2 * b) });
}

/** Whether each value is the expected one, bit by bit, NaN included; a runner's own comparison takes seconds. */
export function isEqual(values: ArrayLike<number>, expectedAt: (at: number) => number): boolean {
  return Array.from(values).every((value, at) => Object.is(value, expectedAt(at)));
}
