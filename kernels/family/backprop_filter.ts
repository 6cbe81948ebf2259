// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every tap the matrix product dyᵀ x over the input pixels whose
 * contribution through that tap lands inside the output. Where each channel is a group of its own, that is a sum of
 * products channel by channel, tile by tile: a tile of x and what it meets of dy stay in the cache for all taps.
 */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { PixelPairs, Plan, Step } from '../engine/engine';
import {
  type Group,
  type Rectangle,
  type Tap,
  filterTap,
  groupsOf,
  inputImage,
  pixels,
  planOf,
  tapPixels,
  tapsOf,
  tilesOf,
} from './layout';

/** Floats of x and dy that a tile takes: a quarter of a megabyte, within most second-level caches. */
const TILE_FLOATS = 1 << 16;

export function backpropFilter(g: Conv2DTransposeGeometry): Plan {
  const taps = tapsOf(g);
  const steps = groupsOf(g).map((group): Step => {
    if (!group.isDepthwise) {
      const all = taps.map((tap) => pixelPairs(g, group, tap));
      return { kind: 'outerProducts', taps: all, rows: group.outDepth, cols: group.inDepth, outRow: g.inChannels };
    }
    const floatsPerPixel = g.inChannels * (1 + g.strideHeight * g.strideWidth);
    const tiles = tilesOf(g, Math.max(1, Math.floor(TILE_FLOATS / floatsPerPixel)));
    const runs = tiles.flatMap((tile) => taps.map((tap) => pixelPairs(g, group, tap, tile)));
    return { kind: 'channelSums', runs, channels: g.inChannels };
  });
  return planOf('filter gradient', g, steps, { zeros: steps.some(({ kind }) => kind === 'channelSums') });
}

/** The pixels of dy that a tap leads to, and those of x that it leads from. */
function pixelPairs(g: Conv2DTransposeGeometry, group: Group, tap: Tap, within?: Rectangle): PixelPairs {
  const { grid, batch, row, col, output } = tapPixels(g, tap, group, 'second', within);
  const b = pixels('first', inputImage(g), { batch, row, col, channel: group.inChannel });
  return { grid, a: output, b, outFirst: filterTap(g, tap, group) };
}
