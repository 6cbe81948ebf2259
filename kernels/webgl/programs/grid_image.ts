// SPDX-License-Identifier: Apache-2.0
/** Reads the grid of a correlation as the image [batch, height, width, groups · channels] that it is. */
import { type Grid, gridUniforms, mostOfGrid } from '../layouts/target_grid';
import { gridElement, gridKey } from './grid_element';
import type { ElementSource } from './result';

/** The result whose elements are those of a grid. */
export function gridImage(grid: Grid, shape: number[]): ElementSource {
  const { channels, groups } = grid.channels;
  // Two channels from an even one on share a texel, unless a group ends between them.
  const inPairs = groups === 1 || channels % 2 === 0;
  const inTexels = inPairs && grid.packed;
  const grouped = groups > 1;
  const read = (type: string, name: string, read: string): string => `
${type} ${name}(int image, int row, int col, int channel) {
  int group = ${grouped ? 'quotient(channel, groupChannels)' : '0'};
  return ${read}(image, row, col, group, channel - group * groupChannels);
}`;
  return {
    key: `image ${gridKey(grid)}${grouped ? ' in groups' : ''}`,
    code: () => `${gridElement(grid)}
uniform int groupChannels;
${read('float', 'element', 'gridElement')}
${inPairs ? read('vec2', 'pair', 'gridPair') : ''}
${inTexels ? read('vec4', 'texel', 'gridTexel') : ''}`,
    gives: inTexels ? 'texel' : inPairs ? 'pair' : 'element',
    uniforms: { ...gridUniforms(grid), groupChannels: channels },
    most: mostOfGrid(grid),
    shape,
  };
}
