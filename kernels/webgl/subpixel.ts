// SPDX-License-Identifier: Apache-2.0
/**
 * Sub-pixel: each phase of the output is a dense correlation of stride 1 (src/geometry/phases), drawn into a
 * rectangle of its own of the render targets; one more pass interleaves the phases. Depthwise, each output pixel meets
 * its taps in the program that writes it.
 */
import {
  type Conv2DTransposeGeometry,
  heightAxis,
  isChannelwise,
  widthAxis,
  yShapeOf,
} from '../../src/geometry/geometry';
import { tapsOfPhases } from '../../src/geometry/taps';
import { correlate } from './correlate';
import { type PhaseTaps, planCorrelation } from './correlation';
import { filterWeights } from './filter_weights';
import { forwardRequest } from './forward';
import { webglKernel } from './kernel';
import { gridImage } from './programs/grid_image';
import { depthwiseForward, depthwiseSource } from './programs/depthwise';
import { drawResult } from './programs/result';
import { sourceImage } from './source_image';

export const subpixel = webglKernel({
  plan: (g, device) => {
    if (isChannelwise(g)) return { depthwise: depthwiseForward(g) };
    const correlation = planCorrelation(
      {
        ...forwardRequest(g),
        rows: Math.ceil(g.outHeight / g.strideHeight),
        cols: Math.ceil(g.outWidth / g.strideWidth),
        phaseRows: g.strideHeight,
        phaseCols: g.strideWidth,
        phases: phaseTaps(g),
      },
      device,
    );
    if ('reason' in correlation) return correlation;
    return { correlation, y: gridImage(correlation.grid, yShapeOf(g)) };
  },
  run: (scope, plan, x, filter, fused) => {
    if (plan.depthwise)
      return drawResult(scope, { x, weights: filter }, depthwiseSource(plan.depthwise, [x, filter]), fused);
    const { correlation, y } = plan;
    const image = sourceImage(scope, x, correlation);
    const weights = filterWeights(scope, filter, correlation);
    const targets = correlate(scope, correlation, image, weights);
    return drawResult(scope, { targets }, y, fused);
  },
});

function phaseTaps(g: Conv2DTransposeGeometry): PhaseTaps[] {
  const colTaps = tapsOfPhases(widthAxis(g));
  return tapsOfPhases(heightAxis(g)).flatMap((rows, phaseRow) =>
    colTaps.map((cols, phaseCol) => ({ phaseRow, phaseCol, rows, cols })),
  );
}
