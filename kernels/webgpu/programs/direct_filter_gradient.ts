// SPDX-License-Identifier: Apache-2.0
/**
 * The filter gradient of programs/filter_gradient for groups of few channels: an invocation sums up one element of the
 * filter over a part of the pixels, or, where every channel is a group of its own, four neighbouring ones.
 */
import { PART_INTEGERS } from './filter_gradient';
import type { ProgramSource } from './program';

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
    code: () => `
fn main(index: i32) {
  let cols = uniforms.inChannels / ${lanes};
  let groupRows = uniforms.outChannels / uniforms.groups;
  let groupCols = uniforms.inChannels / uniforms.groups;
  let taps = uniforms.filterHeight * uniforms.filterWidth;
  let row = index / cols;
  let col = index - row * cols;
  let part = row / (taps * groupRows);
  if (part >= uniforms.parts) { return; }
  let ofPart = row - part * taps * groupRows;
  let tap = ofPart / groupRows;
  let tapRow = tap / uniforms.filterWidth;
  let offsetRow = tapRow * uniforms.dilationHeight - uniforms.padTop;
  let offsetCol = (tap - tapRow * uniforms.filterWidth) * uniforms.dilationWidth - uniforms.padLeft;
  let channel = ${depthwise ? 'col' : '(col / groupCols) * groupRows + ofPart - tap * groupRows'};
  let dyChannels = uniforms.outChannels / ${lanes};
  let first = part * uniforms.pixelsOfPart;
  let end = min(uniforms.batch * uniforms.inHeight * uniforms.inWidth, first + uniforms.pixelsOfPart);
  var sum = ${depthwise ? 'vec4<f32>(0.)' : '0.'};
  for (var pixel = first; pixel < end; pixel++) {
    let line = pixel / uniforms.inWidth;
    let image = line / uniforms.inHeight;
    let r = (line - image * uniforms.inHeight) * uniforms.strideHeight + offsetRow;
    let c = (pixel - line * uniforms.inWidth) * uniforms.strideWidth + offsetCol;
    if (r >= 0 && r < uniforms.outHeight && c >= 0 && c < uniforms.outWidth) {
      let at = ((image * uniforms.outHeight + r) * uniforms.outWidth + c) * dyChannels + channel;
      sum += x[pixel * cols + col] * dy[at];
    }
  }
  result[index] = sum;
}`,
  };
}
