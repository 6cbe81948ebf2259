// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: a matrix product, drawn as a correlation with a single tap and a channel for every tap and output channel, gives the footprint of
 * every input pixel; col2im gathers what overlaps. Fetches of col2im: one per tap that is met.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import { collect, gridElement } from './collect';
import type { Grid } from './correlation';
import { denseImage } from './densify';
import { type Limits, type Plan, planCorrelation, runPlan } from './plan';

export function planMatmul(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const wanted = {
    batch: g.batch,
    rows: g.inHeight,
    cols: g.inWidth,
    channels: (g.filterHeight * g.filterWidth * g.outChannels) / g.groups,
    depth: g.inChannels / g.groups,
    groups: g.groups,
    taps: 1,
    imageRows: g.batch * g.inHeight,
    imageWidth: g.inWidth,
  };
  return planCorrelation(wanted, limits);
}

export function matmul(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  x: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const only = { count: 1, offset: 0, offsetStep: 0, tap: 0, tapStep: 0 };
  const course = {
    imageHeight: g.inHeight,
    stepRows: 1,
    stepCols: 1,
    filterWidth: 1,
    phases: [{ phaseRow: 0, phaseCol: 0, rows: only, cols: only }],
  };
  const image = denseImage(backend, x, plan.image, plan.grid.tiling.depth);
  return runPlan(backend, plan, image, filter, 'footprints', course, (targets) =>
    col2im(g, backend, plan.grid, targets),
  );
}

/** Gathers the footprints that overlap. */
function col2im(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  grid: Grid,
  footprints: readonly TensorInfo[],
): TensorInfo {
  const { code, uniforms } = gridElement(grid);
  const element = `${code}
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
  return collect(backend, footprints, yShapeOf(g), element, {
    ...uniforms,
    depth: [g.outChannels / g.groups, g.groups],
    kernel: [g.filterHeight, g.filterWidth],
    pads: [g.padTop, g.padLeft],
    dilations: [g.dilationHeight, g.dilationWidth],
    strides: [g.strideHeight, g.strideWidth],
    inSize: [g.inHeight, g.inWidth],
  });
}
