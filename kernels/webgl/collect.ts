// SPDX-License-Identifier: Apache-2.0
/**
 * From the targets of our programs to a tensor of tfjs, packed or not as its flags say. Fetches: one per element, or per two of an
 * image's channels.
 */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { GPGPUProgram, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Grid, tilesAcross } from './correlation';
import { tilesOf, tilesPerGroup } from './densify';

/**
 * Runs a program over the elements of a tensor of rank 4.
 * @param element GLSL of `float element(int a, int b, int c, int d)`, which reads the targets with `target(n, at)`; and of
 *   `vec2 elements(…)`, that and the next along the last dimension, if `inPairs`.
 */
export function collect(
  backend: MathBackendWebGL,
  targets: readonly TensorInfo[],
  shape: number[],
  element: string,
  uniforms: Readonly<Record<string, readonly number[]>>,
  inPairs = false,
): TensorInfo {
  const names = targets.map((_, n) => `T${n}`);
  const packs = env().getBool('WEBGL_PACK');
  const fetch = names.map((name, n) => `if (n == ${n}) return texelFetch(${name}, at, 0);`).join('\n');
  const single = `ivec4 at = getOutputCoords(); setOutput(element(at.x, at.y, at.z, at.w));`;
  const pairs = inPairs
    ? ''
    : 'vec2 elements(int a, int b, int c, int d) { return vec2(element(a, b, c, d), d + 1 < size.y ? element(a, b, c, d + 1) : 0.); }';
  const packed = `
    ivec4 at = getOutputCoords();
    setOutput(vec4(
      elements(at.x, at.y, at.z, at.w),
      at.z + 1 < size.x ? elements(at.x, at.y, at.z + 1, at.w) : vec2(0.)));`;
  const all = { size: [shape[2], shape[3]], ...uniforms };
  const program: GPGPUProgram = {
    variableNames: names,
    outputShape: shape,
    packedInputs: true,
    packedOutput: packs,
    enableShapeUniforms: true,
    customUniforms: Object.entries(all).map(([name, value]) => ({ name, type: `ivec${value.length}` as 'ivec2' })),
    userCode: `
      vec4 target(int n, ivec2 at) {
        ${fetch}
        return vec4(0.);
      }
      ${element}
      ${packs ? pairs : ''}
      void main() { ${packs ? packed : single} }`,
  };
  return backend.runWebGLProgram(program, [...targets], 'float32', Object.values(all) as number[][]);
}

/** GLSL of `float gridElement(batch, row, col, group, channel)`, an element of a correlation's grid (`gridTexel`: all 4 channels around it), and the uniforms it needs. */
export function gridElement(grid: Grid): { code: string; uniforms: Record<string, number[]> } {
  const { tilePixels, tiling } = grid;
  const quads = tiling.tileChannels / 4;
  const code = `
      vec4 gridTexel(int batch, int row, int col, int group, int channel) {
        int tile = group * tiles.y + channel / ${tiling.tileChannels};
        int lane = channel % ${tiling.tileChannels};
        int y = row / phases.x, x = col / phases.y;
        int phaseRow = row - y * phases.x, phaseCol = col - x * phases.y;
        ivec2 at = ivec2(
          (batch / phases.z * phases.y + phaseCol) * tiles.z + x / ${tilePixels} * tiles.x + tile,
          (phaseRow * phases.z + batch % phases.z) * phases.w + y);
        return target(x % ${tilePixels} * ${quads} + lane / 4, at);
      }
      float gridElement(int batch, int row, int col, int group, int channel) {
        return gridTexel(batch, row, col, group, channel)[channel % 4];
      }`;
  return {
    code,
    uniforms: {
      tiles: [tilesOf(tiling), tilesPerGroup(tiling), tilesAcross(grid)],
      phases: [grid.phaseRows, grid.phaseCols, grid.imagesPerBlock, grid.rows],
    },
  };
}

/** The tensor `[batch, height, width, groups · channels]` that a correlation has computed. */
export function collectImage(
  backend: MathBackendWebGL,
  grid: Grid,
  targets: readonly TensorInfo[],
  shape: number[],
): TensorInfo {
  const { code, uniforms } = gridElement(grid);
  const { channels, groups } = grid.tiling;
  // Two channels from an even one on share a texel, unless a group ends between them.
  const inPairs = groups === 1 || channels % 2 === 0;
  const element = `${code}
      float element(int batch, int row, int col, int channel) {
        int group = channel / groups.x;
        return gridElement(batch, row, col, group, channel - group * groups.x);
      }
      vec2 elements${inPairs ? '' : 'OfOneGroup'}(int batch, int row, int col, int channel) {
        int group = channel / groups.x;
        int within = channel - group * groups.x;
        vec4 texel = gridTexel(batch, row, col, group, within);
        return (within & 2) == 0 ? texel.rg : texel.ba;
      }`;
  return collect(backend, targets, shape, element, { ...uniforms, groups: [channels, groups] }, inPairs);
}
