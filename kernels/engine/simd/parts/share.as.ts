// SPDX-License-Identifier: Apache-2.0
/**
 * Which share of every program is done here. Several threads call a program with the same arguments, each with a share
 * of its own; together they do what one does alone. A program divides its sums among shares, never a sum: each is made
 * by one thread, in one order, so that results are bitwise the same however many there are.
 */
export let share: i32 = 0;
export let shares: i32 = 1;

/** Says which of how many shares the next programs do. */
export function useShare(index: i32, count: i32): void {
  share = index;
  shares = count;
}

/** Of `count` equal things, those of this share are from here … */
@inline
export function shareBegin(count: i32): i32 {
  return <i32>((<i64>count * share) / shares);
}

/** … to before here. */
@inline
export function shareEnd(count: i32): i32 {
  return <i32>((<i64>count * (share + 1)) / shares);
}

/**
 * Whether `count` equal things make shares that are nearly equal. Then panels are divided, and a thread packs what it
 * multiplies with; else what is multiplied is divided into smaller pieces.
 */
@inline
export function dividesEvenly(count: i32): bool {
  return count % shares === 0 || count >= 6 * shares;
}
