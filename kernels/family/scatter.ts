// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter: the definition itself. Every input pixel, through every tap, adds a pixel of the output; contributions that
 * fall outside are never made. Tap by tap, so that the pixels of one product never overlap. No scratch.
 */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { Plan, Step } from '../engine/engine';
import { forwardProduct, groupsOf, inputImage, pixels, planOf, tapPixels, tapsOf } from './layout';

export function scatter(g: Conv2DTransposeGeometry): Plan {
  const steps = groupsOf(g).flatMap((group) =>
    tapsOf(g).map((tap): Step => {
      const { grid, row, col, output } = tapPixels(g, tap, group, 'out');
      const a = pixels('first', inputImage(g), { row, col, channel: group.inChannel });
      return forwardProduct(g, group, [tap], [{ grid, a, taps: [{ tap: 0, offset: 0 }], out: output }]);
    }),
  );
  return planOf('forward', g, steps);
}
