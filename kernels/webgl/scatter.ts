// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter, truly: a point for every contribution of an input pixel through a tap, 4 output channels at a time; its vertex
 * lies on the texel it contributes to, and float blending adds it up. Contributions that are cropped are never made.
 * Texel fetches per useful multiply-add: 5 / 16.
 */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, yShapeOf } from '../../src/geometry/geometry';
import { tapSpan } from '../../src/geometry/phases';
import { collectImage } from './collect';
import { targetSize } from './correlation';
import { filterBlocks } from './filters';
import { denseImage } from './images';
import { depthTexels, tilesOf, tilesPerGroup } from './tiling';
import { type Pass, type ProgramSource, draw } from './draw';
import type { Epilogue } from './epilogue';
import { type Limits, type Plan, forwardSums, planCorrelation } from './plan';
import { deleteLayers, makeLayers } from './textures';

export function planScatter(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const wanted = {
    ...forwardSums(g),
    rows: g.outHeight,
    cols: g.outWidth,
    tile: { lines: 1, cols: 1 },
    whole: true,
  };
  return planCorrelation(wanted, limits);
}

/** Why the machine cannot add up by blending, or '' if it can. */
export function missingForScatter(backend: MathBackendWebGL): string {
  // Half floats blend everywhere; of 32-bit floats an extension says so.
  if (!env().getBool('WEBGL_RENDER_FLOAT32_ENABLED') || backend.gpgpu.gl.getExtension('EXT_float_blend')) return '';
  return 'it adds up by blending, and this machine cannot blend 32-bit floats (EXT_float_blend)';
}

const SCATTER: ProgramSource = {
  key: 'scatter',
  vertex: `
uniform ivec2 size, inFirst, outFirst, strides;
uniform ivec3 blocks;
uniform ivec4 span, image;
flat out ivec4 source;
void main() {
  int pixel = quotient(gl_VertexID, span.w);
  int tile = gl_VertexID - pixel * span.w;
  int line = quotient(pixel, span.y);
  int j = pixel - line * span.y;
  int batch = quotient(line, span.x);
  int i = line - batch * span.x;
  line = batch * image.x + inFirst.x + i;
  int lineY = quotient(line, image.z);
  int lineX = ((line - lineY * image.z) * image.y + inFirst.y + j) * image.w;
  source = ivec4(lineX, lineY, tile, 0);
  int block = quotient(batch, blocks.x);
  ivec2 at = ivec2(
    (block * blocks.z + outFirst.y + j * strides.y) * span.w + tile,
    (batch - block * blocks.x) * blocks.y + outFirst.x + i * strides.x);
  gl_Position = vec4((vec2(at) + 0.5) / vec2(size) * 2. - 1., 0., 1.);
  gl_PointSize = 1.;
}`,
  fragment: `
uniform sampler2D A, W;
uniform ivec2 fold;
uniform ivec3 filter_;
uniform ivec4 filterAt;
flat in ivec4 source;
layout(location = 0) out vec4 sum;
void main() {
  int group = quotient(source.z, filter_.y);
  ivec2 w = filter_.x * filterAt.xy + group * filterAt.zw + ivec2(0, 2 * (source.z - group * filter_.y));
  int folded = quotient(w.y, fold.x);
  w += folded * ivec2(fold.y, -fold.x);
  int x = source.x + group * filter_.z;
  sum = vec4(0.);
  for (int k = 0; k < filter_.z; k++) {
    vec4 v = texelFetch(A, ivec2(x + k, source.y), 0);
    vec4 b0 = texelFetch(W, w, 0), b1 = texelFetch(W, w + ivec2(1, 0), 0);
    vec4 b2 = texelFetch(W, w + ivec2(0, 1), 0), b3 = texelFetch(W, w + ivec2(1), 0);
    sum += vec4(
      dot(v, vec4(b0.rg, b1.rg)), dot(v, vec4(b0.ba, b1.ba)), dot(v, vec4(b2.rg, b3.rg)), dot(v, vec4(b2.ba, b3.ba)));
    w.x += 2;
  }
}`,
};

export function scatter(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  x: TensorInfo,
  filter: TensorInfo,
  epilogue?: Epilogue,
): TensorInfo {
  const { grid, image: layout } = plan;
  const image = denseImage(backend, x, layout, g.groups);
  const blocks = filterBlocks(backend, filter, plan.filter, grid.tiling, 'forward');
  const [width, height] = targetSize(grid);
  const target = makeLayers(backend, width, height, 1);
  const tiles = tilesOf(grid.tiling);
  const passes: Pass[] = [];
  for (let tapRow = 0; tapRow < g.filterHeight; tapRow++) {
    for (let tapCol = 0; tapCol < g.filterWidth; tapCol++) {
      const rows = tapSpan(heightAxis(g), tapRow);
      const cols = tapSpan(widthAxis(g), tapCol);
      const [spanRows, spanCols] = [rows.end - rows.begin, cols.end - cols.begin];
      passes.push({
        viewport: [0, 0, width, height],
        points: Math.max(0, spanRows) * Math.max(0, spanCols) * g.batch * tiles,
        uniforms: {
          size: [width, height],
          inFirst: [rows.begin, cols.begin],
          outFirst: [
            rows.begin * g.strideHeight + tapRow * g.dilationHeight - g.padTop,
            cols.begin * g.strideWidth + tapCol * g.dilationWidth - g.padLeft,
          ],
          strides: [g.strideHeight, g.strideWidth],
          blocks: [grid.imagesPerBlock, g.outHeight, g.outWidth],
          span: [spanRows, spanCols, g.batch, tiles],
          image: [g.inHeight, layout.width, layout.rowsPerLine, layout.texels],
          filter_: [tapRow * g.filterWidth + tapCol, tilesPerGroup(grid.tiling), depthTexels(grid.tiling)],
          filterAt: [...blocks.perTap, ...blocks.perGroup],
          fold: blocks.fold,
        },
      });
    }
  }
  draw(backend, { source: SCATTER, target, textures: { A: image, W: blocks.info }, passes, adds: true });
  const y = collectImage(backend, grid, target, yShapeOf(g), epilogue);
  for (const info of [image, ...(blocks.made ? [blocks.info] : [])]) backend.disposeIntermediateTensorInfo(info);
  deleteLayers(backend, target);
  return y;
}
