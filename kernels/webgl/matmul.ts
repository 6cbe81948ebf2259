// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: a matrix product, drawn as a correlation with a single tap and a channel for every tap and output channel, gives the footprint of
 * every input pixel; col2im gathers what overlaps. Fetches of col2im: one per tap that is met.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import { collect, gridElement } from './collect';
import { type Grid, readsPairs } from './correlation';
import { sourceImage } from './images';
import type { Layers } from './textures';
import type { Epilogue } from './epilogue';
import { type Limits, type Plan, forwardSums, planCorrelation, runPlan } from './plan';

export function planMatmul(g: Conv2DTransposeGeometry, limits: Limits): Plan | string {
  const wanted = {
    ...forwardSums(g),
    rows: g.inHeight,
    cols: g.inWidth,
    channels: (g.filterHeight * g.filterWidth * g.outChannels) / g.groups,
    taps: 1,
    blocks: false, // Footprints of neighbours are no neighbours.
  };
  return planCorrelation(wanted, limits);
}

export function matmul(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: Plan,
  x: TensorInfo,
  filter: TensorInfo,
  epilogue?: Epilogue,
): TensorInfo {
  const only = { count: 1, offset: 0, offsetStep: 0, tap: 0, tapStep: 0 };
  const course = {
    imageHeight: g.inHeight,
    stepRows: 1,
    stepCols: 1,
    filterWidth: 1,
    phases: [{ phaseRow: 0, phaseCol: 0, rows: only, cols: only }],
  };
  const image = sourceImage(backend, x, plan.image, g.groups, readsPairs(course));
  return runPlan(backend, plan, image, filter, 'footprints', course, (targets) =>
    col2im(g, backend, plan.grid, targets, epilogue),
  );
}

/** Gathers the footprints that overlap. */
function col2im(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  grid: Grid,
  footprints: Layers,
  epilogue?: Epilogue,
): TensorInfo {
  const { code, uniforms } = gridElement(grid);
  const depth = g.outChannels / g.groups;
  // From the first tap that a row or column meets to the next; dilated ones are all tried.
  const stepOf = (dilation: number, stride: number): number => (dilation === 1 ? stride : 1);
  const steps = [stepOf(g.dilationHeight, g.strideHeight), stepOf(g.dilationWidth, g.strideWidth)];
  const overlaps = g.filterHeight > steps[0] || g.filterWidth > steps[1];
  const sum = (type: string, name: string, footprint: string): string => `
${type} ${name}(int batch, int row, int col, int channel) {
  int group = quotient(channel, depth.x);
  int within = channel - group * depth.x;
  row += pads.x;
  col += pads.y;
  ${
    overlaps
      ? `${type} sum = ${type}(0.);
  for (int m = steps.x == 1 ? 0 : row - quotient(row, steps.x) * steps.x; m < kernel.x; m += steps.x) {
    int y = row - m * dilations.x;
    int i = quotient(max(y, 0), strides.x);
    if (i * strides.x != y || i >= inSize.x) continue;
    for (int q = steps.y == 1 ? 0 : col - quotient(col, steps.y) * steps.y; q < kernel.y; q += steps.y) {
      int x = col - q * dilations.y;
      int j = quotient(max(x, 0), strides.y);
      if (j * strides.y != x || j >= inSize.y) continue;
      int of = (m * kernel.y + q) * depth.x + within;
      sum += ${footprint};
    }
  }
  return sum;`
      : `int i = quotient(row, strides.x), j = quotient(col, strides.y);
  int m = row - i * strides.x, q = col - j * strides.y;
  bool inside = m < kernel.x && q < kernel.y && i < inSize.x && j < inSize.y;
  i = min(i, inSize.x - 1);
  j = min(j, inSize.y - 1);
  int of = (min(m, kernel.x - 1) * kernel.y + min(q, kernel.y - 1)) * depth.x + within;
  return mix(${type}(0.), ${footprint}, ${type === 'float' ? 'inside' : 'bvec2(inside)'});`
  }
}`;
  const single = g.outChannels === 1;
  const inPairs = depth % 2 === 0;
  return collect(
    backend,
    footprints,
    yShapeOf(g),
    {
      key: `col2im${overlaps ? '' : ' without overlaps'}${single ? ' of one channel' : ''}, ${grid.tile.lines} × ${grid.tile.cols}`,
      code: `${code}
${sum('float', 'element', 'gridElement(batch, i, j, group, of)')}
${inPairs ? sum('vec2', 'pair', 'gridPair(batch, i, j, group, of)') : ''}
${single ? 'vec2 pair(int batch, int row, int col, int channel) { return vec2(element(batch, row, col, channel), 0.); }' : ''}`,
      gives: inPairs || single ? 'pair' : 'element',
      uniforms: {
        ...uniforms,
        depth: [depth, g.groups],
        kernel: [g.filterHeight, g.filterWidth],
        pads: [g.padTop, g.padLeft],
        dilations: [g.dilationHeight, g.dilationWidth],
        steps,
        strides: [g.strideHeight, g.strideWidth],
        inSize: [g.inHeight, g.inWidth],
      },
    },
    epilogue,
  );
}
