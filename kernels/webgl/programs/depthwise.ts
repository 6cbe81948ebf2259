// SPDX-License-Identifier: Apache-2.0
/**
 * Depthwise, each channel a group of its own (`isChannelwise`): there are no sums over channels that would fill a
 * texel. So lanes are channels: products are componentwise, two columns × two channels at a time, as tfjs packs them;
 * and the program that writes the result reads the operands as they lie. No conversions, no targets in between
 * (./depthwise_filter has them for large images).
 *
 * Example, the input gradient of columns 0 and 1 of x, channels 0 and 1, through one tap that they meet dy at columns 0
 * and 2 with:
 *
 *     (c0k0, c0k1, c1k0, c1k1) += (dy0k0, dy0k1, dy2k0, dy2k1) · (w0, w1, w0, w1)
 *
 * Three fetches for four multiply-adds. Which taps an output pixel meets is in src/geometry/phases: every `step`-th
 * from a first one on, and from one to the next the pixel of x is `inputStep` before.
 */
import type { Axis } from '../../../src/geometry/axis';
import {
  type Conv2DTransposeGeometry,
  heightAxis,
  widthAxis,
  xShapeOf,
  yShapeOf,
} from '../../../src/geometry/geometry';
import { tapSpacing } from '../../../src/geometry/phases';
import type { Uniforms } from '../drawing/uniforms';
import type { TensorTexture } from '../tfjs_internals';
import type { ElementSource } from './result';
import { tensorElement } from './tensor_element';

/** How operands lie: packed in lines of one pair of columns each, packed in other lines, or in any form. */
export type Form = 'lines' | 'packed' | 'elements';

/** A source by the form of what it reads. */
export type ByForm<T> = Readonly<Record<Form, T>>;
export type DepthwiseSources = ByForm<ElementSource>;

export function byForm<T>(source: (form: Form) => T): ByForm<T> {
  return { lines: source('lines'), packed: source('packed'), elements: source('elements') };
}

/** The source that reads operands as they lie. */
export function depthwiseSource<T>(sources: ByForm<T>, operands: readonly TensorTexture[]): T {
  const arePacked = operands.every(({ isPacked }) => isPacked);
  const inLines = operands.every(({ lineTexels, shape }) => lineTexels === Math.ceil(shape[3] / 2));
  return sources[arePacked ? (inLines ? 'lines' : 'packed') : 'elements'];
}

/**
 * `vec4 nameFour(int matrix, int pair, int k)`: channels k and k + 1, k even, of a pair of columns of a matrix with so
 * many; `vec2 namePair(int matrix, int col, int k)`: those of one column.
 */
export function texelsOf(name: string, columns: string, form: Form): string {
  const line = `matrix * ((${columns} + 1) >> 1) + pair`;
  const element = (col: number, channel: number): string =>
    `${name}Element(((matrix * ${columns} + 2 * pair + ${col}) * channels + k + ${channel}))`;
  const texel: ByForm<string> = {
    lines: `texelFetch(${name}, ivec2(k >> 1, ${line}), 0)`,
    packed: `texelFetch(${name}, ${name}Texel((${line}) * ((channels + 1) >> 1) + (k >> 1)), 0)`,
    elements: `vec4(${element(0, 0)}, ${element(0, 1)}, ${element(1, 0)}, ${element(1, 1)})`,
  };
  return `${tensorElement(name)}
vec4 ${name}Four(int matrix, int pair, int k) {
  return ${texel[form]};
}
/** Zeros if there is no such column. */
vec2 ${name}Pair(int matrix, int col, int k) {
  vec4 four = ${name}Four(matrix, clamp(col, 0, ${columns} - 1) >> 1, k);
  return col < 0 || col >= ${columns} ? vec2(0.) : (col & 1) == 0 ? four.rg : four.ba;
}`;
}

export const DEPTHWISE_UNIFORMS = `
uniform int channels, inHeight, inWidth, outHeight, outWidth, tapRows, tapCols, padTop, padLeft;
uniform int strideRows, strideCols, dilationRows, dilationCols;`;

export function depthwiseUniforms(g: Conv2DTransposeGeometry): Uniforms {
  return {
    channels: g.inChannels,
    inHeight: g.inHeight,
    inWidth: g.inWidth,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    tapRows: g.filterHeight,
    tapCols: g.filterWidth,
    padTop: g.padTop,
    padLeft: g.padLeft,
    strideRows: g.strideHeight,
    strideCols: g.strideWidth,
    dilationRows: g.dilationHeight,
    dilationCols: g.dilationWidth,
  };
}

