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
import { type Phase, type Taps, readsPairs } from './correlation';
import { sourceImage } from './images';
import type { Epilogue } from './epilogue';
import { type Limits, type Plan, forwardSums, planCorrelation, runPlan } from './plan';

export function planSubpixel(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const wanted = {
    ...forwardSums(g),
    rows: Math.ceil(g.outHeight / g.strideHeight),
    cols: Math.ceil(g.outWidth / g.strideWidth),
    phaseRows: g.strideHeight,
    phaseCols: g.strideWidth,
  };
  return planCorrelation(wanted, limits);
}

export function subpixel(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  x: TensorInfo,
  filter: TensorInfo,
  epilogue?: Epilogue,
): TensorInfo {
  const cols = tapsOfPhases(widthAxis(g));
  const course = {
    imageHeight: g.inHeight,
    stepRows: 1,
    stepCols: 1,
    filterWidth: g.filterWidth,
    phases: tapsOfPhases(heightAxis(g)).flatMap((rowTaps, phaseRow) =>
      cols.map((colTaps, phaseCol): Phase => ({ phaseRow, phaseCol, rows: rowTaps, cols: colTaps })),
    ),
  };
  const image = sourceImage(backend, x, plan.image, g.groups, readsPairs(course));
  return runPlan(backend, plan, image, filter, 'forward', course, (targets) =>
    collectImage(backend, plan.grid, targets, yShapeOf(g), epilogue),
  );
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
