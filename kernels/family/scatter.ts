// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter: the definition itself. Every input pixel, through every tap, adds a pixel of the output; contributions that
 * fall outside are never made. Tap by tap, so that the pixels of one product never overlap. No scratch.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import type { Block, Workspace } from '../engine/engine';
import { filterTap, groupsOf, inputImage, pixels, tapPixels, tapsOf } from './layout';

export function scatter(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  filter: Float32Array,
): Block {
  const x = workspace.input(xValues);
  const y = workspace.zeros(util.sizeFromShape(yShapeOf(g)));
  for (const group of groupsOf(g)) {
    for (const tap of tapsOf(g)) {
      const { grid, row, col, output } = tapPixels(g, tap, group, y);
      const a = pixels(x, inputImage(g), { row, col, channel: group.inChannel });
      workspace.dotProducts({
        filter,
        taps: [filterTap(g, tap, group)],
        filterRow: g.inChannels,
        depth: group.inDepth,
        channels: group.outDepth,
        runs: [{ grid, a, taps: [{ tap: 0, offset: 0 }], out: output }],
      });
    }
  }
  return y;
}
