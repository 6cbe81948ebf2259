// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter: the definition itself. Every input pixel, through every tap, adds a pixel of the output; contributions that
 * fall outside are never made. Tap by tap, so that the pixels of one product never overlap. No scratch.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import type { Block, Workspace } from './engine';
import { filterTap, forEachTap, groupsOf, tapPixels } from './layout';

export function scatter(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  filterValues: Float32Array,
): Block {
  const x = workspace.input(xValues);
  const filter = workspace.input(filterValues);
  const y = workspace.result(util.sizeFromShape(yShapeOf(g)));
  forEachTap(g, (tapRow, tapCol) => {
    for (const group of groupsOf(g)) {
      const { grid, input, output } = tapPixels(g, tapRow, tapCol, group, x, y);
      workspace.dotProducts({
        grid,
        a: input,
        aTaps: [0],
        filter,
        filterTaps: [filterTap(g, tapRow, tapCol, group)],
        filterRow: g.inChannels,
        depth: group.inDepth,
        channels: group.outDepth,
        out: output,
        accumulate: true,
      });
    }
  });
  return y;
}
