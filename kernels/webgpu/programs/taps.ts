// SPDX-License-Identifier: Apache-2.0
/** Evenly spaced taps (src/geometry/taps) in WGSL: those of each phase of the output, or the same for all pixels. */
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../../src/geometry/geometry';
import { tapSpacing } from '../../../src/geometry/phases';
import type { Taps } from '../../../src/geometry/taps';
import { uniformsOf } from './geometry_integers';

/** Which taps pixels meet. */
export type MetTaps = { readonly rows: Taps; readonly cols: Taps } | { readonly phasesOf: Conv2DTransposeGeometry };

/** src/geometry/phases, for one phase; its first tap is found without a division. Needs ./program's QUOTIENT. */
const PHASE_TAPS = `
fn phaseTaps(firstOut: i32, stride: i32, pad: i32, dilation: i32, kernel: i32, tapStep: i32) -> Taps {
  let at = quotient(firstOut + pad, stride);
  let phase = firstOut + pad - at * stride;
  let further = dilation - quotient(dilation, stride) * stride;
  let end = min(kernel, tapStep);
  var tap = 0;
  var met = 0;
  while (tap < end && met != phase) {
    tap++;
    met += further - select(0, stride, met + further >= stride);
  }
  if (tap == end) { return Taps(0, 0, 0, 0, 0); }
  let count = quotient(kernel - 1 - tap, tapStep) + 1;
  let offset = at - quotient(tap * dilation - phase, stride);
  return Taps(count, offset, -quotient(tapStep * dilation, stride), tap, tapStep);
}
fn rowTapsOf(phase: i32) -> Taps {
  let kernel = uniforms.filterHeight;
  let tapStep = uniforms.tapStepRows;
  return phaseTaps(phase, uniforms.strideHeight, uniforms.padTop, uniforms.dilationHeight, kernel, tapStep);
}
fn colTapsOf(phase: i32) -> Taps {
  let kernel = uniforms.filterWidth;
  let tapStep = uniforms.tapStepCols;
  return phaseTaps(phase, uniforms.strideWidth, uniforms.padLeft, uniforms.dilationWidth, kernel, tapStep);
}`;

const PHASE_GEOMETRY = [
  'strideHeight',
  'strideWidth',
  'padTop',
  'padLeft',
  'dilationHeight',
  'dilationWidth',
  'filterHeight',
  'filterWidth',
];

const FIELDS = ['count', 'offset', 'offsetStep', 'tap', 'tapStep'] as const;
const named = (axis: 'row' | 'col', field: string): string => `${axis}_${field}`;

function fixedTaps(axis: 'row' | 'col'): string {
  const values = FIELDS.map((field) => `uniforms.${named(axis, field)}`);
  return `
fn ${axis}TapsOf(phase: i32) -> Taps { return Taps(${values.join(', ')}); }`;
}

/** `struct Taps`, and `rowTapsOf(phase)` and `colTapsOf(phase)`. */
export function tapsCode(phased: boolean): string {
  return `
struct Taps { ${FIELDS.map((field) => `${field}: i32`).join(', ')} };${
    phased ? PHASE_TAPS : fixedTaps('row') + fixedTaps('col')
  }`;
}

/** The integers that these take. */
export function tapIntegers(phased: boolean): readonly string[] {
  if (phased) return [...PHASE_GEOMETRY, 'tapStepRows', 'tapStepCols'];
  return (['row', 'col'] as const).flatMap((axis) => FIELDS.map((field) => named(axis, field)));
}

export function tapUniforms(taps: MetTaps): Record<string, number> {
  if ('phasesOf' in taps) {
    const g = taps.phasesOf;
    const [tapStepRows, tapStepCols] = [tapSpacing(heightAxis(g)).step, tapSpacing(widthAxis(g)).step];
    return { ...uniformsOf(g), tapStepRows, tapStepCols };
  }
  const { rows, cols } = taps;
  return Object.fromEntries(
    FIELDS.flatMap((field) => [
      [named('row', field), rows[field]],
      [named('col', field), cols[field]],
    ]),
  );
}
