// SPDX-License-Identifier: Apache-2.0
/**
 * Dilate: insert s − 1 zeros between the inputs, pad, then convolve with stride 1 and the flipped filter (arithmetic:
 * src/geometry/arithmetic). It multiplies by the inserted zeros, so s² times the useful work, and a filter value that
 * is infinite or NaN spreads to pixels that it does not reach by the definition.
 *
 * Scratch: a band of the padded, zero-inserted image, as tall as `SCRATCH_FLOATS` allows, never less than one row of
 * output needs.
 */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { Plan, Step } from '../engine/engine';
import { type Image, forwardProduct, groupsOf, inputImage, outputImage, pixels, planOf, tapsOf } from './layout';

/** 4 MB. */
const SCRATCH_FLOATS = 1 << 20;

export function dilate(g: Conv2DTransposeGeometry): Plan {
  const extraRows = g.dilationHeight * (g.filterHeight - 1);
  const width = g.outWidth + g.dilationWidth * (g.filterWidth - 1);
  const rowsThatFit = Math.floor(SCRATCH_FLOATS / (width * g.inChannels)) - extraRows;
  const bandRows = Math.min(g.outHeight, Math.max(1, rowsThatFit));
  const image = { height: bandRows + extraRows, width, channels: g.inChannels };
  const floats = image.height * image.width * image.channels;
  const steps: Step[] = [];
  for (let batch = 0; batch < g.batch; batch++) {
    for (let row = 0; row < g.outHeight; row += bandRows) {
      const rows = Math.min(bandRows, g.outHeight - row);
      steps.push({ kind: 'clearScratch', floats });
      steps.push(insertZeros(g, batch, row, rows + extraRows, image));
      steps.push(...convolveBand(g, batch, row, rows, image));
    }
  }
  return planOf('forward', g, steps, { scratch: floats });
}

/** The convolution of a band with the flipped filter, group by group: `rows` rows of the output from `row` on. */
function convolveBand(g: Conv2DTransposeGeometry, batch: number, row: number, rows: number, image: Image): Step[] {
  const taps = tapsOf(g);
  const offsets = taps.map(({ tapRow, tapCol }, tap) => ({
    tap,
    offset: (tapRow * g.dilationHeight * image.width + tapCol * g.dilationWidth) * g.inChannels,
  }));
  const flipped = taps.map(({ tapRow, tapCol }) => ({
    tapRow: g.filterHeight - 1 - tapRow,
    tapCol: g.filterWidth - 1 - tapCol,
  }));
  return groupsOf(g).map((group) =>
    forwardProduct(g, group, flipped, [
      {
        grid: { batch: 1, rows, cols: g.outWidth },
        a: pixels('scratch', image, { channel: group.inChannel }),
        taps: offsets,
        out: pixels('out', outputImage(g), { batch, row, channel: group.outChannel }),
      },
    ]),
  );
}

/**
 * Fills a band with rows `firstRow` … of an image, zeros inserted and padded: a cell holds an input where the stride
 * says so.
 */
function insertZeros(g: Conv2DTransposeGeometry, batch: number, firstRow: number, rows: number, image: Image): Step {
  const padTop = g.dilationHeight * (g.filterHeight - 1) - g.padTop - firstRow;
  const padLeft = g.dilationWidth * (g.filterWidth - 1) - g.padLeft;
  const inside = (pad: number, stride: number, inSize: number, size: number): { first: number; count: number } => {
    const first = Math.max(0, Math.ceil(-pad / stride));
    return { first, count: Math.max(0, Math.min(inSize, Math.ceil((size - pad) / stride)) - first) };
  };
  const row = inside(padTop, g.strideHeight, g.inHeight, rows);
  const col = inside(padLeft, g.strideWidth, g.inWidth, image.width);
  return {
    kind: 'copyPixels',
    grid: { batch: 1, rows: row.count, cols: col.count },
    from: pixels('first', inputImage(g), { batch, row: row.first, col: col.first }),
    to: pixels('scratch', image, {
      row: row.first * g.strideHeight + padTop,
      col: col.first * g.strideWidth + padLeft,
      rowStep: g.strideHeight,
      colStep: g.strideWidth,
    }),
    channels: g.inChannels,
  };
}
