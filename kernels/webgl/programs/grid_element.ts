// SPDX-License-Identifier: Apache-2.0
/**
 * GLSL that reads what a correlation has written: an element of its grid. ../layouts/target_grid draws where it lies.
 */
import { GRID_STRUCT, type Grid } from '../layouts/target_grid';

/** What is compiled into `gridElement`. */
export function gridKey({ tile, packed, stacks }: Grid): string {
  return `${tile.rows} × ${tile.cols}${packed ? ' of packed targets' : ''}${stacks > 1 ? ' in stacks' : ''}`;
}

/**
 * `float gridElement(image, row, col, group, channel)`, `row` and `col` of all phases together; `gridPair`: that and
 * the next channel; `gridTexel`: all that share its texel, 4 channels or 2 × 2. Each is one fetch.
 */
export function gridElement({ tile, packed, stacks }: Grid): string {
  return `${GRID_STRUCT}
vec4 gridTexel(int image, int row, int col, int group, int channel) {
  int y = quotient(row, grid.phaseRows), x = quotient(col, grid.phaseCols);
  int phaseRow = row - y * grid.phaseRows, phaseCol = col - x * grid.phaseCols;
  int stack = ${stacks > 1 ? 'quotient(image, grid.imagesPerStack)' : '0'};
  int line = (image - stack * grid.imagesPerStack) * grid.rows + y;
  int across = (x >> ${Math.log2(tile.cols)}) * grid.quads + group * grid.groupQuads + (channel >> 2);
  int band = quotient(across, grid.bandWidth);
  ivec2 at = ivec2(
    (stack * grid.phaseCols + phaseCol) * grid.bandWidth + across - band * grid.bandWidth,
    (phaseRow * grid.bands + band) * grid.bandHeight + (line >> ${Math.log2(tile.rows)}));
  int first = (line & ${tile.rows - 1}) * ${tile.cols};
  ${
    packed
      ? `return target(first + (x & ${tile.cols - 2}) + ((channel >> 1) & 1), at);`
      : `return target(first + (x & ${tile.cols - 1}), at);`
  }
}
vec2 gridPair(int image, int row, int col, int group, int channel) {
  vec4 texel = gridTexel(image, row, col, group, channel);
  return (${packed ? 'col & 1' : 'channel & 2'}) == 0 ? texel.rg : texel.ba;
}
float gridElement(int image, int row, int col, int group, int channel) {
  vec2 pair = gridPair(image, row, col, group, channel);
  return (channel & 1) == 0 ? pair.r : pair.g;
}`;
}
