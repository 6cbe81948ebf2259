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
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';
import type { ProgramSource } from './program';

export const COL2IM: ProgramSource = {
  key: 'col2im',
  inputs: [{ name: 'footprints', lanes: 1 }],
  outputLanes: 1,
  integers: [
    'batch',
    'inHeight',
    'inWidth',
    'outHeight',
    'outWidth',
    'outChannels',
    'groupChannels',
    'tapRows',
    'tapCols',
    'strideRows',
    'strideCols',
    'dilationRows',
    'dilationCols',
    'padTop',
    'padLeft',
  ],
  code: () => `
fn main(index: i32) {
  let pixel = index / uniforms.outChannels;
  let channel = index - pixel * uniforms.outChannels;
  let line = pixel / uniforms.outWidth;
  let n = line / uniforms.outHeight;
  if (n >= uniforms.batch) { return; }
  let row = line - n * uniforms.outHeight + uniforms.padTop;
  let col = pixel - line * uniforms.outWidth + uniforms.padLeft;
  let group = channel / uniforms.groupChannels;
  let taps = uniforms.tapRows * uniforms.tapCols;
  var sum = 0.;
  for (var m = 0; m < uniforms.tapRows; m++) {
    let y = row - m * uniforms.dilationRows;
    let i = y / uniforms.strideRows;
    if (y < 0 || i * uniforms.strideRows != y || i >= uniforms.inHeight) { continue; }
    for (var q = 0; q < uniforms.tapCols; q++) {
      let x = col - q * uniforms.dilationCols;
      let j = x / uniforms.strideCols;
      if (x < 0 || j * uniforms.strideCols != x || j >= uniforms.inWidth) { continue; }
      let at = ((n * uniforms.inHeight + i) * uniforms.inWidth + j) * taps * uniforms.outChannels;
      let footprint = (group * taps + m * uniforms.tapCols + q) * uniforms.groupChannels;
      sum += footprints[at + footprint + channel - group * uniforms.groupChannels];
    }
  }
  result[index] = finish(vec4<f32>(sum), channel).x;
}`,
};

export function col2imUniforms(g: Conv2DTransposeGeometry): Record<string, number> {
  return {
    batch: g.batch,
    inHeight: g.inHeight,
    inWidth: g.inWidth,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    outChannels: g.outChannels,
    groupChannels: g.outChannels / g.groups,
    tapRows: g.filterHeight,
    tapCols: g.filterWidth,
    strideRows: g.strideHeight,
    strideCols: g.strideWidth,
    dilationRows: g.dilationHeight,
    dilationCols: g.dilationWidth,
    padTop: g.padTop,
    padLeft: g.padLeft,
  };
}
