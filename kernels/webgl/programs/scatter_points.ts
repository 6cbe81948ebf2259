// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter: a point for every contribution of a pixel of x through a tap, 4 output channels at a time. Its vertex
 * lies on the texel of the target it contributes to, and float blending adds it up. A draw is one tap. Example, one
 * row of x of 3 pixels, kernel 3, stride 2, no crop; which texel each pixel's point lies on:
 *
 *     y          0 1 2 3 4 5 6
 *     tap 0      a   b   c
 *     tap 1        a   b   c
 *     tap 2          a   b   c
 *
 * Texel fetches per useful multiply-add: 5 / 16.
 */
import { DENSE_STRUCT, DENSE_TEXEL } from '../layouts/dense_image';
import { WEIGHTS_STRUCT } from '../layouts/filter_texels';
import { GRID_STRUCT } from '../layouts/target_grid';

export const SCATTER_POINTS = {
  key: 'scatter',
  /** Point n: pixel n / quads of those whose contribution through the tap is not cropped, and quad n mod quads. */
  vertex: () => `${GRID_STRUCT}${DENSE_STRUCT}${DENSE_TEXEL}
uniform Dense imageAt;
uniform int imageHeight;
uniform int firstInRow, firstInCol, spanRows, spanCols;
uniform int firstOutRow, firstOutCol, strideRows, strideCols, outWidth;
uniform ivec2 targetSize;
flat out ivec2 pixelAt;
flat out int quad;
void main() {
  int pixel = quotient(gl_VertexID, grid.quads);
  quad = gl_VertexID - pixel * grid.quads;
  int line = quotient(pixel, spanCols);
  int j = pixel - line * spanCols;
  int image = quotient(line, spanRows);
  int i = line - image * spanRows;
  pixelAt = denseTexel(imageAt, image * imageHeight + firstInRow + i, firstInCol + j);
  int stack = quotient(image, grid.imagesPerStack);
  ivec2 at = ivec2(
    (stack * outWidth + firstOutCol + j * strideCols) * grid.quads + quad,
    (image - stack * grid.imagesPerStack) * grid.rows + firstOutRow + i * strideRows);
  gl_Position = vec4((vec2(at) + 0.5) / vec2(targetSize) * 2. - 1., 0., 1.);
  gl_PointSize = 1.;
}`,
  fragment: () => `${GRID_STRUCT}${WEIGHTS_STRUCT}
uniform sampler2D image, weights;
uniform int tap, depthQuads;
flat in ivec2 pixelAt;
flat in int quad;
layout(location = 0) out vec4 sum;
void main() {
  int group = quotient(quad, grid.groupQuads);
  ivec2 at = tap * weightsAt.perTap + group * weightsAt.perGroup + ivec2(0, 2 * (quad - group * grid.groupQuads));
  at = folded(at);
  int x = pixelAt.x + group * depthQuads;
  sum = vec4(0.);
  for (int k = 0; k < depthQuads; k++) {
    vec4 v = texelFetch(image, ivec2(x + k, pixelAt.y), 0);
    vec4 w0 = texelFetch(weights, at, 0), w1 = texelFetch(weights, at + ivec2(1, 0), 0);
    vec4 w2 = texelFetch(weights, at + ivec2(0, 1), 0), w3 = texelFetch(weights, at + ivec2(1), 0);
    sum += vec4(
      dot(v, vec4(w0.rg, w1.rg)), dot(v, vec4(w0.ba, w1.ba)), dot(v, vec4(w2.rg, w3.rg)), dot(v, vec4(w2.ba, w3.ba)));
    at.x += 2;
  }
}`,
};
