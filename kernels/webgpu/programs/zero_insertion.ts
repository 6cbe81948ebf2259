// SPDX-License-Identifier: Apache-2.0
/**
 * Inserts zeros between the pixels of an image and pads it. Example, one row of 3 pixels, stride 2, pad 1 on the left:
 *
 *     x   a b c           zeros inserted   0 a 0 b 0 c
 */
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../../src/geometry/geometry';
import { zeroInserted } from '../../../src/geometry/taps';
import { uniformsOf } from './geometry_integers';
import type { ProgramSource } from './program';

export const ZERO_INSERTION: ProgramSource = {
  key: 'insert zeros',
  inputs: [{ name: 'x', lanes: 1 }],
  outputLanes: 1,
  integers: [
    'batch',
    'inHeight',
    'inWidth',
    'inChannels',
    'strideHeight',
    'strideWidth',
    'height',
    'width',
    'zerosAbove',
    'zerosLeft',
  ],
  code: () => `
fn main(index: i32) {
  let pixel = index / uniforms.inChannels;
  let line = pixel / uniforms.width;
  let n = line / uniforms.height;
  if (n >= uniforms.batch) { return; }
  let y = line - n * uniforms.height - uniforms.zerosAbove;
  let x0 = pixel - line * uniforms.width - uniforms.zerosLeft;
  let i = y / uniforms.strideHeight;
  let j = x0 / uniforms.strideWidth;
  var value = 0.;
  if (y >= 0 && x0 >= 0 && i * uniforms.strideHeight == y && j * uniforms.strideWidth == x0
      && i < uniforms.inHeight && j < uniforms.inWidth) {
    let channel = index - pixel * uniforms.inChannels;
    value = x[((n * uniforms.inHeight + i) * uniforms.inWidth + j) * uniforms.inChannels + channel];
  }
  result[index] = value;
}`,
};

export function zeroInsertionUniforms(g: Conv2DTransposeGeometry): Record<string, number> {
  const [rows, cols] = [zeroInserted(heightAxis(g)), zeroInserted(widthAxis(g))];
  return {
    ...uniformsOf(g),
    height: rows.size,
    width: cols.size,
    zerosAbove: rows.padBegin,
    zerosLeft: cols.padBegin,
  };
}
