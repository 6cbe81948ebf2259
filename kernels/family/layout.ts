// SPDX-License-Identifier: Apache-2.0
/** Where the pixels, taps and groups of a geometry lie in the arrays of its tensors, and the plans over them. */
import { util } from '@tensorflow/tfjs-core';
import { PASS_OPERANDS, type Pass, SHAPE_OF } from '../../src/contract';
import { type Conv2DTransposeGeometry, heightAxis, isChannelwise, widthAxis } from '../../src/geometry/geometry';
import { tapSpan } from '../../src/geometry/phases';
import type { Block, Grid, Operand, Plan, Run, Step } from '../engine/engine';
import type { Spread } from './spread';

/** The images of an NHWC tensor. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A plan of some steps that compute a pass. */
export function planOf(
  pass: Pass,
  g: Conv2DTransposeGeometry,
  steps: readonly Step[],
  { scratch = 0, zeros = true, areApart = false } = {},
): Plan {
  const { takes, gives } = PASS_OPERANDS[pass];
  const [first, second, out] = [...takes, gives].map((name) => util.sizeFromShape(SHAPE_OF[name](g)));
  return { lengths: { first, second, out, scratch }, zeros, steps, areApart };
}

/**
 * Pixels of an image, from (`row`, `col`) of image `batch` on in steps of (`rowStep`, `colStep`), from channel
 * `channel` on.
 */
export function pixels(
  block: Block,
  { height, width, channels }: Image,
  { batch = 0, row = 0, col = 0, rowStep = 1, colStep = 1, channel = 0 }: Where,
): Operand {
  return {
    block,
    first: ((batch * height + row) * width + col) * channels + channel,
    channels,
    batch: height * width,
    row: rowStep * width,
    col: colStep,
  };
}

/** Which pixels of an image, and from which channel on. */
export interface Where {
  readonly batch?: number;
  readonly row?: number;
  readonly col?: number;
  readonly rowStep?: number;
  readonly colStep?: number;
  readonly channel?: number;
}

/** The image of x. */
export function inputImage(g: Conv2DTransposeGeometry): Image {
  return { height: g.inHeight, width: g.inWidth, channels: g.inChannels };
}

/** The image of y. */
export function outputImage(g: Conv2DTransposeGeometry): Image {
  return { height: g.outHeight, width: g.outWidth, channels: g.outChannels };
}

/** What a product computes: one group of channels, or all of them at once. */
export interface Group {
  /** Whether each channel is a group of its own (`isChannelwise` of the geometry); all are computed at once. */
  readonly isChannelwise: boolean;
  /** Groups that are computed at once. */
  readonly count: number;
  /** Channels that a sum goes over, and that get sums of their own, of each group. */
  readonly inDepth: number;
  readonly outDepth: number;
  /** Where its channels begin in x (and in a filter's row) and in y. */
  readonly inChannel: number;
  readonly outChannel: number;
  /** How many channels of y it has. */
  readonly outChannels: number;
  /** Where groups are small and computed at once. */
  readonly spread?: Spread;
}

/** The groups of a geometry; a single one if they are spread. */
export function groupsOf(g: Conv2DTransposeGeometry, spread?: Spread): Group[] {
  const [inDepth, outDepth] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const channelwise = isChannelwise(g);
  const isWhole = channelwise || spread !== undefined;
  return Array.from({ length: isWhole ? 1 : g.groups }, (_, n) => ({
    isChannelwise: channelwise,
    count: isWhole ? g.groups : 1,
    inDepth,
    outDepth,
    inChannel: n * inDepth,
    outChannel: n * outDepth,
    outChannels: isWhole ? g.outChannels : outDepth,
    spread,
  }));
}

/** Sums over the input channels of a group and taps, added to its channels of the output. */
export function forwardProduct(
  g: Conv2DTransposeGeometry,
  group: Group,
  forwardTaps: readonly Tap[],
  runs: readonly Run[],
): Step {
  const { inDepth: depth, outDepth, outChannels, count: groups, spread } = group;
  const [filterRow, channels] = [outChannels, outDepth];
  if (spread) {
    const taps = forwardTaps.map((tap) => tapNumber(g, tap) * spread.channels);
    if (spread.image) return inPlanes(taps, runs, spread, outChannels);
    return { kind: 'groupProducts', filter: 'scratch', taps, filterRow, groups, depth, channels, runs };
  }
  const taps = forwardTaps.map((tap) => filterTap(g, tap, group));
  if (group.isChannelwise) return { kind: 'channelProducts', filter: 'second', taps, channels: outChannels, runs };
  return { kind: 'dotProducts', taps, filterRow: g.inChannels, depth, channels, runs };
}

