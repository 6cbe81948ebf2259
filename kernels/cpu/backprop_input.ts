// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated convolution of dy with the filter. The input pixels are cut
 * into runs with the same taps inside the output; in each run dx[p] = Σ over taps and channels c of dy[p, tap, c] · filter[tap, c].
 * No scratch.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, xShapeOf } from '../../src/geometry/geometry';
import { inputRuns } from '../../src/geometry/phases';
import type { Block, Run, Workspace } from './engine';
import { filterTap, groupsOf, inputImage, outputImage, pixels, tapsOf } from './layout';

export function backpropInput(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  dyValues: Float32Array,
  filter: Float32Array,
): Block {
  const dy = workspace.input(dyValues);
  const dx = workspace.result(util.sizeFromShape(xShapeOf(g)));
  const rowRuns = inputRuns(heightAxis(g));
  const colRuns = inputRuns(widthAxis(g));
  for (const group of groupsOf(g)) {
    const runs = rowRuns.flatMap((rows) =>
      colRuns.map((cols): Run => {
        const out = { row: rows.first, col: cols.first, channel: group.inChannel };
        return {
          grid: { batch: g.batch, rows: rows.count, cols: cols.count },
          a: pixels(dy, outputImage(g), {
            row: rows.first * g.strideHeight - g.padTop,
            col: cols.first * g.strideWidth - g.padLeft,
            rowStep: g.strideHeight,
            colStep: g.strideWidth,
            channel: group.outChannel,
          }),
          taps: rows.taps.flatMap((tapRow) =>
            cols.taps.map((tapCol) => ({
              tap: tapRow * g.filterWidth + tapCol,
              offset: (tapRow * g.dilationHeight * g.outWidth + tapCol * g.dilationWidth) * g.outChannels,
            })),
          ),
          out: pixels(dx, inputImage(g), out),
        };
      }),
    );
    workspace.broadcastProducts({
      filter,
      taps: tapsOf(g).map((tap) => filterTap(g, tap, group)),
      filterRow: g.inChannels,
      depth: group.outDepth,
      channels: group.inDepth,
      runs: runs.filter(({ taps }) => taps.length > 0), // Inputs that reach no output have no gradient.
    });
  }
  return dx;
}
