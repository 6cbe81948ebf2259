// SPDX-License-Identifier: Apache-2.0
/** How the channels and terms of a correlation divide. */

/** How channels divide into groups, and these into tiles of 4. */
export interface Tiling {
  /** Channels of one group that are written, and the terms of each sum. */
  readonly channels: number;
  readonly depth: number;
  readonly groups: number;
}

export function tilesPerGroup({ channels }: Tiling): number {
  return Math.ceil(channels / 4);
}

export function tilesOf(tiling: Tiling): number {
  return tiling.groups * tilesPerGroup(tiling);
}

/** Texels of 4 terms of one channel or pixel. */
export function depthTexels({ depth }: Tiling): number {
  return Math.ceil(depth / 4);
}