/** The product of a spread x and filter: a tap is as many as there are planes. */
function inPlanes(taps: readonly number[], runs: readonly Run[], { planes }: Spread, channels: number): Step {
  const eachPlane = Array.from({ length: planes }, (_, plane) => ({ plane, floats: plane * channels }));
  return {
    kind: 'channelProducts',
    filter: 'scratch',
    taps: taps.flatMap((first) => eachPlane.map(({ floats }) => first + floats)),
    channels,
    runs: runs.map((run) => ({
      ...run,
      taps: run.taps.flatMap(({ tap, offset }) =>
        eachPlane.map(({ plane, floats }) => ({ tap: tap * planes + plane, offset: offset + floats })),
      ),
    })),
  };
}

/** A tap of the filter. */
export interface Tap {
  readonly tapRow: number;
  readonly tapCol: number;
}

/** The taps of a filter, in the order in which they lie in memory. */
export function tapsOf(g: Conv2DTransposeGeometry): Tap[] {
  return Array.from({ length: g.filterHeight * g.filterWidth }, (_, n) => ({
    tapRow: Math.floor(n / g.filterWidth),
    tapCol: n % g.filterWidth,
  }));
}

/** Where the `[outDepth, inDepth]` matrix of a tap begins in the filter; its rows are `inChannels` apart. */
export function filterTap(g: Conv2DTransposeGeometry, tap: Tap, { outDepth, inChannel }: Group): number {
  return tapNumber(g, tap) * outDepth * g.inChannels + inChannel;
}

/** Which tap it is, counted in the order of memory. */
export function tapNumber(g: Conv2DTransposeGeometry, { tapRow, tapCol }: Tap): number {
  return tapRow * g.filterWidth + tapCol;
}

/** Pixels of x (or of its gradient, in another block), as `pixels` has them; of the spread x where there is one. */
export function imageOfX(
  block: Block,
  g: Conv2DTransposeGeometry,
  { spread, inChannel }: Group,
  where: Where,
): Operand {
  if (spread?.image === undefined) return pixels(block, inputImage(g), { ...where, channel: inChannel });
  const operand = pixels('scratch', spread.image, where);
  return { ...operand, first: operand.first + spread.xFirst };
}

/** A rectangle of input pixels. */
export interface Rectangle {
  readonly batch: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
  readonly col: number;
  readonly cols: number;
}

/**
 * Divides the input into rectangles of at most `most` pixels: several images, or rows of one image, or a part of a row.
 */
export function tilesOf(g: Conv2DTransposeGeometry, most: number): Rectangle[] {
  const cols = Math.min(g.inWidth, most);
  const rows = cols < g.inWidth ? 1 : Math.min(g.inHeight, Math.floor(most / cols));
  const images = rows < g.inHeight ? 1 : Math.min(g.batch, Math.floor(most / (rows * cols)));
  const tiles: Rectangle[] = [];
  for (let batch = 0; batch < g.batch; batch += images) {
    for (let row = 0; row < g.inHeight; row += rows) {
      for (let col = 0; col < g.inWidth; col += cols) {
        tiles.push({
          batch,
          images: Math.min(images, g.batch - batch),
          row,
          rows: Math.min(rows, g.inHeight - row),
          col,
          cols: Math.min(cols, g.inWidth - col),
        });
      }
    }
  }
  return tiles;
}

/** All input pixels. */
function allPixels(g: Conv2DTransposeGeometry): Rectangle {
  return { batch: 0, images: g.batch, row: 0, rows: g.inHeight, col: 0, cols: g.inWidth };
}

/**
 * Those of a rectangle of input pixels whose contribution through a tap lands inside the output: their grid, where it
 * begins in the input (batch, row, col), and the output pixels it lands on.
 */
export function tapPixels(
  g: Conv2DTransposeGeometry,
  { tapRow, tapCol }: Tap,
  { outChannel }: Group,
  y: Block,
  { batch, images, ...within }: Rectangle = allPixels(g),
): { grid: Grid; batch: number; row: number; col: number; output: Operand } {
  const rowSpan = tapSpan(heightAxis(g), tapRow);
  const colSpan = tapSpan(widthAxis(g), tapCol);
  const row = Math.max(within.row, rowSpan.begin);
  const col = Math.max(within.col, colSpan.begin);
  const rows = Math.min(within.row + within.rows, rowSpan.end) - row;
  const cols = Math.min(within.col + within.cols, colSpan.end) - col;
  const output = pixels(y, outputImage(g), {
    batch,
    row: row * g.strideHeight + tapRow * g.dilationHeight - g.padTop,
    col: col * g.strideWidth + tapCol * g.dilationWidth - g.padLeft,
    rowStep: g.strideHeight,
    colStep: g.strideWidth,
    channel: outChannel,
  });
  return { grid: { batch: images, rows: Math.max(0, rows), cols: Math.max(0, cols) }, batch, row, col, output };
}
