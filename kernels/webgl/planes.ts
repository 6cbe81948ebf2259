// SPDX-License-Identifier: Apache-2.0
/** Brings images, wherever and however tfjs keeps them, into planes: by channel first, so that sums over pixels are sums of dot products. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import { ELEMENT, elementsOf, layOut, pairsShareTexels } from './elements';
import { type DenseLayout, LANES, type Layers, denseLayout, makeLayers } from './textures';

/** The columns of dy that each of `columns` pixels of x meets through the taps of a row: j · stride + tap · dilation − pad; zeros where there are none. */
export interface Columns {
  readonly columns: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

/** All that the taps of a row meet. */
export function columnsOf(g: Conv2DTransposeGeometry): Columns {
  return {
    columns: g.inWidth,
    taps: g.filterWidth,
    stride: g.strideWidth,
    dilation: g.dilationWidth,
    pad: g.padLeft,
  };
}

const PLANES_UNIFORMS = `
uniform ivec4 layoutOf, dims, columns;
uniform ivec3 size;
uniform ivec2 blocks;
${LANES.map((n) => `layout(location = ${n}) out vec4 out${n};`).join('\n')}`;

/** Which row, tap, column of x and channels a fragment of planes is about. */
const PLANES_AT = `
  ivec2 at = ivec2(gl_FragCoord.xy);
  int texels = layoutOf.y * layoutOf.z;
  int side = quotient(at.x, texels);
  int line = at.y * layoutOf.x + side;
  int within = at.x - side * texels;
  int quad = quotient(within, layoutOf.z);
  int col = 4 * (within - quad * layoutOf.z);
  // Lines are rows, and taps of a row if these aren't joined; channels are those of a group, then of a tap if joined.
  int row = quotient(line, layoutOf.w);
  int group = quotient(quad, dims.x);
  int lane = 4 * (quad - group * dims.x);`;

/** From tfjs's blocks: 2 fetches a column for 4 channels. */
const PLANES_FROM_BLOCKS = {
  key: 'planes from blocks',
  fragment: `${ELEMENT}${PLANES_UNIFORMS}
void main() {
  ${PLANES_AT}
  int upper = quotient(lane, dims.y);
  int tap = line - row * layoutOf.w + upper;
  int channel = lane - upper * dims.y;
  bvec4 there = greaterThan(ivec4(dims.z - channel), ivec4(0, 1, 2, 3));
  int pair = (group * dims.z + channel) >> 1;
  int next = channel + 2 < dims.z ? 1 : 0;
  ${LANES.map(
    (n) => `int x${n} = (col + ${n}) * columns.y + tap * columns.z - columns.w;
  int block${n} = (row * blocks.x + (clamp(x${n}, 0, size.y - 1) >> 1)) * blocks.y + pair;
  vec4 a${n} = texelFetch(A, placeOf(block${n}), 0), b${n} = texelFetch(A, placeOf(block${n} + next), 0);
  vec4 v${n} = (x${n} & 1) == 0 ? vec4(a${n}.rg, b${n}.rg) : vec4(a${n}.ba, b${n}.ba);
  bool in${n} = col + ${n} < columns.x && x${n} >= 0 && x${n} < size.y;
  v${n} = mix(vec4(0.), v${n}, bvec4(there.x && in${n}, there.y && in${n}, there.z && in${n}, there.w && in${n}));`,
  ).join('\n')}
  ${LANES.map((n) => `out${n} = vec4(${LANES.map((m) => `v${m}[${n}]`).join(', ')});`).join('\n')}
}`,
};

/** From anywhere: a fetch an element. */
const PLANES_FROM_ELEMENTS = {
  key: 'planes from elements',
  fragment: `${ELEMENT}${PLANES_UNIFORMS}
float elementAt(int row, int tap, int col, int channel) {
  int x = col * columns.y + tap * columns.z - columns.w;
  return col < columns.x && x >= 0 && x < size.y ? element((row * size.y + x) * size.z + channel) : 0.;
}
vec4 plane(int row, int tap, int col, int group, int lane) {
  int upper = quotient(lane, dims.y);
  int channel = lane - upper * dims.y;
  if (upper >= dims.w || channel >= dims.z) return vec4(0.);
  tap += upper;
  channel += group * dims.z;
  return vec4(${LANES.map((m) => `elementAt(row, tap, col + ${m}, channel)`).join(', ')});
}
void main() {
  ${PLANES_AT}
  int tap = line - row * layoutOf.w;
  ${LANES.map((n) => `out${n} = plane(row, tap, col, group, lane + ${n});`).join('\n')}
}`,
};

/** An image by channel: see `planes`. */
export interface PlanesLayout extends DenseLayout {
  readonly columns: Columns;
  /** Channels of a group, with zeros up to a multiple of 4 if there are as many, and fours of all channels that a line has of one group. */
  readonly depth: number;
  readonly paddedDepth: number;
  readonly groupQuads: number;
  /** Lines of a row: 1 if the taps of a row are joined in a line, else one for each. */
  readonly rowLines: number;
}

/** Lays out planes of `rows` rows; `undefined` if no texture is large enough. */
export function planesLayout(
  rows: number,
  channels: number,
  groups: number,
  columns: Columns,
  maxSize: number,
): PlanesLayout | undefined {
  const depth = channels / groups;
  const paddedDepth = depth < 4 ? depth : 4 * Math.ceil(depth / 4);
  const texels = Math.ceil(columns.columns / 4);
  for (const rowLines of [1, columns.taps]) {
    const groupQuads = Math.ceil(((columns.taps / rowLines) * paddedDepth) / 4);
    const layout = denseLayout(rows * rowLines, groups * groupQuads, texels, maxSize);
    if (layout) return { ...layout, columns, depth, paddedDepth, groupQuads, rowLines };
  }
  return undefined;
}

/**
 * An image by channel: a texel holds 4 columns of one channel; the texels of a channel follow one another. Four layers: the n-th holds every fourth
 * channel from the n-th on. A line holds the channels of a row through one tap after another.
 */
export function planes(backend: MathBackendWebGL, image: TensorInfo, layout: PlanesLayout): Layers {
  const elements = elementsOf(backend, image);
  const { columns, depth, paddedDepth, groupQuads, rowLines, textureWidth, textureHeight } = layout;
  const groups = layout.width / groupQuads;
  const target = makeLayers(backend, textureWidth, textureHeight, LANES.length);
  const fromBlocks = depth >= 4 && pairsShareTexels(elements, groups);
  layOut(backend, fromBlocks ? PLANES_FROM_BLOCKS : PLANES_FROM_ELEMENTS, elements, layout, target, {
    layoutOf: [layout.rowsPerLine, layout.width, layout.texels, rowLines],
    dims: [groupQuads, paddedDepth, depth, columns.taps / rowLines],
    columns: [columns.columns, columns.stride, columns.dilation, columns.pad],
  });
  return target;
}
