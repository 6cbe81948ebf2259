// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated correlation of dy with the filter, all taps in one pass. Where output
 * channels are few, all taps join them: im2col (./images).
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, xShapeOf } from '../../src/geometry/geometry';
import { collectImage } from './collect';
import { readsPairs } from './correlation';
import { joinedImage, sourceImage } from './images';
import type { Layers } from './textures';
import type { Epilogue } from './epilogue';
import { type Limits, type Plan, planCorrelation, runPlan } from './plan';

/** Whether all taps join the output channels, of which there are too few to fill a texel. */
function joins(g: Conv2DTransposeGeometry): boolean {
  return g.outChannels / g.groups < 4 && g.filterHeight * g.filterWidth > 1;
}

export function planBackpropInput(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const taps = g.filterHeight * g.filterWidth;
  const depth = g.outChannels / g.groups;
  const wanted = { batch: g.batch, rows: g.inHeight, cols: g.inWidth, channels: g.inChannels / g.groups, groups: g.groups }; // prettier-ignore
  return planCorrelation(
    joins(g)
      ? { ...wanted, depth: taps * depth, taps: 1, imageRows: g.batch * g.inHeight, imageWidth: g.inWidth }
      : { ...wanted, depth, taps, imageRows: g.batch * g.outHeight, imageWidth: g.outWidth },
    limits,
  );
}

export function backpropInput(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  dy: TensorInfo,
  filter: TensorInfo,
  epilogue?: Epilogue,
): TensorInfo {
  const only = { count: 1, offset: 0, offsetStep: 0, tap: 0, tapStep: 0 };
  const rows = { count: g.filterHeight, offset: -g.padTop, offsetStep: g.dilationHeight, tap: 0, tapStep: 1 };
  const cols = { count: g.filterWidth, offset: -g.padLeft, offsetStep: g.dilationWidth, tap: 0, tapStep: 1 };
  const finish = (targets: Layers): TensorInfo => collectImage(backend, plan.grid, targets, xShapeOf(g), epilogue);
  if (joins(g)) {
    const course = { imageHeight: g.inHeight, stepRows: 1, stepCols: 1, filterWidth: 1 };
    const phases = [{ phaseRow: 0, phaseCol: 0, rows: only, cols: only }];
    const image = joinedImage(backend, dy, plan.image, g);
    return runPlan(
      backend,
      plan,
      { info: image, inBlocks: false, made: true },
      filter,
      'input gradient, joined',
      { ...course, phases },
      finish,
    );
  }
  const course = {
    imageHeight: g.outHeight,
    stepRows: g.strideHeight,
    stepCols: g.strideWidth,
    filterWidth: g.filterWidth,
    phases: [{ phaseRow: 0, phaseCol: 0, rows, cols }],
  };
  const image = sourceImage(backend, dy, plan.image, g.groups, readsPairs(course));
  return runPlan(backend, plan, image, filter, 'input gradient', course, finish);
}
