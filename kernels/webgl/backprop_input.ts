// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated correlation of dy with the filter, all taps in one pass.
 * Where output channels are too few to fill a texel, dy goes through im2col first, and its taps join the channels;
 * depthwise it is read as it lies.
 */
import {
  type Conv2DTransposeGeometry,
  heightAxis,
  isChannelwise,
  widthAxis,
  xShapeOf,
} from '../../src/geometry/geometry';
import { ONE_TAP, tapsOfConvolution } from '../../src/geometry/taps';
import { correlate } from './correlate';
import { type CorrelationRequest, planCorrelation } from './correlation';
import { filterWeights } from './filter_weights';
import { webglKernel } from './kernel';
import { depthwiseInput, depthwiseSource } from './programs/depthwise';
import { gridImage } from './programs/grid_image';
import { drawResult } from './programs/result';
import { dense, im2colImage, sourceImage } from './source_image';

export const backpropInput = webglKernel({
  plan: (g, device) => {
    if (isChannelwise(g)) return { depthwise: depthwiseInput(g) };
    const byIm2col = g.outChannels / g.groups < 4 && g.filterHeight * g.filterWidth > 1;
    const correlation = planCorrelation(byIm2col ? im2colRequest(g) : stridedRequest(g), device);
    if ('reason' in correlation) return correlation;
    return { g, byIm2col, correlation, dx: gridImage(correlation.grid, xShapeOf(g)) };
  },
  run: (scope, plan, dy, filter, fused) => {
    if (plan.depthwise)
      return drawResult(scope, { dy, weights: filter }, depthwiseSource(plan.depthwise, [dy, filter]), fused);
    const { g, byIm2col, correlation, dx } = plan;
    const image = byIm2col ? dense(im2colImage(scope, dy, correlation.image, g)) : sourceImage(scope, dy, correlation);
    const weights = filterWeights(scope, filter, correlation);
    const targets = correlate(scope, correlation, image, weights);
    return drawResult(scope, { targets }, dx, fused);
  },
});

function stridedRequest(g: Conv2DTransposeGeometry): CorrelationRequest {
  const [rows, cols] = [tapsOfConvolution(heightAxis(g)), tapsOfConvolution(widthAxis(g))];
  return {
    batch: g.batch,
    rows: g.inHeight,
    cols: g.inWidth,
    channels: { channels: g.inChannels / g.groups, depth: g.outChannels / g.groups, groups: g.groups },
    imageHeight: g.outHeight,
    imageWidth: g.outWidth,
    stepRows: g.strideHeight,
    stepCols: g.strideWidth,
    tapRows: g.filterHeight,
    tapCols: g.filterWidth,
    order: 'input gradient',
    phases: [{ phaseRow: 0, phaseCol: 0, rows, cols }],
  };
}

function im2colRequest(g: Conv2DTransposeGeometry): CorrelationRequest {
  const { channels, ...strided } = stridedRequest(g);
  return {
    ...strided,
    channels: { ...channels, depth: channels.depth * g.filterHeight * g.filterWidth },
    imageHeight: g.inHeight,
    imageWidth: g.inWidth,
    stepRows: 1,
    stepCols: 1,
    tapRows: 1,
    tapCols: 1,
    order: 'input gradient by im2col',
    phases: [{ phaseRow: 0, phaseCol: 0, rows: ONE_TAP, cols: ONE_TAP }],
  };
}
