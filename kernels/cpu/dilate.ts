// SPDX-License-Identifier: Apache-2.0
/**
 * Dilate: insert s − 1 zeros between the inputs, pad, then convolve with stride 1 and the flipped filter (arithmetic:
 * src/geometry/arithmetic). It multiplies by the inserted zeros, so s² times the useful work, and a filter value that is
 * infinite or NaN spreads to pixels that it does not reach by the definition.
 *
 * Scratch: a band of the padded, zero-inserted image, as tall as `SCRATCH_FLOATS` allows, never less than one row of output needs.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import type { Block, Workspace } from './engine';
import { filterTap, forEachTap, groupsOf, outputImage, pixels } from './layout';

const SCRATCH_FLOATS = 1 << 20;

export function dilate(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  filterValues: Float32Array,
): Block {
  const filter = workspace.input(filterValues);
  const y = workspace.result(util.sizeFromShape(yShapeOf(g)));
  const extraRows = g.dilationHeight * (g.filterHeight - 1);
  const image = { height: 0, width: g.outWidth + g.dilationWidth * (g.filterWidth - 1), channels: g.inChannels };
  const rowsThatFit = Math.floor(SCRATCH_FLOATS / (image.width * image.channels)) - extraRows;
  const bandRows = Math.min(g.outHeight, Math.max(1, rowsThatFit));
  image.height = bandRows + extraRows;
  const band = workspace.scratch(image.height * image.width * image.channels);

  const taps: { tapRow: number; tapCol: number }[] = [];
  forEachTap(g, (tapRow, tapCol) => taps.push({ tapRow, tapCol }));
  for (let b = 0; b < g.batch; b++) {
    for (let firstRow = 0; firstRow < g.outHeight; firstRow += bandRows) {
      const rows = Math.min(bandRows, g.outHeight - firstRow);
      insertZeros(g, xValues, b, firstRow, rows + extraRows, image.width, band.values);
      for (const group of groupsOf(g)) {
        const out = pixels(y, outputImage(g), { row: b * g.outHeight + firstRow, channel: group.outChannel });
        workspace.dotProducts({
          grid: { batch: 1, rows, cols: g.outWidth },
          a: pixels(band, image, { channel: group.inChannel }),
          aTaps: taps.map(
            ({ tapRow, tapCol }) => (tapRow * g.dilationHeight * image.width + tapCol * g.dilationWidth) * g.inChannels,
          ),
          filter,
          filterTaps: taps.map(({ tapRow, tapCol }) =>
            filterTap(g, g.filterHeight - 1 - tapRow, g.filterWidth - 1 - tapCol, group),
          ),
          filterRow: g.inChannels,
          depth: group.inDepth,
          channels: group.outDepth,
          out,
          accumulate: false,
        });
      }
    }
  }
  return y;
}

/** Fills `band` with rows `firstRow` … of image b, zeros inserted and padded: a cell holds an input where the stride says so. */
function insertZeros(
  g: Conv2DTransposeGeometry,
  x: Float32Array,
  b: number,
  firstRow: number,
  rows: number,
  width: number,
  band: Float32Array,
): void {
  band.fill(0);
  const padTop = g.dilationHeight * (g.filterHeight - 1) - g.padTop;
  const padLeft = g.dilationWidth * (g.filterWidth - 1) - g.padLeft;
  const firstIn = Math.max(0, Math.ceil((firstRow - padTop) / g.strideHeight));
  for (let i = firstIn; i < g.inHeight && i * g.strideHeight + padTop < firstRow + rows; i++) {
    const row = i * g.strideHeight + padTop - firstRow;
    for (let j = 0; j < g.inWidth; j++) {
      const col = j * g.strideWidth + padLeft;
      if (col < 0 || col >= width) continue;
      const from = ((b * g.inHeight + i) * g.inWidth + j) * g.inChannels;
      band.set(x.subarray(from, from + g.inChannels), (row * width + col) * g.inChannels);
    }
  }
}
