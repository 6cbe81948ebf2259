// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every tap the matrix product dyᵀ x over the input pixels whose
 * contribution through that tap lands inside the output.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../src/geometry/geometry';
import type { Block, Workspace } from '../engine/engine';
import { filterTap, groupsOf, inputImage, pixels, tapPixels, tapsOf } from './layout';

export function backpropFilter(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  dyValues: Float32Array,
): Block {
  const x = workspace.input(xValues);
  const dy = workspace.input(dyValues);
  const dFilter = workspace.block(util.sizeFromShape(filterShapeOf(g)));
  for (const group of groupsOf(g)) {
    const taps = tapsOf(g).map((tap) => {
      const { grid, row, col, output } = tapPixels(g, tap, group, dy);
      const b = pixels(x, inputImage(g), { row, col, channel: group.inChannel });
      return { grid, a: output, b, outFirst: filterTap(g, tap, group) };
    });
    workspace.outerProducts({ taps, rows: group.outDepth, cols: group.inDepth, out: dFilter, outRow: g.inChannels });
  }
  return dFilter;
}
