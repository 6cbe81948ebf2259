// SPDX-License-Identifier: Apache-2.0
/**
 * The machine's SIMD peak as WebAssembly reaches it: multiply-adds on registers only. Two loops, because none suits
 * every compiler: `outer` has sums of different products (best where a multiply-add is two instructions), `chains` s ←
 * s·x + y (best where it is one).
 */

@inline
function madd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** `rounds` × 6 vector multiply-adds, 48 operations a round; returns something that depends on all of them. */
export function outer(rounds: i32, value: f32): f32 {
  const x0 = f32x4.splat(value), x1 = f32x4.splat(value * 2), x2 = f32x4.splat(value * 3);
  const y0 = f32x4.splat(value * 7), y1 = f32x4.splat(value * 8);
  const zero = f32x4.splat(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero;
  for (let i = 0; i < rounds; i++) {
    s00 = madd(x0, y0, s00);
    s01 = madd(x0, y1, s01);
    s10 = madd(x1, y0, s10);
    s11 = madd(x1, y1, s11);
    s20 = madd(x2, y0, s20);
    s21 = madd(x2, y1, s21);
  }
  return f32x4.extract_lane(f32x4.add(f32x4.add(f32x4.add(s00, s01), f32x4.add(s10, s11)), f32x4.add(s20, s21)), 0);
}

/** `rounds` × 16 vector multiply-adds, 128 operations a round; returns something that depends on all of them. */
export function chains(rounds: i32, value: f32): f32 {
  const x = f32x4.splat(value), y = f32x4.splat(value * 0.5);
  let s0 = f32x4.splat(0), s1 = f32x4.splat(1), s2 = f32x4.splat(2), s3 = f32x4.splat(3);
  let s4 = f32x4.splat(4), s5 = f32x4.splat(5), s6 = f32x4.splat(6), s7 = f32x4.splat(7);
  for (let i = 0; i < rounds; i++) {
    s0 = madd(s0, x, y);
    s1 = madd(s1, x, y);
    s2 = madd(s2, x, y);
    s3 = madd(s3, x, y);
    s4 = madd(s4, x, y);
    s5 = madd(s5, x, y);
    s6 = madd(s6, x, y);
    s7 = madd(s7, x, y);
    s0 = madd(s0, x, y);
    s1 = madd(s1, x, y);
    s2 = madd(s2, x, y);
    s3 = madd(s3, x, y);
    s4 = madd(s4, x, y);
    s5 = madd(s5, x, y);
    s6 = madd(s6, x, y);
    s7 = madd(s7, x, y);
  }
  const first = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  const second = f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7));
  return f32x4.extract_lane(f32x4.add(first, second), 0);
}
