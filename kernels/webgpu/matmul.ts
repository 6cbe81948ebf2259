// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: a tiled matrix product, which is a correlation with a single tap and a channel for every tap and output
 * channel, gives the footprint of every input pixel; col2im (programs/col2im) gathers what overlaps.
 */
import { ONE_TAP } from '../../src/geometry/taps';
import { correlate, forwardRequest, planCorrelation } from './correlate';
import { tooLarge } from './device';
import { webgpuKernel } from './kernel';
import { col2imSource } from './programs/col2im';
import { finishedBy } from './programs/fused';
import { elementwise, lanesOf } from './programs/program';
import { tapUniforms } from './programs/taps';

export const matmul = webgpuKernel({
  plan: (g, device) => {
    const forward = forwardRequest(g);
    const footprint = g.filterHeight * g.filterWidth * forward.channels;
    const footprintsShape = [g.batch, g.inHeight, g.inWidth, g.groups * footprint];
    const correlation = planCorrelation(
      {
        ...forward,
        rows: g.inHeight,
        cols: g.inWidth,
        channels: footprint,
        taps: { rows: ONE_TAP, cols: ONE_TAP },
        out: { height: g.inHeight, width: g.inWidth },
      },
      device,
    );
    if ('reason' in correlation) return correlation;
    const gather = col2imSource(lanesOf(forward.channels));
    return (
      tooLarge(device, footprintsShape) ?? {
        correlation,
        footprintsShape,
        gather,
        uniforms: tapUniforms({ phasesOf: g }),
      }
    );
  },
  run: (scope, { correlation, footprintsShape, gather, uniforms }, x, filter, output, fused) => {
    const footprints = scope.buffer(footprintsShape);
    correlate(scope, correlation, x, filter, footprints);
    scope.run({
      ...elementwise(finishedBy(fused, gather), output.shape),
      inputs: { footprints, ...fused.tensors },
      uniforms: { ...uniforms, ...fused.uniforms },
      output,
    });
  },
});
