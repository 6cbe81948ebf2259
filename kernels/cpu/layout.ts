// SPDX-License-Identifier: Apache-2.0
/** Where the pixels, taps and groups of a geometry lie in the arrays of its tensors; offsets and strides in floats. */
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { tapSpan } from '../../src/geometry/phases';
import type { Block, Grid, Operand } from './engine';

/** The images of an NHWC tensor: distances between batch entries, rows and columns. */
interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Pixels of an image, from (`row`, `col`) on in steps of (`rowStep`, `colStep`), from channel `channel` on. */
export function pixels(
  data: Block,
  { height, width, channels }: Image,
  { row = 0, col = 0, rowStep = 1, colStep = 1, channel = 0 },
): Operand {
  return {
    data,
    offset: (row * width + col) * channels + channel,
    batch: height * width * channels,
    row: rowStep * width * channels,
    col: colStep * channels,
  };
}

/** The image of x. */
export function inputImage(g: Conv2DTransposeGeometry): Image {
  return { height: g.inHeight, width: g.inWidth, channels: g.inChannels };
}

/** The image of y. */
export function outputImage(g: Conv2DTransposeGeometry): Image {
  return { height: g.outHeight, width: g.outWidth, channels: g.outChannels };
}

/** One group: how many channels it has, and where they begin in x (and in a filter's row) and in y. */
export interface Group {
  readonly inDepth: number;
  readonly outDepth: number;
  readonly inChannel: number;
  readonly outChannel: number;
}

/** The groups of a geometry. */
export function groupsOf(g: Conv2DTransposeGeometry): Group[] {
  const inDepth = g.inChannels / g.groups;
  const outDepth = g.outChannels / g.groups;
  return Array.from({ length: g.groups }, (_, n) => ({
    inDepth,
    outDepth,
    inChannel: n * inDepth,
    outChannel: n * outDepth,
  }));
}

/** Where the `[outDepth, inDepth]` matrix of a tap begins in the filter; its rows are `inChannels` apart. */
export function filterTap(
  g: Conv2DTransposeGeometry,
  tapRow: number,
  tapCol: number,
  { outDepth, inChannel }: Group,
): number {
  return (tapRow * g.filterWidth + tapCol) * outDepth * g.inChannels + inChannel;
}

/** The input pixels whose contribution through one tap lands inside the output, and the output pixels it lands on. */
export function tapPixels(
  g: Conv2DTransposeGeometry,
  tapRow: number,
  tapCol: number,
  group: Group,
  x: Block,
  y: Block,
): { grid: Grid; input: Operand; output: Operand } {
  const rows = tapSpan(heightAxis(g), tapRow);
  const cols = tapSpan(widthAxis(g), tapCol);
  return {
    grid: { batch: g.batch, rows: Math.max(0, rows.end - rows.begin), cols: Math.max(0, cols.end - cols.begin) },
    input: pixels(x, inputImage(g), { row: rows.begin, col: cols.begin, channel: group.inChannel }),
    output: pixels(y, outputImage(g), {
      row: rows.begin * g.strideHeight + tapRow * g.dilationHeight - g.padTop,
      col: cols.begin * g.strideWidth + tapCol * g.dilationWidth - g.padLeft,
      rowStep: g.strideHeight,
      colStep: g.strideWidth,
      channel: group.outChannel,
    }),
  };
}

/** Visits the taps of a filter in the order in which they lie in memory. */
export function forEachTap(g: Conv2DTransposeGeometry, visit: (tapRow: number, tapCol: number) => void): void {
  for (let tapRow = 0; tapRow < g.filterHeight; tapRow++) {
    for (let tapCol = 0; tapCol < g.filterWidth; tapCol++) visit(tapRow, tapCol);
  }
}
