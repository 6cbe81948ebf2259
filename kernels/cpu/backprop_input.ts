// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated convolution of dy with the filter. The input pixels are cut
 * into runs with the same taps inside the output; in each run dx[p] = Σ over taps and channels c of dy[p, tap, c] · filter[tap, c].
 * No scratch.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, xShapeOf } from '../../src/geometry/geometry';
import { inputRuns } from '../../src/geometry/phases';
import type { Block, Workspace } from './engine';
import { filterTap, groupsOf, inputImage, outputImage, pixels } from './layout';

export function backpropInput(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  dyValues: Float32Array,
  filterValues: Float32Array,
): Block {
  const dy = workspace.input(dyValues);
  const filter = workspace.input(filterValues);
  const dx = workspace.result(util.sizeFromShape(xShapeOf(g)));
  for (const rows of inputRuns(heightAxis(g))) {
    for (const cols of inputRuns(widthAxis(g))) {
      const taps = rows.taps.flatMap((tapRow) => cols.taps.map((tapCol) => ({ tapRow, tapCol })));
      if (taps.length === 0) continue; // These inputs reach no output: their gradient stays 0.
      for (const group of groupsOf(g)) {
        workspace.broadcastProducts({
          grid: { batch: g.batch, rows: rows.count, cols: cols.count },
          a: pixels(dy, outputImage(g), {
            row: rows.first * g.strideHeight - g.padTop,
            col: cols.first * g.strideWidth - g.padLeft,
            rowStep: g.strideHeight,
            colStep: g.strideWidth,
            channel: group.outChannel,
          }),
          aTaps: taps.map(
            ({ tapRow, tapCol }) => (tapRow * g.dilationHeight * g.outWidth + tapCol * g.dilationWidth) * g.outChannels,
          ),
          filter,
          filterTaps: taps.map(({ tapRow, tapCol }) => filterTap(g, tapRow, tapCol, group)),
          filterRow: g.inChannels,
          depth: group.outDepth,
          channels: group.inDepth,
          out: pixels(dx, inputImage(g), { row: rows.first, col: cols.first, channel: group.inChannel }),
          accumulate: false,
        });
      }
    }
  }
  return dx;
}
