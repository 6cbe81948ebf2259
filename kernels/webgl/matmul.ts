// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: a matrix product, drawn as a correlation with a single tap and a channel for every tap and output channel, gives the footprint of
 * every input pixel; col2im gathers what overlaps. Fetches of col2im: one per tap that is met.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import { collect, gridElement } from './collect';
import { correlate } from './correlation';
import { denseFilter, denseImage } from './densify';
import { type Limits, type Plan, planCorrelation, tiling } from './plan';

export function planMatmul(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const footprint = (g.filterHeight * g.filterWidth * g.outChannels) / g.groups;
  const { tiling: tiles, tilePixels } = tiling(footprint, g.inChannels / g.groups, g.groups, limits);
  const grid = {
    batch: g.batch,
    rows: g.inHeight,
    cols: g.inWidth,
    phaseRows: 1,
    phaseCols: 1,
    tiling: tiles,
    tilePixels,
  };
  return planCorrelation(grid, { rows: g.batch * g.inHeight, width: g.inWidth }, 1, limits);
}

export function matmul(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  x: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const image = denseImage(backend, x, plan.image, plan.grid.tiling.depth);
  const weights = denseFilter(backend, filter, plan.filter, plan.grid.tiling, 'footprints');
  const only = { count: 1, offset: 0, offsetStep: 0, tap: 0, tapStep: 0 };
  const targets = correlate(backend, {
    grid: plan.grid,
    image,
    imageHeight: g.inHeight,
    imageLayout: plan.image,
    stepRows: 1,
    stepCols: 1,
    filter: weights,
    filterLayout: plan.filter,
    filterWidth: 1,
    phases: [{ phaseRow: 0, phaseCol: 0, rows: only, cols: only }],
  });
  const { code, uniforms } = gridElement(plan.grid);
  const col2im = `${code}
      float element(int batch, int row, int col, int channel) {
        int group = channel / depth.x;
        int within = channel - group * depth.x;
        float sum = 0.;
        for (int m = 0; m < kernel.x; m++) {
          int y = row + pads.x - m * dilations.x;
          int i = y / strides.x;
          if (y < 0 || i * strides.x != y || i >= inSize.x) continue;
          for (int q = 0; q < kernel.y; q++) {
            int x = col + pads.y - q * dilations.y;
            int j = x / strides.y;
            if (x < 0 || j * strides.y != x || j >= inSize.y) continue;
            sum += gridElement(batch, i, j, group, (m * kernel.y + q) * depth.x + within);
          }
        }
        return sum;
      }`;
  const y = collect(backend, targets, yShapeOf(g), col2im, {
    ...uniforms,
    depth: [g.outChannels / g.groups, g.groups],
    kernel: [g.filterHeight, g.filterWidth],
    pads: [g.padTop, g.padLeft],
    dilations: [g.dilationHeight, g.dilationWidth],
    strides: [g.strideHeight, g.strideWidth],
    inSize: [g.inHeight, g.inWidth],
  });
  for (const info of [image, weights, ...targets]) backend.disposeIntermediateTensorInfo(info);
  return y;
}
