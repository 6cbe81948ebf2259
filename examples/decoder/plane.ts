// SPDX-License-Identifier: Apache-2.0
/** Points of the latent plane at even distances. */

/** How far the plane is shown in either direction: two and a half standard deviations of the codes. */
export const REACH = 2.5;

/** A grid of `side` × `side` points, row by row from the top left: `[x, y]` with y upwards. */
export function planeGrid(side: number): [number, number][] {
  const at = (n: number): number => (side === 1 ? 0 : -REACH + (2 * REACH * n) / (side - 1));
  return Array.from({ length: side * side }, (_, n) => [at(n % side), -at(Math.floor(n / side))]);
}
