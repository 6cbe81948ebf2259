// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated correlation of dy with the filter, all taps in one pass.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, xShapeOf } from '../../src/geometry/geometry';
import { collectImage } from './collect';
import { denseImage } from './densify';
import { type Limits, type Plan, planCorrelation, runPlan } from './plan';

export function planBackpropInput(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const wanted = {
    batch: g.batch,
    rows: g.inHeight,
    cols: g.inWidth,
    channels: g.inChannels / g.groups,
    depth: g.outChannels / g.groups,
    groups: g.groups,
    taps: g.filterHeight * g.filterWidth,
    imageRows: g.batch * g.outHeight,
    imageWidth: g.outWidth,
  };
  return planCorrelation(wanted, limits);
}

export function backpropInput(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const course = {
    imageHeight: g.outHeight,
    stepRows: g.strideHeight,
    stepCols: g.strideWidth,
    filterWidth: g.filterWidth,
    phases: [
      {
        phaseRow: 0,
        phaseCol: 0,
        rows: { count: g.filterHeight, offset: -g.padTop, offsetStep: g.dilationHeight, tap: 0, tapStep: 1 },
        cols: { count: g.filterWidth, offset: -g.padLeft, offsetStep: g.dilationWidth, tap: 0, tapStep: 1 },
      },
    ],
  };
  const image = denseImage(backend, dy, plan.image, plan.grid.tiling.depth);
  return runPlan(backend, plan, image, filter, 'input gradient', course, (targets) =>
    collectImage(backend, plan.grid, targets, xShapeOf(g)),
  );
}
