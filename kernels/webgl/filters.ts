// SPDX-License-Identifier: Apache-2.0
/** Filters in blocks of 2 channels × 2 terms a texel, which is how tfjs packs them itself: mostly a filter is read as it lies. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { draw } from './draw';
import { ELEMENT, type Elements, elementsOf } from './elements';
import { LANES, makeTexture } from './textures';
import { type Tiling, depthTexels, tilesOf, tilesPerGroup } from './tiling';

/** Which elements of a filter `[filterHeight, filterWidth, outDepth, inChannels]` are the channels and terms of its taps. */
export type FilterOrder =
  /** Channels are output channels, terms input channels. */
  | 'forward'
  /** Channels are input channels, terms output channels. */
  | 'input gradient'
  /** Channels are taps and output channels, terms input channels; there is but one tap. */
  | 'footprints'
  /** Channels are input channels, terms taps and output channels; there is but one tap. */
  | 'input gradient, joined';

/**
 * A filter as blocks of 2 channels × 2 terms a texel. Block (channel pair, term pair) of a tap, group and tile lies at
 *     tap · perTap + group · perGroup + tile · perTile + channel pair · perChannel + term pair · perTerm,
 * and what is below `foldHeight` continues `foldWidth` to the right.
 */
export interface FilterBlocks {
  readonly info: TensorInfo;
  /** Which of a texel's two dimensions are the channels: the rows, or the columns, as tfjs packs the filter for an input gradient. */
  readonly channelsAcross: boolean;
  readonly perTap: readonly [x: number, y: number];
  readonly perGroup: readonly [x: number, y: number];
  readonly fold: readonly [height: number, width: number];
  /** Whether the texture was made for this, and is to be disposed of. */
  readonly made: boolean;
}

const BLOCKS = {
  key: 'filter blocks',
  fragment: `${ELEMENT}
uniform ivec2 fold;
uniform ivec4 tiles, dims, strides, split;
layout(location = 0) out vec4 value;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int side = quotient(at.x, fold.y);
  int row = side * fold.x + at.y;
  int entry = quotient(row, tiles.y);
  int tap = quotient(entry, tiles.x);
  int group = entry - tap * tiles.x;
  int channel = 2 * (row - entry * tiles.y);
  int term = 2 * (at.x - side * fold.y);
  value = vec4(0.);
  ${LANES.map(
    (lane) => `{
    int c = channel + ${lane >> 1}, t = term + ${lane & 1};
    if (c < dims.x && t < dims.y && tap < dims.z) {
      int upper = quotient(t, split.x);
      value[${lane}] = element(tap * strides.x + group * strides.y + c * strides.z + upper * split.y + (t - upper * split.x) * strides.w);
    }
  }`,
  ).join('\n')}
}`,
};

/** The texture of a filter that has to be laid out in blocks anew: `folds` parts of height `foldHeight`, side by side. */
export interface BlockLayout {
  readonly foldHeight: number;
  readonly foldWidth: number;
  readonly folds: number;
}

/** Lays out `taps` taps of a filter; `undefined` if no texture is large enough. A tile is never folded. */
export function blockLayout(tiling: Tiling, taps: number, maxSize: number): BlockLayout | undefined {
  const tiles = taps * tilesOf(tiling);
  const folds = Math.ceil(tiles / Math.floor(maxSize / 2));
  const foldWidth = 2 * depthTexels(tiling);
  if (folds * foldWidth > maxSize) return undefined;
  return { foldHeight: Math.ceil(tiles / folds) * 2, foldWidth, folds };
}

/** A filter in blocks: as it lies, if tfjs has packed it in lines that suit. */
export function filterBlocks(
  backend: MathBackendWebGL,
  filter: TensorInfo,
  layout: BlockLayout,
  tiling: Tiling,
  order: FilterOrder,
): FilterBlocks {
  const elements = elementsOf(backend, filter);
  return asItLies(elements, tiling, order) ?? inBlocks(backend, elements, layout, tiling, order);
}

function asItLies(
  { info, inBlocks, lineTexels }: Elements,
  tiling: Tiling,
  order: FilterOrder,
): FilterBlocks | undefined {
  const [, , outDepth, inChannels] = info.shape;
  // Whole blocks in whole lines; and what is beyond the terms of a group must not be met: it might not be finite.
  if (!inBlocks || lineTexels !== inChannels / 2 || tiling.depth % 4 !== 0) return undefined;
  const rows = Math.ceil(outDepth / 2);
  const kept = { info, fold: [0x7fffffff, 0] as const, made: false };
  if (order === 'forward')
    return { ...kept, channelsAcross: false, perTap: [0, rows], perGroup: [tiling.depth / 2, 0] };
  if (order === 'footprints' && outDepth % 2 === 0)
    return { ...kept, channelsAcross: false, perTap: [0, 0], perGroup: [tiling.depth / 2, 0] };
  if (order === 'input gradient' && (tiling.groups === 1 || tiling.channels % 2 === 0))
    return { ...kept, channelsAcross: true, perTap: [0, rows], perGroup: [tiling.channels / 2, 0] };
  return undefined;
}

function inBlocks(
  backend: MathBackendWebGL,
  elements: Elements,
  { foldHeight, foldWidth, folds }: BlockLayout,
  tiling: Tiling,
  order: FilterOrder,
): FilterBlocks {
  const [filterHeight, filterWidth, outDepth, inChannels] = elements.info.shape;
  const perTap = outDepth * inChannels;
  const { channels, depth, groups } = tiling;
  const groupRows = 2 * tilesPerGroup(tiling);
  // Elements from a tap, group, channel and term to the next; terms in runs of `run`, `perRun` elements apart.
  const [tapCount, strides, run, perRun] = (
    {
      forward: [filterHeight * filterWidth, [perTap, depth, inChannels, 1], depth, 0],
      footprints: [1, [0, depth, inChannels, 1], depth, 0],
      'input gradient': [filterHeight * filterWidth, [perTap, channels, 1, inChannels], depth, 0],
      'input gradient, joined': [1, [0, channels, 1, inChannels], outDepth, perTap],
    } as const
  )[order];
  const target = makeTexture(backend, folds * foldWidth, foldHeight);
  const fold = [foldHeight, foldWidth] as const;
  draw(backend, {
    source: BLOCKS,
    target,
    textures: { A: elements.info },
    passes: [
      {
        viewport: [0, 0, folds * foldWidth, foldHeight],
        uniforms: {
          ...elements.uniforms,
          fold,
          tiles: [groups, groupRows, 0, 0],
          dims: [channels, depth, tapCount, 0],
          strides,
          split: [run, perRun, 0, 0],
        },
      },
    ],
  });
  return {
    info: target,
    channelsAcross: false,
    perTap: [0, groups * groupRows],
    perGroup: [0, groupRows],
    fold,
    made: true,
  };
}
