// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: a matrix product, drawn as a correlation with a single tap and a channel for every tap and output channel,
 * gives the footprint of every input pixel; col2im (programs/col2im) adds up what overlaps.
 */
import { correlate } from './correlate';
import { ONE_TAP } from '../../src/geometry/taps';
import { planCorrelation } from './correlation';
import { filterWeights } from './filter_weights';
import { forwardRequest } from './forward';
import { webglKernel } from './kernel';
import { col2im } from './programs/col2im';
import { drawResult } from './programs/result';
import { sourceImage } from './source_image';

export const matmul = webglKernel({
  plan: (g, device) => {
    const forward = forwardRequest(g);
    const footprint = g.filterHeight * g.filterWidth * forward.channels.channels;
    const correlation = planCorrelation(
      {
        ...forward,
        rows: g.inHeight,
        cols: g.inWidth,
        channels: { ...forward.channels, channels: footprint },
        tapRows: 1,
        tapCols: 1,
        order: 'footprints',
        phases: [{ phaseRow: 0, phaseCol: 0, rows: ONE_TAP, cols: ONE_TAP }],
        packed: false, // Footprints of neighbours are no neighbours.
      },
      device,
    );
    return 'reason' in correlation ? correlation : { correlation, y: col2im(g, correlation.grid) };
  },
  run: (scope, { correlation, y }, x, filter, fused) => {
    const image = sourceImage(scope, x, correlation);
    const weights = filterWeights(scope, filter, correlation);
    const footprints = correlate(scope, correlation, image, weights);
    return drawResult(scope, { targets: footprints }, y, fused);
  },
});
