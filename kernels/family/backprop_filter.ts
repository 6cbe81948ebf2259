// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every tap the matrix product dyᵀ x over the input pixels whose
 * contribution through that tap lands inside the output. Where each channel is a group of its own, that is a sum of
 * products channel by channel, tile by tile: a tile of x and what it meets of dy stay in the cache for all taps.
 * Likewise where groups are small and computed at once (./spread).
 */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { PixelPairs, Plan, Step } from '../engine/engine';
import {
  type Group,
  type Rectangle,
  type Tap,
  filterTap,
  groupsOf,
  imageOfX,
  planOf,
  tapNumber,
  tapPixels,
  tapsOf,
  tilesOf,
} from './layout';
import { gatherFilter, spreadOf, spreadX } from './spread';

/** Floats of x and dy that a tile takes: a quarter of a megabyte, within most second-level caches. */
const TILE_FLOATS = 1 << 16;
/** The same where every group goes through the tile by itself: within most first-level caches. */
const GROUPS_TILE_FLOATS = 1 << 14;
/** Channels of x of a group, so many lanes has a vector: with more, groups are better off packed, one by one. */
const LANES = 4;

export function backpropFilter(g: Conv2DTransposeGeometry): Plan {
  const found = spreadOf(g);
  const spread = found?.image || g.inChannels / g.groups <= LANES ? found : undefined;
  const steps = groupsOf(g, spread).flatMap((group) => stepsOf(g, group));
  const zeros = steps.some(({ kind }) => kind === 'channelSums' || kind === 'groupSums');
  return planOf('filter gradient', g, steps, { zeros, scratch: spread?.image && spread.floats });
}

function stepsOf(g: Conv2DTransposeGeometry, group: Group): Step[] {
  const { isChannelwise, spread, outDepth: rows, inDepth: cols } = group;
  if (spread?.image) {
    const channels = g.outChannels;
    const inPlanes = tiled(g, group, TILE_FLOATS).flatMap((run) =>
      Array.from({ length: spread.planes }, (_, plane) => inPlane(run, plane * channels)),
    );
    return [
      { kind: 'clearScratch', floats: spread.xFirst },
      ...spreadX(g, spread),
      { kind: 'channelSums', out: 'scratch', runs: inPlanes, channels },
      ...gatherFilter(g),
    ];
  }
  if (isChannelwise)
    return [{ kind: 'channelSums', out: 'out', runs: tiled(g, group, TILE_FLOATS), channels: g.outChannels }];
  const sums = { rows, cols, outRow: g.inChannels };
  if (spread) {
    return [{ ...sums, kind: 'groupSums', runs: tiled(g, group, GROUPS_TILE_FLOATS), groups: g.groups }];
  }
  return [{ ...sums, kind: 'outerProducts', taps: tapsOf(g).map((tap) => pixelPairs(g, group, tap)) }];
}

/** The pixels of all taps, tile by tile. */
function tiled(g: Conv2DTransposeGeometry, group: Group, tileFloats: number): PixelPairs[] {
  const xChannels = group.spread?.image?.channels ?? g.inChannels;
  const floatsPerPixel = xChannels + g.outChannels * g.strideHeight * g.strideWidth;
  const tiles = tilesOf(g, Math.max(1, Math.floor(tileFloats / floatsPerPixel)));
  return tiles.flatMap((tile) => tapsOf(g).map((tap) => pixelPairs(g, group, tap, tile)));
}

/** The pixels of dy that a tap leads to, and those of x that it leads from. */
function pixelPairs(g: Conv2DTransposeGeometry, group: Group, tap: Tap, within?: Rectangle): PixelPairs {
  const { grid, batch, row, col, output } = tapPixels(g, tap, group, 'second', within);
  const { spread } = group;
  const outFirst = spread?.image ? tapNumber(g, tap) * spread.channels : filterTap(g, tap, group);
  return { grid, a: output, b: imageOfX('first', g, group, { batch, row, col }), outFirst };
}

/** The same pixels of another plane of a spread x, which begins so many floats later there and in the filter. */
function inPlane({ grid, a, b, outFirst }: PixelPairs, floats: number): PixelPairs {
  return { grid, a, b: { ...b, first: b.first + floats }, outFirst: outFirst + floats };
}
