// SPDX-License-Identifier: Apache-2.0
/** Layouts and tiles of a kernel on this machine, or why there are none; and how such a plan is run. */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { Support } from '../../src/kernel_names';
import { type Correlation, type Grid, correlate, targetSize } from './correlation';
import { type FilterOrder, type Tiling, denseFilter, depthTexels, tilesOf } from './densify';
import { type DenseLayout, denseLayout } from './textures';

/** What a machine's WebGL allows. */
export interface Limits {
  readonly size: number;
  readonly targets: number;
}

export function limitsOf(backend: MathBackendWebGL): Limits {
  const gl = backend.gpgpu.gl as WebGL2RenderingContext;
  return { size: env().getNumber('WEBGL_MAX_TEXTURE_SIZE'), targets: gl.getParameter(gl.MAX_DRAW_BUFFERS) as number };
}

/** No WebGL 2, no kernel of ours: WebGL 1 has neither several targets for sure nor integer fetches. */
export function webgl2(): Support {
  return env().getNumber('WEBGL_VERSION') === 2
    ? { supported: true }
    : { supported: false, reason: 'it needs WebGL 2, and this is WebGL 1' };
}

/** Pixels and channels of a tile: narrow outputs want more pixels, wide ones more channels. */
function tileOf(channels: number, { targets }: Limits): { tilePixels: number; tileChannels: number } {
  if (channels <= 4) return { tilePixels: Math.min(8, targets), tileChannels: 4 };
  return targets >= 8 ? { tilePixels: 4, tileChannels: 8 } : { tilePixels: targets >= 4 ? 4 : 1, tileChannels: 4 };
}

/** Everything of a correlation but its textures. */
export interface Plan {
  readonly grid: Grid;
  readonly image: DenseLayout;
  readonly filter: DenseLayout;
}

/** What a kernel asks of a correlation. Default: one phase, and a tile that suits the channels. */
export interface Wanted {
  readonly batch: number;
  readonly rows: number;
  readonly cols: number;
  readonly phaseRows?: number;
  readonly phaseCols?: number;
  /** Channels and terms of one group. */
  readonly channels: number;
  readonly depth: number;
  readonly groups: number;
  readonly taps: number;
  /** What is gathered from: its rows in all, and their width. */
  readonly imageRows: number;
  readonly imageWidth: number;
  readonly tile?: { readonly tilePixels: number; readonly tileChannels: number };
}

/** The sums of a forward pass: channels and terms of a group, over all taps. */
export function forwardSums(g: Conv2DTransposeGeometry): Pick<Wanted, 'channels' | 'depth' | 'groups' | 'taps'> {
  const { groups } = g;
  return {
    channels: g.outChannels / groups,
    depth: g.inChannels / groups,
    groups,
    taps: g.filterHeight * g.filterWidth,
  };
}

/** Plans a correlation, or says why no texture could hold it. */
export function planCorrelation(wanted: Wanted, limits: Limits): Plan | string {
  const { size } = limits;
  const { batch, rows, cols, phaseRows = 1, phaseCols = 1, channels, depth, groups, imageRows, imageWidth } = wanted;
  const { tilePixels, tileChannels } = wanted.tile ?? tileOf(channels, limits);
  const tiling: Tiling = { channels, depth, groups, tileChannels };
  const imagesPerBlock = Math.max(1, Math.min(batch, Math.floor(size / (phaseRows * rows))));
  const grid: Grid = { batch, imagesPerBlock, rows, cols, phaseRows, phaseCols, tiling, tilePixels };
  const texels = groups * depthTexels(tiling);
  const image = denseLayout(imageRows, imageWidth, texels, size);
  if (!image)
    return `${imageRows} rows of ${imageWidth} pixels × ${texels} texels do not fit a texture of ${size} × ${size}`;
  const filter = denseLayout(wanted.taps * tilesOf(tiling), tileChannels, depthTexels(tiling), size);
  if (!filter) return `the filter does not fit a texture of ${size} × ${size}`;
  const [width, height] = targetSize(grid);
  if (width > size || height > size)
    return `it would need textures of ${width} × ${height}, and ${size} × ${size} is the largest here`;
  return { grid, image, filter };
}

/** The part of a correlation that is no plan: what moves where. */
export type Course = Pick<Correlation, 'imageHeight' | 'stepRows' | 'stepCols' | 'filterWidth' | 'phases'>;

/** Runs a plan on a dense image, which it disposes of, and a filter; `finish` makes a tensor of the targets. */
export function runPlan(
  backend: MathBackendWebGL,
  plan: Plan,
  image: TensorInfo,
  filter: TensorInfo,
  order: FilterOrder,
  course: Course,
  finish: (targets: readonly TensorInfo[]) => TensorInfo,
): TensorInfo {
  const weights = denseFilter(backend, filter, plan.filter, plan.grid.tiling, order);
  const layouts = { grid: plan.grid, imageLayout: plan.image, filterLayout: plan.filter };
  const targets = correlate(backend, { ...layouts, ...course, image, filter: weights });
  const result = finish(targets);
  for (const info of [image, weights, ...targets]) backend.disposeIntermediateTensorInfo(info);
  return result;
}
