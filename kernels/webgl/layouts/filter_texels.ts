// SPDX-License-Identifier: Apache-2.0
/**
 * Filters as correlations read them: 2 channels × 2 terms a texel, which is how tfjs packs a filter by itself. So
 * mostly a filter is read as it lies. Otherwise it is laid out anew, tap by tap, group by group, quad by quad.
 *
 * Example: 2 taps, one group of 6 channels (2 quads), 8 terms. A texel `c2 t4` holds
 *
 *     r: channel 2, term 4    g: channel 2, term 5
 *     b: channel 3, term 4    a: channel 3, term 5
 *
 *     line │ texel 0  1       2       3
 *        0 │ c0 t0 │ c0 t2 │ c0 t4 │ c0 t6    tap 0, quad 0
 *        1 │ c2 t0 │ c2 t2 │ c2 t4 │ c2 t6
 *        2 │ c4 t0 │ c4 t2 │ c4 t4 │ c4 t6    tap 0, quad 1
 *        3 │  0    │  0    │  0    │  0
 *        4 │ c0 t0 │ c0 t2 │ c0 t4 │ c0 t6    tap 1, quad 0
 *          …
 *
 * If the largest texture had 4 lines, tap 1 would stand to the right of tap 0: the filter is folded.
 *
 * As tfjs packs it there is no line of zeros: a tap of these 6 channels has 3 lines. The fourth that is read is the
 * next tap's first; what comes of it are channels 6 and 7, which nobody reads.
 */
import { type Unsupported, unsupported } from '../../../src/contract';
import type { Uniforms } from '../drawing/uniforms';
import type { TensorTexture } from '../tfjs_internals';
import { type Channels, allQuads, depthQuads, groupQuads } from './channels';

/**
 * Which elements of a filter [filterHeight, filterWidth, outDepth, inChannels] are the channels and terms of its
 * taps.
 */
export type FilterOrder =
  /** Channels are output channels, terms input channels. */
  | 'forward'
  /** Channels are input channels, terms output channels. */
  | 'input gradient'
  /** Channels are taps and output channels, terms input channels; there is but one tap. */
  | 'footprints'
  /** Channels are input channels, terms taps and output channels (im2col); there is but one tap. */
  | 'input gradient by im2col';

/** The texture of a filter that is laid out anew: `folds` parts, side by side. */
export interface FilterLayout {
  readonly foldHeight: number;
  readonly foldWidth: number;
  readonly folds: number;
}

/** Where a filter's texels are: those of a tap and group start at tap · perTap + group · perGroup. */
export interface FilterPlacement {
  readonly name: 'as it lies' | 'laid out';
  /**
   * Which of a texel's two dimensions are the channels: its rows, or its columns, as tfjs packs for an input
   * gradient.
   */
  readonly channelsAcross: boolean;
  readonly perTap: readonly [x: number, y: number];
  readonly perGroup: readonly [x: number, y: number];
  /** What is below foldHeight continues foldWidth to the right. */
  readonly foldHeight: number;
  readonly foldWidth: number;
}

/** Lays out the taps of a filter, or says why no texture could hold them. A quad is never folded. */
export function filterLayout(channels: Channels, taps: number, maxSize: number): FilterLayout | Unsupported {
  const quads = taps * allQuads(channels);
  const folds = Math.ceil(quads / Math.floor(maxSize / 2));
  const foldWidth = 2 * depthQuads(channels);
  if (folds * foldWidth > maxSize) {
    return unsupported(`the filter does not fit a texture of ${maxSize} × ${maxSize}`);
  }
  return { foldHeight: Math.ceil(quads / folds) * 2, foldWidth, folds };
}

/** Where the texels of a filter are that is laid out anew. */
export function placementLaidOut(channels: Channels, { foldHeight, foldWidth }: FilterLayout): FilterPlacement {
  const groupLines = 2 * groupQuads(channels);
  const perTap = [0, channels.groups * groupLines] as const;
  return { name: 'laid out', channelsAcross: false, perTap, perGroup: [0, groupLines], foldHeight, foldWidth };
}

/** More lines than any texture has. */
const NEVER_FOLDED = { foldHeight: 0x7fffffff, foldWidth: 0 };

/** Where the texels of a filter are as tfjs has packed it; `undefined` if they cannot be read there. */
export function placementAsItLies(
  { isPacked, lineTexels, shape }: TensorTexture,
  { channels, depth, groups }: Channels,
  order: FilterOrder,
): FilterPlacement | undefined {
  const [, , outDepth, inChannels] = shape;
  // Whole texels in whole lines. And the terms beyond those of a group must not be met: they might not be finite.
  if (!isPacked || lineTexels !== inChannels / 2 || depth % 4 !== 0) return undefined;
  const tapLines = Math.ceil(outDepth / 2);
  const forward = { name: 'as it lies', channelsAcross: false, perGroup: [depth / 2, 0], ...NEVER_FOLDED } as const;
  if (order === 'forward') return { ...forward, perTap: [0, tapLines] };
  if (order === 'footprints' && outDepth % 2 === 0) return { ...forward, perTap: [0, 0] };
  if (order === 'input gradient' && (groups === 1 || channels % 2 === 0)) {
    return { ...forward, channelsAcross: true, perTap: [0, tapLines], perGroup: [channels / 2, 0] };
  }
  return undefined;
}

/** GLSL of a placement's uniforms, and of where the texels of a tap and group start. */
export const WEIGHTS_STRUCT = `
struct Weights {
  ivec2 perTap;    // texels, across and down
  ivec2 perGroup;
  int foldHeight;
  int foldWidth;
};
uniform Weights weightsAt;
ivec2 folded(ivec2 at) {
  int fold = quotient(at.y, weightsAt.foldHeight);
  return at + fold * ivec2(weightsAt.foldWidth, -weightsAt.foldHeight);
}`;

export function placementUniforms({ perTap, perGroup, foldHeight, foldWidth }: FilterPlacement): Uniforms {
  return {
    'weightsAt.perTap': perTap,
    'weightsAt.perGroup': perGroup,
    'weightsAt.foldHeight': foldHeight,
    'weightsAt.foldWidth': foldWidth,
  };
}
