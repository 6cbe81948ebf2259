// SPDX-License-Identifier: Apache-2.0
/**
 * Inserts zeros between the pixels of an image and pads it. Example, one row of 3 pixels, stride 2, pad 1 on the left:
 *
 *     x   a b c           zeros inserted   0 a 0 b 0 c
 */
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';
import type { ProgramSource } from './program';

export const ZERO_INSERTION: ProgramSource = {
  key: 'insert zeros',
  inputs: [{ name: 'x', lanes: 1 }],
  outputLanes: 1,
  integers: [
    'batch',
    'height',
    'width',
    'inHeight',
    'inWidth',
    'channels',
    'strideRows',
    'strideCols',
    'padTop',
    'padLeft',
  ],
  code: () => `
fn main(index: i32) {
  let pixel = index / uniforms.channels;
  let line = pixel / uniforms.width;
  let n = line / uniforms.height;
  if (n >= uniforms.batch) { return; }
  let y = line - n * uniforms.height - uniforms.padTop;
  let x0 = pixel - line * uniforms.width - uniforms.padLeft;
  let i = y / uniforms.strideRows;
  let j = x0 / uniforms.strideCols;
  var value = 0.;
  if (y >= 0 && x0 >= 0 && i * uniforms.strideRows == y && j * uniforms.strideCols == x0
      && i < uniforms.inHeight && j < uniforms.inWidth) {
    let channel = index - pixel * uniforms.channels;
    value = x[((n * uniforms.inHeight + i) * uniforms.inWidth + j) * uniforms.channels + channel];
  }
  result[index] = value;
}`,
};

/** Height and width of an image with zeros inserted and padded, as a correlation of stride 1 reads it. */
export function zeroInsertedSize(g: Conv2DTransposeGeometry): [height: number, width: number] {
  return [g.outHeight + g.dilationHeight * (g.filterHeight - 1), g.outWidth + g.dilationWidth * (g.filterWidth - 1)];
}

export function zeroInsertionUniforms(g: Conv2DTransposeGeometry): Record<string, number> {
  const [height, width] = zeroInsertedSize(g);
  return {
    batch: g.batch,
    height,
    width,
    inHeight: g.inHeight,
    inWidth: g.inWidth,
    channels: g.inChannels,
    strideRows: g.strideHeight,
    strideCols: g.strideWidth,
    padTop: g.dilationHeight * (g.filterHeight - 1) - g.padTop,
    padLeft: g.dilationWidth * (g.filterWidth - 1) - g.padLeft,
  };
}
