// SPDX-License-Identifier: Apache-2.0
/**
 * Adds up what the fragments of each tile of the filter gradient have found, into the filter [filterHeight,
 * filterWidth, outDepth, inChannels]. ../layouts/filter_gradient draws what is read: an element is in the texel of
 * its tile, once for each split, and the target of its 2 × 2 channels. One fetch for each split.
 */
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../../src/geometry/geometry';
import type { ChannelMajorLayout } from '../layouts/channel_major';
import type { FilterGradientGrid } from '../layouts/filter_gradient';
import { TILES_UNIFORMS, tilesUniforms } from './filter_gradient';
import type { ElementSource } from './result';

const TEXEL = `
vec4 texel(int m, int q, int c, int o) {
  int group = quotient(o, groupInChannels);
  return sumOf(m, q, c, group, o - group * groupInChannels);
}`;

export function filterGradientSum(
  g: Conv2DTransposeGeometry,
  dy: ChannelMajorLayout,
  grid: FilterGradientGrid,
): ElementSource {
  const { quads, splits, tiles } = grid;
  const groupInChannels = g.inChannels / g.groups;
  // Texels are the targets' own, unless a group or a tap ends within one.
  const inTexels = (g.groups === 1 || groupInChannels % 2 === 0) && dy.paddedDepth % 2 === 0;
  const key = `filter gradient 4 × ${4 * quads}`;
  const code = (): string => `${TILES_UNIFORMS}
uniform int splits, tiles, groupInChannels;
/** From tap (m, q) to the next, in taps of tiles or, where a line holds all taps of a row, in channels of dy. */
uniform int tapsPerRow, tapsPerCol, channelsPerCol;
vec4 sumOf(int m, int q, int c, int group, int within) {
  int tap = m * tapsPerRow + q * tapsPerCol;
  c += q * channelsPerCol;
  int tile = ((tap * groups + group) * tileRows + (c >> 2)) * tileCols + (within >> ${quads + 1});
  int n = ((c & 2) >> 1) * ${2 * quads} + ((within & ${4 * quads - 1}) >> 1);
  vec4 sum = vec4(0.);
  for (int split = 0; split < splits; split++) {
    int at = tile + split * tiles;
    int y = quotient(at, textureWidth);
    sum += target(n, ivec2(at - y * textureWidth, y));
  }
  return sum;
}
float element(int m, int q, int c, int o) {
  int group = quotient(o, groupInChannels);
  int within = o - group * groupInChannels;
  vec4 four = sumOf(m, q, c, group, within);
  vec2 pair = ((c + q * channelsPerCol) & 1) == 0 ? four.rg : four.ba;
  return (within & 1) == 0 ? pair.r : pair.g;
}
${inTexels ? TEXEL : ''}`;
  const perTap =
    dy.rowLines === 1
      ? { tapsPerRow: 1, tapsPerCol: 0, channelsPerCol: dy.paddedDepth }
      : { tapsPerRow: g.filterWidth, tapsPerCol: 1, channelsPerCol: 0 };
  return {
    key,
    code,
    gives: inTexels ? 'texel' : 'element',
    uniforms: { ...tilesUniforms(g, dy, grid), splits, tiles, groupInChannels, ...perTap },
    most: grid.width * grid.height,
    shape: filterShapeOf(g),
  };
}
