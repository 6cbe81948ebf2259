// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated correlation of dy with the filter, all taps in one pass.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, xShapeOf } from '../../src/geometry/geometry';
import { collectImage } from './collect';
import { correlate } from './correlation';
import { denseFilter, denseImage } from './densify';
import { type Limits, type Plan, planCorrelation, tiling } from './plan';

export function planBackpropInput(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const { tiling: tiles, tilePixels } = tiling(g.inChannels / g.groups, g.outChannels / g.groups, g.groups, limits);
  const grid = {
    batch: g.batch,
    rows: g.inHeight,
    cols: g.inWidth,
    phaseRows: 1,
    phaseCols: 1,
    tiling: tiles,
    tilePixels,
  };
  return planCorrelation(
    grid,
    { rows: g.batch * g.outHeight, width: g.outWidth },
    g.filterHeight * g.filterWidth,
    limits,
  );
}

export function backpropInput(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const image = denseImage(backend, dy, plan.image, plan.grid.tiling.depth);
  const weights = denseFilter(backend, filter, plan.filter, plan.grid.tiling, 'input gradient');
  const targets = correlate(backend, {
    grid: plan.grid,
    image,
    imageHeight: g.outHeight,
    imageLayout: plan.image,
    stepRows: g.strideHeight,
    stepCols: g.strideWidth,
    filter: weights,
    filterLayout: plan.filter,
    filterWidth: g.filterWidth,
    phases: [
      {
        phaseRow: 0,
        phaseCol: 0,
        rows: { count: g.filterHeight, offset: -g.padTop, offsetStep: g.dilationHeight, tap: 0, tapStep: 1 },
        cols: { count: g.filterWidth, offset: -g.padLeft, offsetStep: g.dilationWidth, tap: 0, tapStep: 1 },
      },
    ],
  });
  const dx = collectImage(backend, plan.grid, targets, xShapeOf(g));
  for (const info of [image, weights, ...targets]) backend.disposeIntermediateTensorInfo(info);
  return dx;
}
