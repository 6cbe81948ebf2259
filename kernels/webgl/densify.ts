// SPDX-License-Identifier: Apache-2.0
/**
 * Brings tensors, wherever and however tfjs keeps them, into the dense layouts that the programs read: images as ./textures says, filters as
 * rows of `tileChannels` channels (a tile of the correlation), each channel with its terms, 4 a texel. tfjs packs 2 × 2 elements of the last two
 * dimensions into a texel; 4 neighbours that begin at an even place take two fetches, others four.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { GPGPUProgram, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { DenseLayout } from './textures';

/** tfjs's PackingScheme.DENSE: we say ourselves what lies where. */
const DENSE = 0 as GPGPUProgram['outPackingScheme'];

/** How channels divide into groups and tiles. */
export interface Tiling {
  /** Channels of one group that are written, and the terms of each sum. */
  readonly channels: number;
  readonly depth: number;
  readonly groups: number;
  readonly tileChannels: number;
}

export function tilesPerGroup({ channels, tileChannels }: Tiling): number {
  return Math.ceil(channels / tileChannels);
}

export function tilesOf(tiling: Tiling): number {
  return tiling.groups * tilesPerGroup(tiling);
}

/** Texels of one channel of a filter: its terms. */
export function depthTexels({ depth }: Tiling): number {
  return Math.ceil(depth / 4);
}

/** An image `[batch, height, width, groups · depth]`, dense. */
export function denseImage(
  backend: MathBackendWebGL,
  image: TensorInfo,
  layout: DenseLayout,
  depth: number,
): TensorInfo {
  const code = `
    int texels = layoutOf.y * layoutOf.z;
    int row = at.y * layoutOf.x + at.x / texels;
    int within = at.x % texels;
    int col = within / layoutOf.z;
    int texel = within % layoutOf.z;
    int group = texel / dims.y;
    int term = 4 * (texel % dims.y);
    int image = row / dims.x;
    if (row < dims.w) {
      value = readAlong(image, row - image * dims.x, col, group * dims.z + term, dims.z - term);
    }`;
  const uniforms = [
    [layout.rowsPerLine, layout.width, layout.texels],
    [image.shape[1], Math.ceil(depth / 4), depth, layout.rows],
  ];
  return run(backend, image, layout, code, uniforms);
}

/** Which element of a filter `[filterHeight, filterWidth, outDepth, inChannels]` is the term of a channel of a tap. */
export type FilterOrder = 'forward' | 'input gradient' | 'footprints';

const ELEMENTS: Record<FilterOrder, string> = {
  // Channels are output channels, terms input channels.
  forward: 'readAlong(tap / sizes.x, tap % sizes.x, channel, group * dims.z + term, dims.z - term)',
  // Channels are input channels, terms output channels.
  'input gradient': 'readAcross(tap / sizes.x, tap % sizes.x, term, group * dims.w + channel, dims.z - term)',
  // Channels are taps and output channels, terms input channels; there is but one tap.
  footprints:
    'readAlong(channel / sizes.y / sizes.x, channel / sizes.y % sizes.x, channel % sizes.y, group * dims.z + term, dims.z - term)',
};

export function denseFilter(
  backend: MathBackendWebGL,
  filter: TensorInfo,
  layout: DenseLayout,
  tiling: Tiling,
  order: FilterOrder,
): TensorInfo {
  const code = `
    int texels = layoutOf.y * layoutOf.z;
    int entry = at.y * layoutOf.x + at.x / texels;
    int within = at.x % texels;
    int tap = entry / tiles.x;
    int tile = entry % tiles.x;
    int group = tile / tiles.y;
    int channel = (tile % tiles.y) * layoutOf.y + within / layoutOf.z;
    int term = 4 * (within % layoutOf.z);
    if (channel < dims.w && tap < dims.x) value = ${ELEMENTS[order]};`;
  const taps = order === 'footprints' ? 1 : filter.shape[0] * filter.shape[1];
  const uniforms = [
    [layout.rowsPerLine, layout.width, layout.texels],
    [taps, 0, tiling.depth, tiling.channels],
    [filter.shape[1], filter.shape[2]],
    [tilesOf(tiling), tilesPerGroup(tiling)],
  ];
  return run(backend, filter, layout, code, uniforms);
}

function run(
  backend: MathBackendWebGL,
  input: TensorInfo,
  layout: DenseLayout,
  code: string,
  uniforms: number[][],
): TensorInfo {
  const names = ['layoutOf', 'dims', 'sizes', 'tiles'];
  const program: GPGPUProgram = {
    variableNames: ['A'],
    outputShape: [2 * layout.textureHeight, 2 * layout.textureWidth],
    packedInputs: true,
    packedOutput: true,
    outPackingScheme: DENSE,
    enableShapeUniforms: true,
    customUniforms: uniforms.map((value, n) => ({ name: names[n], type: `ivec${value.length}` as 'ivec2' })),
    userCode: `
      float read(int a, int b, int c, int d) {
        return getChannel(getA(a, b, c, d), vec2(c, d));
      }
      vec4 only(vec4 value, int count) {
        return vec4(value.r, count > 1 ? value.g : 0., count > 2 ? value.b : 0., count > 3 ? value.a : 0.);
      }
      /** 4 elements along the last dimension, zeros after the first \`count\`. */
      vec4 readAlong(int a, int b, int c, int d, int count) {
        if ((d & 1) == 1) {
          vec4 value = vec4(read(a, b, c, d), 0., 0., 0.);
          for (int lane = 1; lane < 4; lane++) if (lane < count) value[lane] = read(a, b, c, d + lane);
          return value;
        }
        vec4 first = getA(a, b, c, d);
        vec4 second = count > 2 ? getA(a, b, c, d + 2) : vec4(0.);
        return only((c & 1) == 0 ? vec4(first.rg, second.rg) : vec4(first.ba, second.ba), count);
      }
      /** 4 elements, from an even one on, along the last dimension but one. */
      vec4 readAcross(int a, int b, int c, int d, int count) {
        vec4 first = getA(a, b, c, d);
        vec4 second = count > 2 ? getA(a, b, c + 2, d) : vec4(0.);
        return only((d & 1) == 0 ? vec4(first.rb, second.rb) : vec4(first.ga, second.ga), count);
      }
      void main() {
        ivec2 at = ivec2(gl_FragCoord.xy);
        vec4 value = vec4(0.);
        ${code}
        setOutput(value);
      }`,
  };
  return backend.runWebGLProgram(program, [input], 'float32', uniforms, true, [
    layout.textureHeight,
    layout.textureWidth,
  ]);
}
