// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every tap the matrix product dyᵀ x over the input pixels whose contribution
 * through that tap lands inside the output. No scratch.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../src/geometry/geometry';
import type { Block, Workspace } from './engine';
import { filterTap, forEachTap, groupsOf, tapPixels } from './layout';

export function backpropFilter(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  dyValues: Float32Array,
): Block {
  const x = workspace.input(xValues);
  const dy = workspace.input(dyValues);
  const dFilter = workspace.result(util.sizeFromShape(filterShapeOf(g)));
  forEachTap(g, (tapRow, tapCol) => {
    for (const group of groupsOf(g)) {
      const { grid, input, output } = tapPixels(g, tapRow, tapCol, group, x, dy);
      workspace.outerProducts({
        grid,
        a: output,
        b: input,
        rows: group.outDepth,
        cols: group.inDepth,
        out: dFilter,
        outOffset: filterTap(g, tapRow, tapCol, group),
        outRow: g.inChannels,
      });
    }
  });
  return dFilter;
}
