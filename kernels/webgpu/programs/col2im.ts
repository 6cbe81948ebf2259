// SPDX-License-Identifier: Apache-2.0
/**
 * col2im: adds up the footprints of input pixels where they overlap. Footprints have, for each pixel of x and group,
 * the channels (tap row · filterWidth + tap column) · channels of y + channel of y.
 *
 * Example, one row: kernel 3, stride 2, no crop, x of 2 pixels with footprints a0 a1 a2 and b0 b1 b2:
 *
 *     y   a0 │ a1 │ a2 + b0 │ b1 │ b2
 *
 * An element of y looks for what it is met by, rather than the other way round: it is written once. What meets it are
 * the taps of its phase (./taps), of which there is no need to try the others.
 */
import { GEOMETRY_INTEGERS } from './geometry_integers';
import { type Lanes, type ProgramSource, QUOTIENT, takenApart } from './program';
import { tapsCode } from './taps';

/** @param lanes Whether four channels of a group lie together. */
export function col2imSource(lanes: Lanes): ProgramSource {
  return {
    key: `col2im ${lanes}`,
    inputs: [{ name: 'footprints', lanes }],
    outputLanes: lanes,
    integers: [...GEOMETRY_INTEGERS, 'tapStepRows', 'tapStepCols'],
    code: () => `${QUOTIENT}${tapsCode(true)}
fn main(index: i32) {
  let lines = uniforms.outChannels / ${lanes};
${takenApart(
  'index',
  [
    ['line', 'lines'],
    ['col', 'uniforms.outWidth'],
    ['row', 'uniforms.outHeight'],
  ],
  'n',
)}
  if (n >= uniforms.batch) { return; }
  let ofGroup = lines / uniforms.groups;
  let group = quotient(line, ofGroup);
  let taps = uniforms.filterHeight * uniforms.filterWidth;
  let firstRow = quotient(row, uniforms.strideHeight);
  let firstCol = quotient(col, uniforms.strideWidth);
  let rowTaps = rowTapsOf(row - firstRow * uniforms.strideHeight);
  let colTaps = colTapsOf(col - firstCol * uniforms.strideWidth);
  var sum = ${lanes === 4 ? 'vec4<f32>(0.)' : '0.'};
  for (var m = 0; m < rowTaps.count; m++) {
    let i = firstRow + rowTaps.offset + m * rowTaps.offsetStep;
    if (i < 0 || i >= uniforms.inHeight) { continue; }
    for (var q = 0; q < colTaps.count; q++) {
      let j = firstCol + colTaps.offset + q * colTaps.offsetStep;
      if (j < 0 || j >= uniforms.inWidth) { continue; }
      let tap = (rowTaps.tap + m * rowTaps.tapStep) * uniforms.filterWidth + colTaps.tap + q * colTaps.tapStep;
      let at = ((n * uniforms.inHeight + i) * uniforms.inWidth + j) * taps * lines;
      sum += footprints[at + (group * taps + tap) * ofGroup + line - group * ofGroup];
    }
  }
  result[index] = finish(${lanes === 4 ? 'sum' : 'vec4<f32>(sum)'}, line * ${lanes})${lanes === 4 ? '' : '.x'};
}`,
  };
}
