// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every tap the matrix product dyᵀ x over pixels. A fragment sums the outer products of 4 output
 * channels × 8 input channels of one tap over all pixels: as many targets as it has pairs of an output channel and 4
 * input channels. Texel fetches per useful multiply-add: 3 / 32.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../src/geometry/geometry';
import { collect } from './collect';
import { denseImage } from './densify';
import { type ProgramSource, draw } from './draw';
import type { Limits } from './plan';
import { type DenseLayout, denseLayout, makeTexture, texelsOf } from './textures';

export interface BackpropFilterPlan {
  readonly x: DenseLayout;
  readonly dy: DenseLayout;
  /** Texels of 4 input channels in a tile: 2, or 1 where there are fewer than 8 targets. */
  readonly quads: number;
  /** Tiles down (of 4 output channels) and across (of 4 · quads input channels) one tap of one group. */
  readonly tileRows: number;
  readonly tileCols: number;
  readonly width: number;
  readonly height: number;
}

export function planBackpropFilter(g: Conv2DTransposeGeometry, { size, targets }: Limits): BackpropFilterPlan | string {
  if (targets < 4) return `it needs 4 render targets, and there are ${targets}`;
  const x = denseLayout(g.batch * g.inHeight, g.inWidth, texelsOf(g.inChannels, g.groups), size);
  const dy = denseLayout(g.batch * g.outHeight, g.outWidth, texelsOf(g.outChannels, g.groups), size);
  if (!x || !dy) return `x or dy does not fit a texture of ${size} × ${size}`;
  const quads = targets >= 8 ? 2 : 1;
  const tileRows = Math.ceil(g.outChannels / g.groups / 4);
  const tileCols = Math.ceil(g.inChannels / g.groups / (4 * quads));
  const tiles = g.filterHeight * g.filterWidth * g.groups * tileRows * tileCols;
  const width = Math.min(tiles, size);
  const height = Math.ceil(tiles / width);
  if (height > size) return `the filter does not fit a texture of ${size} × ${size}`;
  return { x, dy, quads, tileRows, tileCols, width, height };
}

export function backpropFilter(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: BackpropFilterPlan,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const { quads, tileRows, tileCols, width, height } = plan;
  const [inDepth, outDepth] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const image = denseImage(backend, x, plan.x, inDepth);
  const cotangent = denseImage(backend, dy, plan.dy, outDepth);
  const targets = Array.from({ length: 4 * quads }, () => makeTexture(backend, width, height));
  const uniforms = {
    tiles: [tileRows, tileCols, g.groups, width],
    x: [g.inHeight, g.inWidth, plan.x.rowsPerLine, plan.x.texels],
    dy: [g.outHeight, g.outWidth, plan.dy.rowsPerLine, plan.dy.texels],
    kernel: [g.filterWidth, g.batch],
    strides: [g.strideHeight, g.strideWidth],
    dilations: [g.dilationHeight, g.dilationWidth],
    pads: [g.padTop, g.padLeft],
  };
  draw(backend, {
    source: source(quads),
    targets,
    textures: { X: image, Dy: cotangent },
    passes: [{ viewport: [0, 0, width, height], uniforms }],
  });
  const element = `
      float element(int m, int q, int c, int o) {
        int group = o / depth.x;
        int within = o - group * depth.x;
        int tile = (((m * depth.y + q) * tiles.z + group) * tiles.x + c / 4) * tiles.y + within / ${4 * quads};
        int n = c % 4 * ${quads} + within % ${4 * quads} / 4;
        return target(n, ivec2(tile % tiles.w, tile / tiles.w))[within % 4];
      }`;
  const dFilter = collect(backend, targets, filterShapeOf(g), element, {
    depth: [inDepth, g.filterWidth],
    tiles: uniforms.tiles,
  });
  for (const info of [image, cotangent, ...targets]) backend.disposeIntermediateTensorInfo(info);
  return dFilter;
}

function source(quads: number): ProgramSource {
  const lanes = ['x', 'y', 'z', 'w'];
  const sums = lanes.flatMap((lane) => Array.from({ length: quads }, (_, q) => ({ name: `s_${lane}${q}`, lane, q })));
  const lines = (line: (sum: (typeof sums)[number], n: number) => string): string => sums.map(line).join('\n');
  const fragment = `
uniform sampler2D X, Dy;
uniform ivec2 kernel, strides, dilations, pads;
uniform ivec4 tiles, x, dy;
${lines(({ name }, n) => `layout(location = ${n}) out vec4 out_${name};`)}
/** Inputs first … last − 1 whose contribution through a tap that moves them by \`shift\` lands inside. */
ivec2 inside(int shift, int stride, int inSize, int outSize) {
  int first = shift >= 0 ? 0 : (stride - 1 - shift) / stride;
  int room = outSize - 1 - shift;
  return ivec2(first, room < 0 ? 0 : min(inSize, room / stride + 1));
}
void main() {
  int tile = int(gl_FragCoord.y) * tiles.w + int(gl_FragCoord.x);
  int tileCol = tile % tiles.y;
  tile /= tiles.y;
  int tileRow = tile % tiles.x;
  tile /= tiles.x;
  int group = tile % tiles.z;
  int tap = tile / tiles.z;
  ivec2 shift = ivec2(tap / kernel.x, tap % kernel.x) * dilations - pads;
  ivec2 rows = inside(shift.x, strides.x, x.x, dy.x);
  ivec2 cols = inside(shift.y, strides.y, x.y, dy.y);
  int xAt = group * (x.w / tiles.z) + tileCol * ${quads};
  int dyAt = group * (dy.w / tiles.z) + tileRow;
  ${lines(({ name }) => `vec4 ${name} = vec4(0.);`)}
  for (int batch = 0; batch < kernel.y; batch++) {
    for (int i = rows.x; i < rows.y; i++) {
      int xLine = batch * x.x + i;
      int dyLine = batch * dy.x + i * strides.x + shift.x;
      int xY = xLine / x.z, dyY = dyLine / dy.z;
      int xX = ((xLine - xY * x.z) * x.y + cols.x) * x.w + xAt;
      int dyX = ((dyLine - dyY * dy.z) * dy.y + cols.x * strides.y + shift.y) * dy.w + dyAt;
      for (int j = cols.x; j < cols.y; j++) {
        vec4 v = texelFetch(Dy, ivec2(dyX, dyY), 0);
        ${Array.from({ length: quads }, (_, q) => `vec4 u${q} = texelFetch(X, ivec2(xX + ${q}, xY), 0);`).join('\n')}
        ${lines(({ name, lane, q }) => `${name} += v.${lane} * u${q};`)}
        xX += x.w;
        dyX += strides.y * dy.w;
      }
    }
  }
  ${lines(({ name }) => `out_${name} = ${name};`)}
}`;
  return { key: `filter gradient 4 × ${4 * quads}`, fragment };
}
