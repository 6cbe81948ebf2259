// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every row of taps the matrix product dyᵀ x over pixels. Both are laid out by channel first
 * (./planes), so that sums are sums of dot products of 4 pixels, and what a fragment reads lies together. A fragment computes 4 output × 8 input
 * channels over the pixels of some lines: as many targets as it has blocks of 2 × 2 channels. Small filters have few tiles, so
 * the lines are split among several fragments, and what they find is added up in the end. Texel fetches per useful multiply-add: 3 / 32.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../src/geometry/geometry';
import { collect } from './collect';
import { type PlanesLayout, columnsOf, planes, planesLayout } from './planes';
import { type ProgramSource, draw } from './draw';
import type { Limits } from './plan';
import { LANES, type Layers, deleteLayers, makeLayers } from './textures';

export interface BackpropFilterPlan {
  readonly x: PlanesLayout;
  readonly dy: PlanesLayout;
  /** Texels of 4 input channels in a tile: 2, or 1 where there are fewer than 8 targets. */
  readonly quads: number;
  /** Tiles across (of 4 · quads input channels) one group; tiles down are fours of channels of dy. */
  readonly tileCols: number;
  readonly tiles: number;
  /** Among how many fragments the lines of each tile are split. */
  readonly splits: number;
  readonly width: number;
  readonly height: number;
}

/** Fragments that keep a GPU busy. */
const ENOUGH_FRAGMENTS = 4096;

export function planBackpropFilter(g: Conv2DTransposeGeometry, { size, targets }: Limits): BackpropFilterPlan | string {
  if (targets < 4) return `it needs 4 render targets, and there are ${targets}`;
  const lines = g.batch * g.inHeight;
  const pixels = { columns: g.inWidth, taps: 1, stride: 1, dilation: 1, pad: 0 };
  const x = planesLayout(lines, g.inChannels, g.groups, pixels, size);
  const dy = planesLayout(g.batch * g.outHeight, g.outChannels, g.groups, columnsOf(g), size);
  if (!x || !dy) return `x or dy does not fit a texture of ${size} × ${size}`;
  const quads = targets >= 8 ? 2 : 1;
  const tileCols = Math.ceil(x.groupQuads / quads);
  const tiles = g.filterHeight * dy.rowLines * g.groups * dy.groupQuads * tileCols;
  const splits = Math.min(lines, Math.ceil(ENOUGH_FRAGMENTS / tiles));
  // Square: a GPU shades 2 × 2 fragments at a time, and software a few rows at a time.
  const width = Math.min(Math.ceil(Math.sqrt(tiles * splits)), size);
  const height = Math.ceil((tiles * splits) / width);
  if (height > size) return `the filter does not fit a texture of ${size} × ${size}`;
  return { x, dy, quads, tileCols, tiles, splits, width, height };
}

export function backpropFilter(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: BackpropFilterPlan,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const { quads, tileCols, tiles, splits, width, height } = plan;
  const inDepth = g.inChannels / g.groups;
  const made: Layers[] = [];
  const kept = (layers: Layers): Layers => {
    made.push(layers);
    return layers;
  };
  try {
    const images = kept(planes(backend, x, plan.x));
    const cotangents = kept(planes(backend, dy, plan.dy));
    const target = kept(makeLayers(backend, width, height, 4 * quads));
    const lines = g.batch * g.inHeight;
    const tiling = [plan.dy.groupQuads, tileCols, g.groups, width];
    draw(backend, {
      source: source(quads),
      target,
      textures: { X: images, Dy: cotangents },
      passes: [
        {
          viewport: [0, 0, width, height],
          uniforms: {
            tiling,
            x: [g.inHeight, plan.x.texels, plan.x.width, plan.x.rowsPerLine],
            dy: [g.outHeight, plan.dy.rowLines, plan.dy.width, plan.dy.rowsPerLine],
            split: [tiles, Math.ceil(lines / splits), lines],
            rowTaps: [g.strideHeight, g.dilationHeight, g.padTop],
          },
        },
      ],
    });
    return collect(backend, target, filterShapeOf(g), {
      key: `filter gradient 4 × ${4 * quads}`,
      code: `
vec4 blockOf(int m, int q, int c, int group, int within) {
  int tap = m * perTap.x + q * perTap.y;
  c += q * perTap.z;
  int tile = ((tap * tiling.z + group) * tiling.x + (c >> 2)) * tiling.y + (within >> ${quads + 1});
  int n = ((c & 2) >> 1) * ${2 * quads} + ((within & ${4 * quads - 1}) >> 1);
  vec4 sum = vec4(0.);
  for (int split = 0; split < splits.x; split++) {
    int at = tile + split * splits.y;
    int y = quotient(at, tiling.w);
    sum += target(n, ivec2(at - y * tiling.w, y));
  }
  return sum;
}
float element(int m, int q, int c, int o) {
  int group = quotient(o, splits.z);
  int within = o - group * splits.z;
  vec4 texel = blockOf(m, q, c, group, within);
  vec2 pair = ((c + q * perTap.z) & 1) == 0 ? texel.rg : texel.ba;
  return (within & 1) == 0 ? pair.r : pair.g;
}
vec4 block(int m, int q, int c, int o) {
  int group = quotient(o, splits.z);
  return blockOf(m, q, c, group, o - group * splits.z);
}`,
      // Blocks are the targets' own, unless a group or a tap ends within one.
      gives: (g.groups === 1 || inDepth % 2 === 0) && plan.dy.paddedDepth % 2 === 0 ? 'block' : 'element',
      uniforms: {
        tiling,
        splits: [splits, tiles, inDepth],
        perTap: plan.dy.rowLines === 1 ? [1, 0, plan.dy.paddedDepth] : [g.filterWidth, 1, 0],
      },
    });
  } finally {
    deleteLayers(backend, ...made);
  }
}

