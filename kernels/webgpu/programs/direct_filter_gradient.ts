// SPDX-License-Identifier: Apache-2.0
/**
 * The filter gradient of programs/filter_gradient for groups of few channels: an invocation sums up one element of the
 * filter over a part of the pixels, or, where every channel is a group of its own, four neighbouring ones.
 */
import { NEXT_PLACE, PART_INTEGERS, placeOf } from './filter_gradient';
import { type ProgramSource, QUOTIENT, takenApart, within } from './program';

/** @param depthwise One channel a group, and a multiple of four of them. */
export function directFilterGradientSource(depthwise: boolean): ProgramSource {
  const lanes = depthwise ? 4 : 1;
  return {
    key: `direct filter gradient ${depthwise}`,
    inputs: [
      { name: 'x', lanes },
      { name: 'dy', lanes },
    ],
    outputLanes: lanes,
    integers: PART_INTEGERS,
    code: () => `${QUOTIENT}
fn main(index: i32) {
  let cols = uniforms.inChannels${depthwise ? ' >> 2u' : ''};
  let groupRows = quotient(uniforms.outChannels, uniforms.groups);
  let taps = uniforms.filterHeight * uniforms.filterWidth;
${takenApart(
  'index',
  [
    ['col', 'cols'],
    ['ofGroup', 'groupRows'],
    ['tap', 'taps'],
  ],
  'part',
)}
  if (part >= uniforms.parts) { return; }
${takenApart('tap', [['tapCol', 'uniforms.filterWidth']], 'tapRow')}
  let offsetRow = tapRow * uniforms.dilationHeight - uniforms.padTop;
  let offsetCol = tapCol * uniforms.dilationWidth - uniforms.padLeft;
  let groupCols = quotient(uniforms.inChannels, uniforms.groups);
  let channel = ${depthwise ? 'col' : 'quotient(col, groupCols) * groupRows + ofGroup'};
  let dyChannels = uniforms.outChannels${depthwise ? ' >> 2u' : ''};
  let first = part * uniforms.pixelsOfPart;
  let end = min(uniforms.batch * uniforms.inHeight * uniforms.inWidth, first + uniforms.pixelsOfPart);
${placeOf('first')}
  var sum = ${depthwise ? 'vec4<f32>(0.)' : '0.'};
  for (var pixel = first; pixel < end; pixel++) {
    let r = i * uniforms.strideHeight + offsetRow;
    let c = j * uniforms.strideWidth + offsetCol;
    if (${within('r', 'uniforms.outHeight')} & ${within('c', 'uniforms.outWidth')}) {
      let at = ((image * uniforms.outHeight + r) * uniforms.outWidth + c) * dyChannels + channel;
      sum += x[pixel * cols + col] * dy[at];
    }
${NEXT_PLACE}
  }
  result[index] = sum;
}`,
  };
}
