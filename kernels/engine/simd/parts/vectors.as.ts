// SPDX-License-Identifier: Apache-2.0
/**
 * Sums of vectors. Relaxed SIMD has `madd` as one fused instruction that rounds once; without it, it is a
 * multiplication and an addition that round twice.
 */

@inline
export function madd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

@inline
export function sumOfLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The sums of the lanes of four vectors, a lane each. */
@inline
export function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

@inline
export function fromLanes(a: f32, b: f32, c: f32, d: f32): v128 {
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(a), 1, b), 2, c), 3, d);
}

/** Adds the first `count` lanes, or all 4, to what is in memory. */
@inline
export function addLanes(to: usize, sum: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, f32x4.add(v128.load(to), sum));
    return;
  }
  store<f32>(to, load<f32>(to) + f32x4.extract_lane(sum, 0));
  if (count > 1) store<f32>(to, load<f32>(to, 4) + f32x4.extract_lane(sum, 1), 4);
  if (count > 2) store<f32>(to, load<f32>(to, 8) + f32x4.extract_lane(sum, 2), 8);
}