function source(quads: number): ProgramSource {
  const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  // A target is a block of 2 channels of dy × 2 of x, as tfjs packs them.
  const sums = [0, 1].flatMap((c) => range(2 * quads).map((o) => ({ name: `s${c}_${o}`, c: 2 * c, o: 2 * o })));
  const lines = (line: (sum: (typeof sums)[number], n: number) => string): string => sums.map(line).join('\n');
  const fragment = `
uniform sampler2DArray X, Dy;
uniform ivec3 split, rowTaps;
uniform ivec4 tiling, x, dy;
${lines(({ name }, n) => `layout(location = ${n}) out vec4 out_${name};`)}
void main() {
  int index = int(gl_FragCoord.y) * tiling.w + int(gl_FragCoord.x);
  int part = quotient(index, split.x);
  int tile = index - part * split.x;
  int rest = quotient(tile, tiling.y);
  int tileCol = tile - rest * tiling.y;
  tile = quotient(rest, tiling.x);
  int tileRow = rest - tile * tiling.x;
  int tap = quotient(tile, tiling.z);
  int group = tile - tap * tiling.z;
  int tapRow = quotient(tap, dy.y);
  int tapCol = tap - tapRow * dy.y;
  int columns = x.y;
  int xAt = (group * quotient(x.z, tiling.z) + tileCol * ${quads}) * columns;
  int dyAt = (group * tiling.x + tileRow) * columns;
  int end = min(split.z, (part + 1) * split.y);
  ${lines(({ name }) => `vec4 ${name} = vec4(0.);`)}
  for (int line = part * split.y; line < end; line++) {
    int batch = quotient(line, x.x);
    int dyRow = (line - batch * x.x) * rowTaps.x + tapRow * rowTaps.y - rowTaps.z;
    if (dyRow < 0 || dyRow >= dy.x) continue;
    int dyLine = (batch * dy.x + dyRow) * dy.y + tapCol;
    int xY = quotient(line, x.w), dyY = quotient(dyLine, dy.w);
    int xX = (line - xY * x.w) * x.z * columns + xAt;
    int dyX = (dyLine - dyY * dy.w) * dy.z * columns + dyAt;
    for (int k = 0; k < columns; k++) {
      ${LANES.map((n) => `vec4 v${n} = texelFetch(Dy, ivec3(dyX + k, dyY, ${n}), 0);`).join('\n')}
      ${range(4 * quads)
        .map((n) => `vec4 u${n} = texelFetch(X, ivec3(xX + ${n >> 2} * columns + k, xY, ${n % 4}), 0);`)
        .join('\n')}
      ${lines(({ name, c, o }) => `${name} += vec4(dot(v${c}, u${o}), dot(v${c}, u${o + 1}), dot(v${c + 1}, u${o}), dot(v${c + 1}, u${o + 1}));`)}
    }
  }
  ${lines(({ name }) => `out_${name} = ${name};`)}
}`;
  return { key: `filter gradient 4 × ${4 * quads}`, fragment };
}
