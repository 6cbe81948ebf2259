// SPDX-License-Identifier: Apache-2.0
/**
 * Sub-pixel: each phase of the output is a dense correlation of stride 1 (src/geometry/phases), drawn into a rectangle of its
 * own; one more pass interleaves the phases.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Axis } from '../../src/geometry/axis';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, yShapeOf } from '../../src/geometry/geometry';
import { phases } from '../../src/geometry/phases';
import { collectImage } from './collect';
import { type Phase, type Taps, correlate } from './correlation';
import { denseFilter, denseImage } from './densify';
import { type Limits, type Plan, planCorrelation, tiling } from './plan';

export function planSubpixel(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const { tiling: tiles, tilePixels } = tiling(g.outChannels / g.groups, g.inChannels / g.groups, g.groups, limits);
  const grid = {
    batch: g.batch,
    rows: Math.ceil(g.outHeight / g.strideHeight),
    cols: Math.ceil(g.outWidth / g.strideWidth),
    phaseRows: g.strideHeight,
    phaseCols: g.strideWidth,
    tiling: tiles,
    tilePixels,
  };
  return planCorrelation(
    grid,
    { rows: g.batch * g.inHeight, width: g.inWidth },
    g.filterHeight * g.filterWidth,
    limits,
  );
}

export function subpixel(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  x: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const image = denseImage(backend, x, plan.image, plan.grid.tiling.depth);
  const weights = denseFilter(backend, filter, plan.filter, plan.grid.tiling, 'forward');
  const rows = tapsOfPhases(heightAxis(g));
  const cols = tapsOfPhases(widthAxis(g));
  const targets = correlate(backend, {
    grid: plan.grid,
    image,
    imageHeight: g.inHeight,
    imageLayout: plan.image,
    stepRows: 1,
    stepCols: 1,
    filter: weights,
    filterLayout: plan.filter,
    filterWidth: g.filterWidth,
    phases: rows.flatMap((rowTaps, phaseRow) =>
      cols.map((colTaps, phaseCol): Phase => ({ phaseRow, phaseCol, rows: rowTaps, cols: colTaps })),
    ),
  });
  const y = collectImage(backend, plan.grid, targets, yShapeOf(g));
  for (const info of [image, weights, ...targets]) backend.disposeIntermediateTensorInfo(info);
  return y;
}

/** The taps of each phase, in order of its first cell: they are evenly spaced, and so is what they read. */
function tapsOfPhases(axis: Axis): Taps[] {
  return phases(axis).map(({ taps, firstIndex }) => {
    const [first, second] = taps;
    return {
      count: taps.length,
      offset: first === undefined ? 0 : firstIndex - first.inputOffset,
      offsetStep: second === undefined ? 0 : first.inputOffset - second.inputOffset,
      tap: first?.tap ?? 0,
      tapStep: second === undefined ? 0 : second.tap - first.tap,
    };
  });
}
