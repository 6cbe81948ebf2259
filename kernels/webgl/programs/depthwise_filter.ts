// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient of a depthwise layer with respect to the filter: all pixels of x, two columns at a time, and what they
 * meet of dy (./depthwise). The program that writes the result sums over all of them; where they are too many, one
 * sums over splits of them (../layouts/depthwise_splits), and another adds up what these have found.
 */
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../../src/geometry/geometry';
import type { ProgramSource } from '../drawing/program';
import type { Uniforms } from '../drawing/uniforms';
import type { DepthwiseSplits } from '../layouts/depthwise_splits';
import {
  type ByForm,
  DEPTHWISE_UNIFORMS,
  type DepthwiseSources,
  type Form,
  byForm,
  depthwiseUniforms,
  sourcesOf,
  texelsOf,
} from './depthwise';
import type { ElementSource } from './result';
import { TENSOR_STRUCT } from './tensor_element';

/** Adds what columns `first`, an even one, to `end` − 1 of a row of x meet through a tap, even and odd ones apart. */
const ADD_COLUMNS = (form: Form): string => `
${texelsOf('x', 'inWidth', form)}
${texelsOf('dy', 'outWidth', form)}
void addColumns(inout vec4 sum, int line, int first, int end, int m, int q, int channel) {
  int image = quotient(line, inHeight);
  int row = (line - image * inHeight) * strideRows + m * dilationRows - padTop;
  if (row < 0 || row >= outHeight) return;
  row += image * outHeight;
  int left = q * dilationCols - padLeft;
  for (int j = first; j < end; j += 2) {
    int col = left + j * strideCols;
    vec4 both = vec4(dyPair(row, col, channel), dyPair(row, col + strideCols, channel));
    vec4 four = xFour(line, j >> 1, channel);
    if (j + 1 == inWidth) four.ba = both.ba = vec2(0.);
    sum += four * both;
  }
}`;

/** The gradient in one program. */
export function depthwiseFilter(g: Conv2DTransposeGeometry): DepthwiseSources {
  return sourcesOf(
    g,
    'filter gradient',
    'pair',
    filterShapeOf(g),
    { lines: g.batch * g.inHeight },
    (form) => `
uniform int lines;  // rows of x, of all images
${ADD_COLUMNS(form)}
vec2 pair(int m, int q, int only, int channel) {
  vec4 sum = vec4(0.);
  for (int line = 0; line < lines; line++) addColumns(sum, line, 0, inWidth, m, q, channel);
  return sum.rg + sum.ba;
}`,
  );
}

/** The gradient in two programs. */
export interface DepthwiseSums {
  readonly splits: DepthwiseSplits;
  /** Writes a texel for each tile of each split. */
  readonly programs: ByForm<ProgramSource>;
  readonly uniforms: Uniforms;
  /** Adds them up. */
  readonly dFilter: ElementSource;
}

export function depthwiseFilterSums(g: Conv2DTransposeGeometry, splits: DepthwiseSplits): DepthwiseSums {
  const { parts, partCols, allParts, partsPerSplit, tiles, width } = splits;
  const textureWidth = width;
  return {
    splits,
    programs: SUMS,
    uniforms: { ...depthwiseUniforms(g), parts, partCols, allParts, partsPerSplit, tiles, textureWidth },
    dFilter: {
      key: 'depthwise filter gradient, sums of splits',
      code: () => SUM_OF_SPLITS,
      gives: 'pair',
      uniforms: { channels: g.inChannels, tapCols: g.filterWidth, splits: splits.splits, tiles, textureWidth },
      shape: filterShapeOf(g),
    },
  };
}

const SUMS = /* @__PURE__ */ byForm((form): ProgramSource => ({
  key: `depthwise filter gradient by splits from ${form}`,
  fragment: () => `${TENSOR_STRUCT}
${DEPTHWISE_UNIFORMS}
uniform int parts, partCols, allParts, partsPerSplit, tiles, textureWidth;
layout(location = 0) out vec4 value;
${ADD_COLUMNS(form)}
void main() {
  int index = int(gl_FragCoord.y) * textureWidth + int(gl_FragCoord.x);
  int split = quotient(index, tiles);
  int tile = index - split * tiles;
  int pairs = (channels + 1) >> 1;
  int tap = quotient(tile, pairs);
  int m = quotient(tap, tapCols);
  vec4 sum = vec4(0.);
  int end = min(allParts, (split + 1) * partsPerSplit);
  for (int part = split * partsPerSplit; part < end; part++) {
    int line = quotient(part, parts);
    int first = (part - line * parts) * partCols;
    addColumns(sum, line, first, min(inWidth, first + partCols), m, tap - m * tapCols, 2 * (tile - tap * pairs));
  }
  value = sum;
}`,
}));

const SUM_OF_SPLITS = `
uniform int channels, tapCols, splits, tiles, textureWidth;
vec2 pair(int m, int q, int only, int channel) {
  int tile = (m * tapCols + q) * ((channels + 1) >> 1) + (channel >> 1);
  vec4 sum = vec4(0.);
  for (int split = 0; split < splits; split++) {
    int at = tile + split * tiles;
    int y = quotient(at, textureWidth);
    sum += target(0, ivec2(at - y * textureWidth, y));
  }
  return sum.rg + sum.ba;
}
float element(int m, int q, int only, int channel) {
  vec2 two = pair(m, q, only, channel - (channel & 1));
  return (channel & 1) == 0 ? two.r : two.g;
}`;
