// SPDX-License-Identifier: Apache-2.0
/**
 * Dilate: a program inserts zeros and pads, then a dense correlation of stride 1 with the flipped filter. It
 * multiplies by the inserted zeros, so stride² times the useful work.
 */
import { heightAxis, widthAxis } from '../../src/geometry/geometry';
import { flippedTaps, zeroInserted } from '../../src/geometry/taps';
import { correlate, forwardRequest, planCorrelation } from './correlate';
import { tooLarge } from './device';
import { webgpuKernel } from './kernel';
import { elementwise } from './programs/program';
import { ZERO_INSERTION, zeroInsertionUniforms } from './programs/zero_insertion';

export const dilate = webgpuKernel({
  plan: (g, device) => {
    const [height, width] = [heightAxis(g), widthAxis(g)];
    const [imageHeight, imageWidth] = [zeroInserted(height).size, zeroInserted(width).size];
    const imageShape = [g.batch, imageHeight, imageWidth, g.inChannels];
    const correlation = planCorrelation(
      {
        ...forwardRequest(g),
        rows: g.outHeight,
        cols: g.outWidth,
        imageHeight,
        imageWidth,
        taps: { rows: flippedTaps(height), cols: flippedTaps(width) },
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
