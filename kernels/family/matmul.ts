// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: multiply the matrix of input pixels [pixels, inChannels] by the filter as a matrix [inChannels,
 * filterHeight·filterWidth·outChannels], which gives every pixel's whole footprint; then col2im adds the footprints up
 * where they overlap. (The adjoint of im2col followed by a matrix product: Chellapilla, Puri and Simard, 2006.)
 *
 * Scratch: the footprints of a tile of input pixels, as many as `SCRATCH_FLOATS` holds, never less than one.
 */
import { type Conv2DTransposeGeometry, widthAxis } from '../../src/geometry/geometry';
import { tapSpan } from '../../src/geometry/phases';
import type { Plan, Run, Step } from '../engine/engine';
import {
  type Group,
  type Image,
  type Rectangle,
  forwardProduct,
  groupsOf,
  inputImage,
  pixels,
  planOf,
  tapPixels,
  tapsOf,
  tilesOf,
} from './layout';

/** 1 MB. */
const SCRATCH_FLOATS = 1 << 18;

export function matmul(g: Conv2DTransposeGeometry): Plan {
  const groups = groupsOf(g);
  const footprint = g.filterHeight * g.filterWidth * groups[0].outChannels;
  const tiles = tilesOf(g, Math.max(1, Math.floor(SCRATCH_FLOATS / footprint)));
  const steps = groups.flatMap((group) =>
    tiles.flatMap((tile): Step[] => {
      const image = { height: tile.rows, width: tile.cols, channels: footprint };
      return [
        { kind: 'clearScratch', floats: pixelsIn(tile) * footprint },
        footprints(g, group, tile, image),
        ...col2im(g, group, tile, image),
      ];
    }),
  );
  const most = tiles.reduce((size, tile) => Math.max(size, pixelsIn(tile)), 0);
  return planOf('forward', g, steps, { scratch: most * footprint });
}

/**
 * The matrix product of a tile: the footprints of its pixels, side by side. The rows of all taps follow one another in
 * the filter, so they are one matrix; channels on their own have a product for each tap.
 */
function footprints(g: Conv2DTransposeGeometry, group: Group, tile: Rectangle, image: Image): Step {
  const ofTap = (tap: number): Run => ({
    grid: { batch: tile.images, rows: tile.rows, cols: tile.cols },
    a: pixels('first', inputImage(g), { ...tile, channel: group.inChannel }),
    taps: [{ tap, offset: 0 }],
    out: pixels('scratch', image, { channel: tap * group.outChannels }),
  });
  const taps = tapsOf(g);
  const runs = taps.map((_, tap) => ofTap(tap));
  if (group.isChannelwise) return forwardProduct(g, group, taps, runs);
  return forwardProduct(g, { ...group, outDepth: image.channels }, taps.slice(0, 1), runs.slice(0, 1));
}

/**
 * Adds the footprints of a tile of input pixels into y. Where no tap of a row of the footprint is cropped and taps are
 * neighbours, the row lies in one piece in y as well, and is added as one.
 */
function col2im(g: Conv2DTransposeGeometry, group: Group, tile: Rectangle, image: Image): Step[] {
  const { filterWidth, filterHeight } = g;
  const add = (within: Rectangle, tapRow: number, tapCol: number, taps: number): Step => {
    const { grid, row, col, output } = tapPixels(g, { tapRow, tapCol }, group, 'out', within);
    const channel = (tapRow * filterWidth + tapCol) * group.outChannels;
    const from = pixels('scratch', image, { row: row - tile.row, col: col - tile.col, channel });
    return { kind: 'addPixels', grid, from, to: output, channels: taps * group.outChannels };
  };
  const hasAllChannels = group.outChannels === g.outChannels;
  const whole = hasAllChannels && g.dilationWidth === 1 ? uncroppedCols(g, tile) : { col: tile.col, cols: 0 };
  const right = whole.col + whole.cols;
  const cropped = [
    { ...tile, cols: whole.col - tile.col },
    { ...tile, col: right, cols: tile.col + tile.cols - right },
  ].filter(({ cols }) => cols > 0);
  const tapCols = Array.from({ length: filterWidth }, (_, tapCol) => tapCol);
  return Array.from({ length: filterHeight }, (_, tapRow) => [
    ...(whole.cols > 0 ? [add({ ...tile, ...whole }, tapRow, 0, filterWidth)] : []),
    ...cropped.flatMap((border) => tapCols.map((tapCol) => add(border, tapRow, tapCol, 1))),
  ]).flat();
}

/** The columns of a tile whose pixels have no tap cropped at either side. */
function uncroppedCols(g: Conv2DTransposeGeometry, tile: Rectangle): { col: number; cols: number } {
  const axis = widthAxis(g);
  const col = Math.max(tile.col, tapSpan(axis, 0).begin);
  const end = Math.min(tile.col + tile.cols, tapSpan(axis, g.filterWidth - 1).end);
  return end > col ? { col, cols: end - col } : { col: tile.col, cols: 0 };
}

function pixelsIn({ images, rows, cols }: Rectangle): number {
  return images * rows * cols;
}
