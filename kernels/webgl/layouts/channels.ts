// SPDX-License-Identifier: Apache-2.0
/** How channels divide into groups, and these into quads: 4 channels make a texel. */
import type { TensorTexture } from '../tfjs_internals';

export interface Channels {
  /** Channels of one group that are written. */
  readonly channels: number;
  /** Terms of each sum: what a channel is summed over, besides taps. */
  readonly depth: number;
  readonly groups: number;
}

/** Quads of the channels of a group; the last is filled up with zeros. */
export function groupQuads({ channels }: Channels): number {
  return Math.ceil(channels / 4);
}

export function allQuads(channels: Channels): number {
  return channels.groups * groupQuads(channels);
}

/** Quads of the terms of a sum. */
export function depthQuads({ depth }: Channels): number {
  return Math.ceil(depth / 4);
}

/** Whether each two channels of an image, from an even one of their group on, share a texel. */
export function pairsShareTexels({ isPacked, shape }: TensorTexture, groups: number): boolean {
  return isPacked && (groups === 1 || (shape[3] / groups) % 2 === 0);
}
