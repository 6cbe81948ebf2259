// SPDX-License-Identifier: Apache-2.0
/**
 * The filter gradient: for every row of taps the matrix product dyᵀ x over pixels. Both are read channel-major
 * (../layouts/channel_major), so that what a fragment reads lies together; ../layouts/filter_gradient draws what it
 * writes. Texel fetches per useful multiply-add: 3 / 32 with 8 targets.
 */
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';
import type { ProgramSource } from '../drawing/program';
import type { Uniforms } from '../drawing/uniforms';
import type { ChannelMajorLayout } from '../layouts/channel_major';
import { DENSE_STRUCT, denseUniforms } from '../layouts/dense_image';
import type { FilterGradientGrid } from '../layouts/filter_gradient';
import { LANES, each, range } from './glsl';

/** Which tap, group and channels a tile stands for. */
export const TILES_UNIFORMS = `
uniform int groups, tileRows, tileCols, textureWidth;`;

export function tilesUniforms(g: Conv2DTransposeGeometry, dy: ChannelMajorLayout, grid: FilterGradientGrid): Uniforms {
  return { groups: g.groups, tileRows: dy.groupQuads, tileCols: grid.tileCols, textureWidth: grid.width };
}

/** The program with so many quads of input channels in a tile. */
export function filterGradientProgram(quads: number): ProgramSource {
  return { key: `filter gradient 4 × ${4 * quads}`, fragment: () => fragmentOf(quads) };
}

function fragmentOf(quads: number): string {
  // Output n is 2 channels of dy, from c on, × a pair of channels of x.
  const sums = range(4 * quads);
  const fetchOfX = (n: number): string =>
    `vec4 u${n} = texelFetch(x, ivec3(xX + ${n >> 2} * columns + k, xY, ${n % 4}), 0);`;
  /** A column of all 4 products at once: nothing but fused multiply-adds, where dot products take a fifth more. */
  const addColumn = (c: number, pair: number, column: number): string => {
    const of = (name: string): string => `${name}[${column}]`;
    const [v, w, u, t] = [`v${c}`, `v${c + 1}`, `u${2 * pair}`, `u${2 * pair + 1}`].map(of);
    return `sum${c * quads + pair} += vec4(${v}, ${v}, ${w}, ${w}) * vec4(${u}, ${t}, ${u}, ${t});`;
  };
  return `${DENSE_STRUCT}
uniform sampler2DArray x, dy;
uniform Dense xLines, dyLines;  // their widths are in quads of channels
${TILES_UNIFORMS}
uniform int tiles, linesPerSplit, allLines;
uniform int inHeight, outHeight, parts, dyRowLines, strideRows, dilationRows, padTop;
${each(sums, (n) => `layout(location = ${n}) out vec4 out${n};`)}
void main() {
  int index = int(gl_FragCoord.y) * textureWidth + int(gl_FragCoord.x);
  int split = quotient(index, tiles);
  int tile = index - split * tiles;
  int tileRest = quotient(tile, tileCols);
  int tileCol = tile - tileRest * tileCols;
  int groupRest = quotient(tileRest, tileRows);
  int tileRow = tileRest - groupRest * tileRows;
  int tap = quotient(groupRest, groups);
  int group = groupRest - tap * groups;
  int tapRow = quotient(tap, dyRowLines);
  int tapLine = tap - tapRow * dyRowLines;
  int columns = xLines.texels;
  int xAt = (group * quotient(xLines.width, groups) + tileCol * ${quads}) * columns;
  int dyAt = (group * tileRows + tileRow) * columns;
  int end = min(allLines, (split + 1) * linesPerSplit);
  ${each(sums, (n) => `vec4 sum${n} = vec4(0.);`)}
  for (int line = split * linesPerSplit; line < end; line++) {
    int row = quotient(line, parts);
    int image = quotient(row, inHeight);
    int dyRow = (row - image * inHeight) * strideRows + tapRow * dilationRows - padTop;
    if (dyRow < 0 || dyRow >= outHeight) continue;
    int dyLine = ((image * outHeight + dyRow) * parts + line - row * parts) * dyRowLines + tapLine;
    int xY = quotient(line, xLines.rowsPerLine), dyY = quotient(dyLine, dyLines.rowsPerLine);
    int xX = (line - xY * xLines.rowsPerLine) * xLines.width * columns + xAt;
    int dyX = (dyLine - dyY * dyLines.rowsPerLine) * dyLines.width * columns + dyAt;
    for (int k = 0; k < columns; k++) {
      ${each(LANES, (n) => `vec4 v${n} = texelFetch(dy, ivec3(dyX + k, dyY, ${n}), 0);`)}
      ${each(
        range(2 * quads),
        (pair) => `{
        ${each([2 * pair, 2 * pair + 1], fetchOfX)}
        ${each([0, 2], (c) => LANES.map((column) => addColumn(c, pair, column)).join(' '))}
      }`,
      )}
    }
  }
  ${each(sums, (n) => `out${n} = sum${n};`)}
}`;
}

export function filterGradientUniforms(
  g: Conv2DTransposeGeometry,
  x: ChannelMajorLayout,
  dy: ChannelMajorLayout,
  grid: FilterGradientGrid,
): Uniforms {
  const allLines = g.batch * g.inHeight * x.parts;
  return {
    ...denseUniforms('xLines', x),
    ...denseUniforms('dyLines', dy),
    ...tilesUniforms(g, dy, grid),
    tiles: grid.tiles,
    linesPerSplit: Math.ceil(allLines / grid.splits),
    allLines,
    inHeight: g.inHeight,
    outHeight: g.outHeight,
    parts: x.parts,
    dyRowLines: dy.rowLines,
    strideRows: g.strideHeight,
    dilationRows: g.dilationHeight,
    padTop: g.padTop,
  };
}
