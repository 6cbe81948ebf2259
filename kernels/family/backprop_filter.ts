// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every tap the matrix product dyᵀ x over the input pixels whose
 * contribution through that tap lands inside the output.
 */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { Plan, Step } from '../engine/engine';
import { filterTap, groupsOf, inputImage, pixels, planOf, tapPixels, tapsOf } from './layout';

export function backpropFilter(g: Conv2DTransposeGeometry): Plan {
  const steps = groupsOf(g).map((group): Step => {
    const taps = tapsOf(g).map((tap) => {
      const { grid, row, col, output } = tapPixels(g, tap, group, 'second');
      const b = pixels('first', inputImage(g), { row, col, channel: group.inChannel });
      return { grid, a: output, b, outFirst: filterTap(g, tap, group) };
    });
    return { kind: 'outerProducts', taps, rows: group.outDepth, cols: group.inDepth, outRow: g.inChannels };
  });
  return planOf('dFilter', g, steps, { zeros: false });
}
