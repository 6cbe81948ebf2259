// SPDX-License-Identifier: Apache-2.0
/** The gradient with respect to x, ∂Φ/∂x: a strided, dilated correlation of dy with the filter. */
import { heightAxis, widthAxis } from '../../src/geometry/geometry';
import { tapsOfConvolution } from '../../src/geometry/taps';
import { correlate, planCorrelation } from './correlate';
import { webgpuKernel } from './kernel';

export const backpropInput = webgpuKernel({
  plan: (g, device) =>
    planCorrelation(
      {
        batch: g.batch,
        rows: g.inHeight,
        cols: g.inWidth,
        groups: g.groups,
        channels: g.inChannels / g.groups,
        depth: g.outChannels / g.groups,
        imageHeight: g.outHeight,
        imageWidth: g.outWidth,
        stepRows: g.strideHeight,
        stepCols: g.strideWidth,
        filterCols: g.filterWidth,
        filterChannels: g.inChannels,
        order: 'input gradient',
        taps: { rows: tapsOfConvolution(heightAxis(g)), cols: tapsOfConvolution(widthAxis(g)) },
        out: { height: g.inHeight, width: g.inWidth },
      },
      device,
    ),
  run: (scope, correlation, dy, filter, output, fused) => correlate(scope, correlation, dy, filter, output, fused),
});
