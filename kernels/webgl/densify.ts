// SPDX-License-Identifier: Apache-2.0
/**
 * Brings tensors, wherever and however tfjs keeps them, into the dense layouts that the programs read: images as ./textures says, filters as
 * rows of `tileChannels` channels (a tile of the correlation), each channel with its terms, 4 a texel. Fetches: one per float.
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
      for (int lane = 0; lane < 4; lane++) {
        if (term + lane < dims.z) value[lane] = read(image, row - image * dims.x, col, group * dims.z + term + lane);
      }
    }`;
  const uniforms = [
    [layout.rowsPerLine, layout.width, layout.texels],
    [image.shape[1], Math.ceil(depth / 4), depth, layout.rows],
  ];
  return run(backend, image, layout, code, uniforms);
}

/** Which element of a filter `[filterHeight, filterWidth, outDepth, inChannels]` is the term of a channel of a tap. */
export type FilterOrder = 'forward' | 'input gradient' | 'footprints';

const ELEMENT: Record<FilterOrder, string> = {
  // Channels are output channels, terms input channels.
  forward: 'read(tap / sizes.x, tap % sizes.x, channel, group * dims.z + term + lane)',
  // Channels are input channels, terms output channels.
  'input gradient': 'read(tap / sizes.x, tap % sizes.x, term + lane, group * dims.w + channel)',
  // Channels are taps and output channels, terms input channels; there is but one tap.
  footprints:
    'read((channel / sizes.y) / sizes.x, (channel / sizes.y) % sizes.x, channel % sizes.y, group * dims.z + term + lane)',
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
    if (channel < dims.w && tap < dims.x) {
      for (int lane = 0; lane < 4; lane++) {
        if (term + lane < dims.z) value[lane] = ${ELEMENT[order]};
      }
    }`;
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