export function sourcesOf(
  g: Conv2DTransposeGeometry,
  key: string,
  gives: 'pair' | 'texel',
  shape: number[],
  uniforms: Uniforms,
  codeOf: (form: Form) => string,
): DepthwiseSources {
  const all: Uniforms = { ...depthwiseUniforms(g), ...uniforms };
  return byForm((form) => ({
    key: `depthwise ${key} from ${form}`,
    code: () => `${DEPTHWISE_UNIFORMS}
${codeOf(form)}
float element(int a, int b, int c, int d) {
  vec4 four = ${gives === 'texel' ? 'texel(a, b, c - (c & 1), d - (d & 1))' : 'pair(a, b, c, d - (d & 1)).rgrg'};
  vec2 two = (c & 1) == 0 ? four.rg : four.ba;
  return (d & 1) == 0 ? two.r : two.g;
}`,
    gives,
    uniforms: all,
    shape,
  }));
}

/** Which taps meet a row or column of y. */
const MET = `
struct Met { int gcd, step, inputStep, inverse; };
uniform Met rowsMet, colsMet;
/** The first tap that meets a row or column, crops included, and what of x it meets it with; −1 if none does. */
ivec2 firstMet(int at, Met met, int stride, int dilation) {
  int part = quotient(at, met.gcd);
  int tap = part * met.inverse;
  tap -= quotient(tap, met.step) * met.step;
  int from = at - tap * dilation;
  return ivec2(tap, from < 0 || part * met.gcd != at ? -1 : quotient(from, stride));
}`;

function metUniforms(name: string, axis: Axis): Uniforms {
  const { gcd, step, inputStep, inverse } = tapSpacing(axis);
  return {
    [`${name}.gcd`]: gcd,
    [`${name}.step`]: step,
    [`${name}.inputStep`]: inputStep,
    [`${name}.inverse`]: inverse,
  };
}

/** Forward: the taps that each pixel of y meets. Those of neighbouring columns are others, if the stride is not 1. */
export function depthwiseForward(g: Conv2DTransposeGeometry): DepthwiseSources {
  const met = {
    ...metUniforms('rowsMet', heightAxis(g)),
    ...metUniforms('colsMet', widthAxis(g)),
  };
  return sourcesOf(
    g,
    'forward',
    'texel',
    yShapeOf(g),
    met,
    (form) => `${MET}
${texelsOf('x', 'inWidth', form)}
${texelsOf('weights', '1', form)}
vec2 alongRow(int line, int firstTap, ivec2 met, int channel) {
  vec2 sum = vec2(0.);
  for (int q = met.x, j = met.y; q < tapCols && j >= 0; q += colsMet.step, j -= colsMet.inputStep)
    sum += xPair(line, j, channel) * weightsFour(firstTap + q, 0, channel).rg;
  return sum;
}
vec4 texel(int image, int row, int col, int channel) {
  ivec2 rowMet = firstMet(row + padTop, rowsMet, strideRows, dilationRows);
  ivec2 even = firstMet(col + padLeft, colsMet, strideCols, dilationCols);
  ivec2 odd = firstMet(col + 1 + padLeft, colsMet, strideCols, dilationCols);
  vec4 sum = vec4(0.);
  for (int m = rowMet.x, i = rowMet.y; m < tapRows && i >= 0; m += rowsMet.step, i -= rowsMet.inputStep) {
    if (i >= inHeight) continue;
    int line = image * inHeight + i;
    sum += vec4(alongRow(line, m * tapCols, even, channel), alongRow(line, m * tapCols, odd, channel));
  }
  return sum;
}`,
  );
}

/** The gradient with respect to x: what each pixel of x meets of dy. */
export function depthwiseInput(g: Conv2DTransposeGeometry): DepthwiseSources {
  return sourcesOf(
    g,
    'input gradient',
    'texel',
    xShapeOf(g),
    {},
    (form) => `
${texelsOf('dy', 'outWidth', form)}
${texelsOf('weights', '1', form)}
vec4 texel(int image, int i, int j, int channel) {
  vec4 sum = vec4(0.);
  int left = j * strideCols - padLeft;
  for (int m = 0; m < tapRows; m++) {
    int row = i * strideRows + m * dilationRows - padTop;
    if (row < 0 || row >= outHeight) continue;
    int line = image * outHeight + row;
    for (int q = 0; q < tapCols; q++) {
      int col = left + q * dilationCols;
      vec4 both = vec4(dyPair(line, col, channel), dyPair(line, col + strideCols, channel));
      sum += both * weightsFour(m * tapCols + q, 0, channel).rgrg;
    }
  }
  return sum;
}`,
  );
}
