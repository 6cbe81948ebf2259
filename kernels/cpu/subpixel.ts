// SPDX-License-Identifier: Apache-2.0
/**
 * Sub-pixel: the output pixels of one phase all meet the same taps, so each phase is a dense correlation of stride 1, written
 * interleaved. Phases and their taps: src/geometry/phases. Where taps fall outside the input the phase is cut into
 * runs, so that exactly the multiplications of the definition are made, and no pixel is written twice. No scratch.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, yShapeOf } from '../../src/geometry/geometry';
import { phaseRuns } from '../../src/geometry/phases';
import type { Block, Workspace } from './engine';
import { filterTap, groupsOf, inputImage, outputImage, pixels } from './layout';

export function subpixel(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  filterValues: Float32Array,
): Block {
  const x = workspace.input(xValues);
  const filter = workspace.input(filterValues);
  const y = workspace.result(util.sizeFromShape(yShapeOf(g)));
  for (const rows of phaseRuns(heightAxis(g))) {
    for (const cols of phaseRuns(widthAxis(g))) {
      const taps = rows.taps.flatMap((tapRow) => cols.taps.map((tapCol) => ({ tapRow, tapCol })));
      if (taps.length === 0) continue; // Such cells stay 0.
      for (const group of groupsOf(g)) {
        workspace.dotProducts({
          grid: { batch: g.batch, rows: rows.count, cols: cols.count },
          a: pixels(x, inputImage(g), { row: rows.first, col: cols.first, channel: group.inChannel }),
          aTaps: taps.map(
            ({ tapRow, tapCol }) => -(tapRow.inputOffset * g.inWidth + tapCol.inputOffset) * g.inChannels,
          ),
          filter,
          filterTaps: taps.map(({ tapRow, tapCol }) => filterTap(g, tapRow.tap, tapCol.tap, group)),
          filterRow: g.inChannels,
          depth: group.inDepth,
          channels: group.outDepth,
          out: pixels(y, outputImage(g), {
            row: rows.firstOut,
            col: cols.firstOut,
            rowStep: g.strideHeight,
            colStep: g.strideWidth,
            channel: group.outChannel,
          }),
          accumulate: false,
        });
      }
    }
  }
  return y;
}
