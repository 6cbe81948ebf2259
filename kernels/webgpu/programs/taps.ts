// SPDX-License-Identifier: Apache-2.0
/**
 * Taps along an axis, in WGSL: `count` of them; tap n is `tap + n · tapStep` of the filter and moves what is read by
 * `offset + n · offsetStep`.
 */
const TAPS = `
struct Taps { count: i32, offset: i32, offsetStep: i32, tap: i32, tapStep: i32 };`;

/** src/geometry/phases, for one phase. */
const PHASE_TAPS = `
fn phaseTaps(firstOut: i32, stride: i32, pad: i32, dilation: i32, kernel: i32, tapStep: i32) -> Taps {
  let phase = (firstOut + pad) % stride;
  for (var tap = 0; tap < min(kernel, tapStep); tap++) {
    if ((tap * dilation - phase) % stride == 0) {
      let count = (kernel - 1 - tap) / tapStep + 1;
      let offset = (firstOut + pad) / stride - (tap * dilation - phase) / stride;
      return Taps(count, offset, -(tapStep * dilation) / stride, tap, tapStep);
    }
  }
  return Taps(0, 0, 0, 0, 0);
}
fn rowTapsOf(phase: i32) -> Taps {
  let tapStep = uniforms.tapStepRows;
  return phaseTaps(phase, uniforms.strideRows, uniforms.padTop, uniforms.dilationRows, uniforms.tapRows, tapStep);
}
fn colTapsOf(phase: i32) -> Taps {
  let tapStep = uniforms.tapStepCols;
  return phaseTaps(phase, uniforms.strideCols, uniforms.padLeft, uniforms.dilationCols, uniforms.tapCols, tapStep);
}`;

const FIXED_TAPS = `
fn rowTapsOf(phase: i32) -> Taps {
  return Taps(uniforms.rowCount, uniforms.rowOffset, uniforms.rowOffsetStep, uniforms.rowTap, uniforms.rowTapStep);
}
fn colTapsOf(phase: i32) -> Taps {
  return Taps(uniforms.colCount, uniforms.colOffset, uniforms.colOffsetStep, uniforms.colTap, uniforms.colTapStep);
}`;

const PHASE_INTEGERS = [
  'strideRows',
  'strideCols',
  'padTop',
  'padLeft',
  'dilationRows',
  'dilationCols',
  'tapRows',
  'tapCols',
  'tapStepRows',
  'tapStepCols',
];
const FIXED_INTEGERS = ['row', 'col'].flatMap((axis) =>
  ['Count', 'Offset', 'OffsetStep', 'Tap', 'TapStep'].map((name) => axis + name),
);

/** Taps of each phase of the output, or the same for all pixels: the code that finds them, and its integers. */
export function tapsCode(phased: boolean): string {
  return TAPS + (phased ? PHASE_TAPS : FIXED_TAPS);
}
export function tapIntegers(phased: boolean): readonly string[] {
  return phased ? PHASE_INTEGERS : FIXED_INTEGERS;
}
