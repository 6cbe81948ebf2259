// SPDX-License-Identifier: Apache-2.0
/**
 * How GLSL is generated here: code is repeated by JavaScript, so that what it repeats over is known to the compiler.
 */

/** 0, 1, … count − 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** The code of each item, one below the other. */
export function each<T>(items: readonly T[], code: (item: T, n: number) => string): string {
  return items.map(code).join('\n');
}

/** The four floats of a texel. */
export const LANES = [0, 1, 2, 3] as const;
