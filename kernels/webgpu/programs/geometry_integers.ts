// SPDX-License-Identifier: Apache-2.0
/** Integers of a geometry as uniforms: they keep their names. */
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';

/** Those that programs take: all, for one that computes a pass by itself. */
export const GEOMETRY_INTEGERS: readonly (keyof Conv2DTransposeGeometry)[] = [
  'batch',
  'inHeight',
  'inWidth',
  'inChannels',
  'outHeight',
  'outWidth',
  'outChannels',
  'filterHeight',
  'filterWidth',
  'strideHeight',
  'strideWidth',
  'dilationHeight',
  'dilationWidth',
  'padTop',
  'padLeft',
  'groups',
];

export function uniformsOf(g: Conv2DTransposeGeometry): Record<string, number> {
  return Object.fromEntries(GEOMETRY_INTEGERS.map((name) => [name, g[name]]));
}
