// SPDX-License-Identifier: Apache-2.0
/**
 * Sub-pixel: each phase of the output is a dense correlation of stride 1 (src/geometry/phases). All phases are one
 * dispatch; a workgroup has one phase, and writes its pixels interleaved with those of the others.
 */
import { correlate, forwardRequest, phasesOf, planCorrelation } from './correlate';
import { webgpuKernel } from './kernel';

export const subpixel = webgpuKernel({
  plan: (g, device) => planCorrelation({ ...forwardRequest(g), ...phasesOf(g) }, device),
  run: (scope, correlation, x, filter, output, fused) => correlate(scope, correlation, x, filter, output, fused),
});
