// SPDX-License-Identifier: Apache-2.0
/**
 * Dilate: a program inserts zeros and pads, then a dense correlation of stride 1 with the flipped filter. It
 * multiplies by the inserted zeros, so stride² times the useful work.
 */
import { heightAxis, widthAxis, yShapeOf } from '../../src/geometry/geometry';
import { flippedTaps, zeroInserted } from '../../src/geometry/taps';
import { correlate } from './correlate';
import { planCorrelation } from './correlation';
import { filterWeights } from './filter_weights';
import { forwardRequest } from './forward';
import { webglKernel } from './kernel';
import { denseLayout } from './layouts/dense_image';
import { gridImage } from './programs/grid_image';
import { drawResult } from './programs/result';
import { ZERO_INSERTION, zeroInsertionUniforms } from './programs/zero_insertion';
import { dense, denseImage } from './source_image';

export const dilate = webglKernel({
  plan: (g, device) => {
    const [height, width] = [heightAxis(g), widthAxis(g)];
    const [imageHeight, imageWidth] = [zeroInserted(height).size, zeroInserted(width).size];
    const size = { rows: g.outHeight, cols: g.outWidth, imageHeight, imageWidth };
    const phases = [{ phaseRow: 0, phaseCol: 0, rows: flippedTaps(height), cols: flippedTaps(width) }];
    const correlation = planCorrelation({ ...forwardRequest(g), ...size, phases }, device);
    if ('reason' in correlation) return correlation;
    const { image, grid } = correlation;
    const input = denseLayout(g.batch * g.inHeight, g.inWidth, image.texels, device.textureSize);
    if ('reason' in input) return input;
    const insertion = zeroInsertionUniforms(g, input, image);
    return { correlation, groups: g.groups, input, insertion, y: gridImage(grid, yShapeOf(g)) };
  },
  run: (scope, { correlation, groups, input, insertion, y }, x, filter, fused) => {
    const source = denseImage(scope, x, input, groups);
    const { rows, width, textureWidth, textureHeight } = correlation.image;
    const most = Math.max(rows, width, textureWidth, textureHeight);
    const image = scope.texture(textureWidth, textureHeight);
    scope.draw({ source: ZERO_INSERTION, target: image, textures: { source }, uniforms: [insertion], most });
    const weights = filterWeights(scope, filter, correlation);
    const targets = correlate(scope, correlation, dense(image), weights);
    return drawResult(scope, { targets }, y, fused);
  },
});
