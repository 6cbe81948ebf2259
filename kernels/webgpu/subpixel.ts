// SPDX-License-Identifier: Apache-2.0
/**
 * Sub-pixel: each phase of the output is a dense correlation of stride 1 (src/geometry/phases). All phases are one
 * dispatch; a workgroup has one phase, and writes its pixels interleaved with those of the others.
 */
import { correlate, forwardRequest, planCorrelation } from './correlate';
import { webgpuKernel } from './kernel';

export const subpixel = webgpuKernel({
  plan: (g, device) =>
    planCorrelation(
      {
        ...forwardRequest(g),
        rows: Math.ceil(g.outHeight / g.strideHeight),
        cols: Math.ceil(g.outWidth / g.strideWidth),
        taps: { phasesOf: g },
        out: { height: g.outHeight, width: g.outWidth, rowStep: g.strideHeight, colStep: g.strideWidth },
      },
      device,
    ),
  run: (scope, correlation, x, filter, output, fused) => correlate(scope, correlation, x, filter, output, fused),
});
