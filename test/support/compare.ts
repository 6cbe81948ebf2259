// SPDX-License-Identifier: Apache-2.0
/**
 * Comparison with the oracle: |actual − truth| ≤ ε32 · K · Σ|products| per element, a bound that summing K products in
 * float32 in any order, with or without fused multiply-add, keeps; NaN equals only NaN, an infinity only itself.
 */
import type { Truth } from './oracle';

const EPSILON_32 = 2 ** -23;

/** What is wrong, in one line, or '' if nothing is: `expect(mismatch(y, truth)).toBe('')` shows it in any runner. */
export function mismatch(actual: ArrayLike<number>, { values, bound }: Truth): string {
  if (actual.length !== values.length) return `${actual.length} elements, expected ${values.length}`;
  let worst = '';
  let worstRatio = 1;
  let wrong = 0;
  for (let at = 0; at < values.length; at++) {
    if (Object.is(actual[at], values[at]) || actual[at] === values[at]) continue;
    const ratio = Math.abs(actual[at] - values[at]) / (EPSILON_32 * bound[at]);
    if (ratio <= 1) continue;
    wrong++;
    if (worst === '' || ratio > worstRatio) {
      worstRatio = ratio;
      worst = `[${at}] is ${actual[at]}, expected ${values[at]}, ${ratio.toPrecision(3)} times the bound`;
    }
  }
  return wrong === 0 ? '' : `${wrong} of ${values.length} elements are wrong; the worst: ${worst}`;
}

/** The same for results that both carry rounding errors, as two ways to one gradient do: the sum of both bounds. */
export function mismatchOfPeers(actual: ArrayLike<number>, peer: ArrayLike<number>, { bound }: Truth): string {
  return mismatch(actual, { values: Float64Array.from(peer), bound: bound.map((b) => 2 * b) });
}
