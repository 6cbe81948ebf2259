// SPDX-License-Identifier: Apache-2.0
/**
 * Dilate: a program inserts zeros and pads, then a dense correlation of stride 1 with the flipped filter. It
 * multiplies by the inserted zeros, so stride² times the useful work.
 */
import { type Taps, correlate, forwardRequest, planCorrelation } from './correlate';
import { tooLarge, webgpuKernel } from './kernel';
import { ZERO_INSERTION, zeroInsertedSize, zeroInsertionUniforms } from './programs/zero_insertion';
import { elementwise } from './programs/program';

export const dilate = webgpuKernel({
  plan: (g, device) => {
    const [imageHeight, imageWidth] = zeroInsertedSize(g);
    const imageShape = [g.batch, imageHeight, imageWidth, g.inChannels];
    const correlation = planCorrelation(
      {
        ...forwardRequest(g),
        rows: g.outHeight,
        cols: g.outWidth,
        imageHeight,
        imageWidth,
        taps: { rows: flipped(g.filterHeight, g.dilationHeight), cols: flipped(g.filterWidth, g.dilationWidth) },
        out: { height: g.outHeight, width: g.outWidth },
      },
      device,
    );
    if ('reason' in correlation) return correlation;
    return tooLarge(device, imageShape) ?? { correlation, imageShape, insertion: zeroInsertionUniforms(g) };
  },
  run: (scope, { correlation, imageShape, insertion }, x, filter, output, fused) => {
    const image = scope.buffer(imageShape);
    scope.run({ ...elementwise(ZERO_INSERTION, imageShape), inputs: { x }, uniforms: insertion, output: image });
    correlate(scope, correlation, image, filter, output, fused);
  },
});

/** All taps of a kernel along an axis, the last first. */
function flipped(kernel: number, dilation: number): Taps {
  return { count: kernel, offset: 0, offsetStep: dilation, tap: kernel - 1, tapStep: -1 };
}
