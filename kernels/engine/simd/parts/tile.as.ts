// SPDX-License-Identifier: Apache-2.0
/**
 * Scratch memory of the programs. In bytes from its beginning:
 *
 *     0          16           32                 160         176
 *     A_PIXELS   OUT_PIXELS   SUMS               SUMS_TO     for transforms (./winograd.as)
 *     4 places   4 places     4 × 8 floats       4 places
 *
 *     176          240        304          368       624     end
 *     FROM_TABLE   TO_TABLE   TAIL_TABLE   TAIL      STRIPS
 *     16 places    16 places  16 places    16 × 4    9 × 512 bytes
 *
 * Places are addresses: of the 4 pixels of a tile in a and in out, and of where sums go that a tile covers in part.
 */
export const A_PIXELS: usize = 0;
export const OUT_PIXELS: usize = 16;
export const SUMS: usize = 32;
export const SUMS_TO: usize = 160;
export const FROM_TABLE: usize = 176;
export const TO_TABLE: usize = 240;
export const TAIL_TABLE: usize = 304;
export const TAIL: usize = 368;
export const STRIPS: usize = 624;
/** Of each tap of a filter: 16 terms of 8 channels, packed. */
export const STRIP_BYTES: usize = 512;
export const SCRATCH_BYTES: i32 = 5232;

export let scratch: usize = 0;

/** Says where the scratch memory is: to be called whenever it may be elsewhere, before anything else. */
export function useScratch(address: usize): void {
  scratch = address;
}

@inline
export function storeTile(
  to: usize,
  s00: v128, s01: v128, s10: v128, s11: v128, s20: v128, s21: v128, s30: v128, s31: v128,
): void {
  v128.store(to, s00);
  v128.store(to, s01, 16);
  v128.store(to, s10, 32);
  v128.store(to, s11, 48);
  v128.store(to, s20, 64);
  v128.store(to, s21, 80);
  v128.store(to, s30, 96);
  v128.store(to, s31, 112);
}

/** Adds the sums in scratch memory, `count` rows of `width` floats, 8 apart, to where `SUMS_TO` says. */
export function storePart(count: i32, width: i32): void {
  for (let i = 0; i < count; i++) {
    const from = scratch + SUMS + (<usize>i << 5);
    const to = load<usize>(scratch + (<usize>i << 2), SUMS_TO);
    let c = 0;
    if (width >= 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      c = 4;
    }
    for (; c < width; c++) {
      const at = to + (<usize>c << 2);
      store<f32>(at, load<f32>(at) + load<f32>(from + (<usize>c << 2)));
    }
  }
}
