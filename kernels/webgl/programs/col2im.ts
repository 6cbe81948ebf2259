// SPDX-License-Identifier: Apache-2.0
/**
 * col2im: adds up the footprints of input pixels where they overlap. The grid of footprints has a pixel for each of
 * x, and for each group the channels (tap row · filterWidth + tap column) · channels of y + channel of y.
 *
 * Example, one row: kernel 3, stride 2, no crop, x of 2 pixels with footprints a0 a1 a2 and b0 b1 b2:
 *
 *     y   a0 │ a1 │ a2 + b0 │ b1 │ b2
 *
 * An element of y looks for what it is met by, rather than the other way round. One fetch for each tap that meets
 * it. From the first tap to the next it is a stride, if the kernel is not dilated; dilated taps are all tried.
 */
import { type Conv2DTransposeGeometry, yShapeOf } from '../../../src/geometry/geometry';
import { type Grid, gridUniforms, mostOfGrid } from '../layouts/target_grid';
import { gridElement, gridKey } from './grid_element';
import type { ElementSource } from './result';

const UNIFORMS = `
uniform int groupChannels, tapRows, tapCols, padTop, padLeft, inHeight, inWidth;
uniform int strideRows, strideCols, dilationRows, dilationCols;
/** From one tap that may meet a row or column to the next. */
uniform int tapRowStep, tapColStep;`;

/** All overlapping footprints; `footprint` is one of them. */
function overlappingSum(type: string, footprint: string): string {
  return `${type} sum = ${type}(0.);
  for (int m = tapRowStep == 1 ? 0 : row - quotient(row, tapRowStep) * tapRowStep; m < tapRows; m += tapRowStep) {
    int y = row - m * dilationRows;
    int i = quotient(max(y, 0), strideRows);
    if (i * strideRows != y || i >= inHeight) continue;
    for (int q = tapColStep == 1 ? 0 : col - quotient(col, tapColStep) * tapColStep; q < tapCols; q += tapColStep) {
      int x = col - q * dilationCols;
      int j = quotient(max(x, 0), strideCols);
      if (j * strideCols != x || j >= inWidth) continue;
      int of = (m * tapCols + q) * groupChannels + within;
      sum += ${footprint};
    }
  }
  return sum;`;
}

/** The only footprint there is, or zero: it is fetched in any case, within the grid. */
function singleFootprint(type: string, footprint: string): string {
  return `int i = quotient(row, strideRows), j = quotient(col, strideCols);
  int m = row - i * strideRows, q = col - j * strideCols;
  bool inside = m < tapRows && q < tapCols && i < inHeight && j < inWidth;
  i = min(i, inHeight - 1);
  j = min(j, inWidth - 1);
  int of = (min(m, tapRows - 1) * tapCols + min(q, tapCols - 1)) * groupChannels + within;
  return mix(${type}(0.), ${footprint}, ${type === 'float' ? 'inside' : 'bvec2(inside)'});`;
}

/** The result that col2im makes of a grid of footprints. */
export function col2im(g: Conv2DTransposeGeometry, grid: Grid): ElementSource {
  const groupChannels = g.outChannels / g.groups;
  const [single, grouped] = [g.outChannels === 1, g.groups > 1];
  const tapRowStep = g.dilationHeight === 1 ? g.strideHeight : 1;
  const tapColStep = g.dilationWidth === 1 ? g.strideWidth : 1;
  const overlaps = g.filterHeight > tapRowStep || g.filterWidth > tapColStep;
  const sum = (type: string, name: string, footprint: string): string => `
${type} ${name}(int image, int row, int col, int channel) {
  int group = ${grouped ? 'quotient(channel, groupChannels)' : '0'};
  int within = channel - group * groupChannels;
  row += padTop;
  col += padLeft;
  ${overlaps ? overlappingSum(type, footprint) : singleFootprint(type, footprint)}
}`;
  const inPairs = groupChannels % 2 === 0;
  const kind = `${overlaps ? '' : ' without overlaps'}${single ? ' of one channel' : ''}${grouped ? ' in groups' : ''}`;
  return {
    key: `col2im${kind}, ${gridKey(grid)}`,
    code: () => `${gridElement(grid)}${UNIFORMS}
${sum('float', 'element', 'gridElement(image, i, j, group, of)')}
${inPairs ? sum('vec2', 'pair', 'gridPair(image, i, j, group, of)') : ''}
${single ? 'vec2 pair(int a, int b, int c, int d) { return vec2(element(a, b, c, d), 0.); }' : ''}`,
    gives: inPairs || single ? 'pair' : 'element',
    uniforms: {
      ...gridUniforms(grid),
      groupChannels,
      tapRows: g.filterHeight,
      tapCols: g.filterWidth,
      padTop: g.padTop,
      padLeft: g.padLeft,
      inHeight: g.inHeight,
      inWidth: g.inWidth,
      strideRows: g.strideHeight,
      strideCols: g.strideWidth,
      dilationRows: g.dilationHeight,
      dilationCols: g.dilationWidth,
      tapRowStep,
      tapColStep,
    },
    most: Math.max(mostOfGrid(grid), g.outHeight + g.padTop, g.outWidth + g.padLeft),
    shape: yShapeOf(g),
  };
}
