// SPDX-License-Identifier: Apache-2.0
/**
 * Inserts zeros between the pixels of a dense image and pads it, into another dense image. Example, one row of 3
 * pixels, stride 2, pad 1 on the left:
 *
 *     source   a b c           zeros inserted   0 a 0 b 0 c
 */
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../../src/geometry/geometry';
import { zeroInserted } from '../../../src/geometry/taps';
import type { Uniforms } from '../drawing/uniforms';
import { DENSE_PLACE, DENSE_STRUCT, DENSE_TEXEL, type DenseLayout, denseUniforms } from '../layouts/dense_image';

export const ZERO_INSERTION = {
  key: 'insert zeros',
  fragment: () => `${DENSE_STRUCT}${DENSE_PLACE}${DENSE_TEXEL}
uniform sampler2D source;
uniform Dense sourceAt, dense;
uniform int height, inHeight, inWidth, strideRows, strideCols, padTop, padLeft;
layout(location = 0) out vec4 value;
void main() {
  ivec3 place = densePlace(dense, ivec2(gl_FragCoord.xy));
  int image = quotient(place.x, height);
  int y = place.x - image * height - padTop;
  int x = place.y - padLeft;
  int i = quotient(max(y, 0), strideRows), j = quotient(max(x, 0), strideCols);
  value = vec4(0.);
  if (y >= 0 && x >= 0 && i * strideRows == y && j * strideCols == x && i < inHeight && j < inWidth) {
    value = texelFetch(source, denseTexel(sourceAt, image * inHeight + i, j) + ivec2(place.z, 0), 0);
  }
}`,
};

export function zeroInsertionUniforms(g: Conv2DTransposeGeometry, source: DenseLayout, dense: DenseLayout): Uniforms {
  const [rows, cols] = [zeroInserted(heightAxis(g)), zeroInserted(widthAxis(g))];
  return {
    ...denseUniforms('sourceAt', source),
    ...denseUniforms('dense', dense),
    height: rows.size,
    inHeight: g.inHeight,
    inWidth: g.inWidth,
    strideRows: g.strideHeight,
    strideCols: g.strideWidth,
    padTop: rows.padBegin,
    padLeft: cols.padBegin,
  };
}
