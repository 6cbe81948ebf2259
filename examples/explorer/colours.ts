// SPDX-License-Identifier: Apache-2.0
/** The colours that cells are told apart by. */

/** A colour for the n-th of so many, readable under text in light and dark. */
export function tint(n: number, count: number): string {
  return `hsl(${Math.round((360 * n) / count + 210) % 360} 75% 55% / 0.42)`;
}

/** Of a cell in which several meet. */
export const OVERLAP = 'color-mix(in srgb, var(--ink) 28%, var(--cell))';
