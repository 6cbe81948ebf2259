// SPDX-License-Identifier: Apache-2.0
/** What is done to sums before they leave, in place: ../../engine says what (`Curves`). */

/**
 * Adds biases to `count` sums, multiplies by slopes what is below 0 then, and bounds the rest. Biases and slopes are
 * `period` floats, a multiple of 4, and repeat along the sums. NaN stays NaN.
 */
export function fuseCurves(sums: usize, count: i32, biases: usize, slopes: usize, period: i32, most: f32): void {
  const end = sums + (<usize>count << 2);
  const periodBytes = <usize>period << 2;
  let to = sums;
  while (to < end) {
    const stop = min(to + periodBytes, end);
    let from: usize = 0;
    for (; to + 16 <= stop; to += 16, from += 16) {
      v128.store(to, curve(v128.load(to), v128.load(biases + from), v128.load(slopes + from), most));
    }
    for (; to < stop; to += 4, from += 4) {
      const one = curve(v128.load32_zero(to), v128.load32_zero(biases + from), v128.load32_zero(slopes + from), most);
      v128.store32_lane(to, one, 0);
    }
  }
}

@inline
function curve(sum: v128, bias: v128, slope: v128, most: f32): v128 {
  const zero = f32x4.splat(0);
  const bound = f32x4.splat(most);
  const value = f32x4.add(sum, bias);
  // −∞ · 0 would be NaN.
  const below = v128.bitselect(zero, f32x4.mul(value, slope), f32x4.eq(slope, zero));
  const above = v128.bitselect(bound, value, f32x4.gt(value, bound));
  return v128.bitselect(below, above, f32x4.lt(value, zero));
}
