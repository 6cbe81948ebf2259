// SPDX-License-Identifier: Apache-2.0
/**
 * col2im: adds up the footprints of input pixels where they overlap. Footprints have, for each pixel of x and group,
 * the channels (tap row · filterWidth + tap column) · channels of y + channel of y.
 *
 * Example, one row: kernel 3, stride 2, no crop, x of 2 pixels with footprints a0 a1 a2 and b0 b1 b2:
 *
 *     y   a0 │ a1 │ a2 + b0 │ b1 │ b2
 *
 * An element of y looks for what it is met by, rather than the other way round: it is written once.
 */
import { GEOMETRY_INTEGERS } from './geometry_integers';
import type { ProgramSource } from './program';

export const COL2IM: ProgramSource = {
  key: 'col2im',
  inputs: [{ name: 'footprints', lanes: 1 }],
  outputLanes: 1,
  integers: GEOMETRY_INTEGERS,
  code: () => `
fn main(index: i32) {
  let pixel = index / uniforms.outChannels;
  let channel = index - pixel * uniforms.outChannels;
  let line = pixel / uniforms.outWidth;
  let n = line / uniforms.outHeight;
  if (n >= uniforms.batch) { return; }
  let row = line - n * uniforms.outHeight + uniforms.padTop;
  let col = pixel - line * uniforms.outWidth + uniforms.padLeft;
  let groupChannels = uniforms.outChannels / uniforms.groups;
  let group = channel / groupChannels;
  let taps = uniforms.filterHeight * uniforms.filterWidth;
  var sum = 0.;
  for (var m = 0; m < uniforms.filterHeight; m++) {
    let y = row - m * uniforms.dilationHeight;
    let i = y / uniforms.strideHeight;
    if (y < 0 || i * uniforms.strideHeight != y || i >= uniforms.inHeight) { continue; }
    for (var q = 0; q < uniforms.filterWidth; q++) {
      let x = col - q * uniforms.dilationWidth;
      let j = x / uniforms.strideWidth;
      if (x < 0 || j * uniforms.strideWidth != x || j >= uniforms.inWidth) { continue; }
      let at = ((n * uniforms.inHeight + i) * uniforms.inWidth + j) * taps * uniforms.outChannels;
      let footprint = (group * taps + m * uniforms.filterWidth + q) * groupChannels;
      sum += footprints[at + footprint + channel - group * groupChannels];
    }
  }
  result[index] = finish(vec4<f32>(sum), channel).x;
}`,
};
