// SPDX-License-Identifier: Apache-2.0
/**
 * From the targets of our programs to a tensor of tfjs, packed or not as its flags say. Fetches: one per element, or per two of an
 * image's channels.
 */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Grid, partSize } from './correlation';
import { tilesOf, tilesPerGroup } from './tiling';
import { draw } from './draw';
import { emptyTensor } from './elements';
import { type Epilogue, epilogueSource } from './epilogue';
import type { Layers } from './textures';

/** GLSL that computes elements of a tensor of rank 4. */
export interface ElementSource {
  /** Equal keys mean equal code. */
  readonly key: string;
  /**
   * `float element(int a, int b, int c, int d)`, which reads the targets with `target(n, at)`; and by what `gives` says, `vec2 pair(…)`, that and
   * the next along the last dimension, or `vec4 block(…)`, the pairs of c and c + 1. Both are asked for at even places only.
   */
  readonly code: string;
  readonly gives: 'element' | 'pair' | 'block';
  readonly uniforms: Readonly<Record<string, readonly number[]>>;
}

/** Runs a program over the elements of a tensor of rank 4. */
export function collect(
  backend: MathBackendWebGL,
  targets: Layers,
  shape: number[],
  { key, code, gives, uniforms }: ElementSource,
  epilogue?: Epilogue,
): TensorInfo {
  const fused = epilogueSource(backend, epilogue);
  const finish = (value: string, channel: string): string => (fused ? `finish(${value}, ${channel})` : value);
  const packs = env().getBool('WEBGL_PACK');
  const { info, size } = emptyTensor(backend, shape);
  const declared = Object.entries(uniforms).map(([name, { length }]) => `uniform ivec${length} ${name};`);
  const derived = {
    element: `
vec2 pair(int a, int b, int c, int d) { return vec2(element(a, b, c, d), d + 1 < shape.w ? element(a, b, c, d + 1) : 0.); }`,
    pair: '',
    block: '',
  };
  const four =
    gives === 'block'
      ? 'block(a, b, c, d)'
      : 'vec4(pair(a, b, c, d), c + 1 < shape.z ? pair(a, b, c + 1, d) : vec2(0.))';
  const packed = `
  int across = (shape.w + 1) >> 1, down = (shape.z + 1) >> 1;
  int blocks = quotient(index, across);
  int d = 2 * (index - blocks * across);
  int image = quotient(blocks, down);
  int c = 2 * (blocks - image * down);
  int a = quotient(image, shape.y);
  int b = image - a * shape.y;
  bvec2 inside = lessThan(ivec2(c, d) + 1, shape.zw);
  // tfjs multiplies and adds what is beyond an odd size: zeros.
  value = mix(vec4(0.), ${finish(four, 'd')}, bvec4(true, inside.y, inside.x, inside.x && inside.y));`;
  const single = `
  int line = quotient(index, shape.w);
  int image = quotient(line, shape.z);
  int a = quotient(image, shape.y);
  int channel = index - line * shape.w;
  value = ${finish('vec4(element(a, image - a * shape.y, line - image * shape.z, channel), 0., 0., 0.)', 'channel')};`;
  draw(backend, {
    source: {
      key: `${key}, ${packs ? 'packed' : 'unpacked'}, by ${gives}${fused ? `, then ${fused.key}` : ''}`,
      fragment: `
uniform sampler2DArray T;
uniform ivec4 shape;
uniform ivec2 size;
layout(location = 0) out vec4 value;
${declared.join('\n')}
vec4 target(int n, ivec2 at) {
  return texelFetch(T, ivec3(at, n), 0);
}
${code}
${fused?.code ?? ''}
${packs ? derived[gives] : ''}
void main() {
  int index = int(gl_FragCoord.y) * size.x + int(gl_FragCoord.x);
  ${packs ? packed : single}
}`,
    },
    target: info,
    textures: { T: targets, ...fused?.textures },
    passes: [{ viewport: [0, 0, ...size], uniforms: { shape, size, ...uniforms, ...fused?.uniforms } }],
  });
  return info;
}

/** GLSL of `float gridElement(batch, row, col, group, channel)`, an element of a correlation's grid (`gridPair`: that and the next channel; `gridTexel`: all that share its texel, a block or 4 channels), and the uniforms it needs. */
export function gridElement(grid: Grid): { code: string; uniforms: Record<string, number[]> } {
  const { tile, tiling } = grid;
  const code = `
vec4 gridTexel(int batch, int row, int col, int group, int channel) {
  int y = quotient(row, phases.x), x = quotient(col, phases.y);
  int phaseRow = row - y * phases.x, phaseCol = col - x * phases.y;
  int block = quotient(batch, phases.z);
  int line = (batch - block * phases.z) * phases.w + y;
  int across = (x >> ${Math.log2(tile.cols)}) * tiles.x + group * tiles.y + (channel >> 2);
  int below = quotient(across, part.x);
  ivec2 at = ivec2(
    (block * phases.y + phaseCol) * part.x + across - below * part.x,
    (phaseRow * part.z + below) * part.y + (line >> ${Math.log2(tile.lines)}));
  int first = (line & ${tile.lines - 1}) * ${tile.cols};
  ${
    grid.blocks
      ? `return target(first + (x & ${tile.cols - 2}) + ((channel >> 1) & 1), at);`
      : `return target(first + (x & ${tile.cols - 1}), at);`
  }
}
vec2 gridPair(int batch, int row, int col, int group, int channel) {
  vec4 texel = gridTexel(batch, row, col, group, channel);
  return (${grid.blocks ? 'col & 1' : 'channel & 2'}) == 0 ? texel.rg : texel.ba;
}
float gridElement(int batch, int row, int col, int group, int channel) {
  vec2 pair = gridPair(batch, row, col, group, channel);
  return (channel & 1) == 0 ? pair.r : pair.g;
}`;
  return {
    code,
    uniforms: {
      tiles: [tilesOf(tiling), tilesPerGroup(tiling)],
      part: [...partSize(grid), grid.parts],
      phases: [grid.phaseRows, grid.phaseCols, grid.imagesPerBlock, grid.rows],
    },
  };
}

/** The tensor `[batch, height, width, groups · channels]` that a correlation has computed. */
export function collectImage(
  backend: MathBackendWebGL,
  grid: Grid,
  targets: Layers,
  shape: number[],
  epilogue?: Epilogue,
): TensorInfo {
  const { code, uniforms } = gridElement(grid);
  const { channels, groups } = grid.tiling;
  // Two channels from an even one on share a texel, unless a group ends between them.
  const inPairs = groups === 1 || channels % 2 === 0;
  const ofBlocks = inPairs && grid.blocks;
  return collect(
    backend,
    targets,
    shape,
    {
      key: `image ${grid.tile.lines} × ${grid.tile.cols}${grid.blocks ? ' of blocks' : ''}`,
      code: `${code}
float element(int batch, int row, int col, int channel) {
  int group = quotient(channel, groups.x);
  return gridElement(batch, row, col, group, channel - group * groups.x);
}
${
  inPairs
    ? `vec2 pair(int batch, int row, int col, int channel) {
  int group = quotient(channel, groups.x);
  return gridPair(batch, row, col, group, channel - group * groups.x);
}`
    : ''
}
${
  ofBlocks
    ? `vec4 block(int batch, int row, int col, int channel) {
  int group = quotient(channel, groups.x);
  return gridTexel(batch, row, col, group, channel - group * groups.x);
}`
    : ''
}`,
      gives: ofBlocks ? 'block' : inPairs ? 'pair' : 'element',
      uniforms: { ...uniforms, groups: [channels, groups] },
    },
    epilogue,
  );
}
