// SPDX-License-Identifier: Apache-2.0
/** Layouts and tiles of a kernel on this machine, or why there are none; and how such a plan is run. */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { Support } from '../../src/contract';
import { type Correlation, type Grid, type Tile, correlate, phaseSize, targetSize } from './correlation';
import { type BlockLayout, type FilterOrder, blockLayout, filterBlocks } from './filters';
import type { SourceImage } from './images';
import { type Tiling, depthTexels } from './tiling';
import { type DenseLayout, type Layers, deleteLayers, denseLayout } from './textures';

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

/** Rows of fragments that keep all threads of a software renderer busy. */
const ENOUGH_ROWS = 32;

/** The pixels of a tile, as many as there are targets. */
function tileOf({ targets }: Limits): Tile {
  if (targets < 4) return { lines: 1, cols: 1 };
  return { lines: targets < 8 ? 1 : 2, cols: 4 };
}

/** Everything of a correlation but its textures. */
export interface Plan {
  readonly grid: Grid;
  readonly image: DenseLayout;
  readonly filter: BlockLayout;
}

/** What a kernel asks of a correlation. Default: one phase, and as large a tile as there are targets. */
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
  readonly tile?: Tile;
  /** Whether to leave phases in one part. */
  readonly whole?: boolean;
  /** Whether pairs of columns may share a target. Default: if there is one phase across. */
  readonly blocks?: boolean;
}

/** What a forward pass asks for in any case: sums over the terms of a group and all taps, gathered from x. */
export function forwardSums(
  g: Conv2DTransposeGeometry,
): Pick<Wanted, 'batch' | 'channels' | 'depth' | 'groups' | 'taps' | 'imageRows' | 'imageWidth'> {
  const { batch, groups } = g;
  return {
    batch,
    imageRows: batch * g.inHeight,
    imageWidth: g.inWidth,
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
  const { tile = tileOf(limits), blocks = phaseCols === 1 && tile.cols > 1 } = wanted;
  const tiling: Tiling = { channels, depth, groups };
  const imagesPerBlock = Math.max(1, Math.min(batch, Math.floor(size / (phaseRows * rows))));
  const uncut: Grid = { batch, imagesPerBlock, rows, cols, phaseRows, phaseCols, tiling, tile, parts: 1, blocks };
  const [phaseWidth, phaseHeight] = phaseSize(uncut);
  const acrossAll = Math.ceil(batch / imagesPerBlock) * phaseCols * phaseWidth;
  const parts = wanted.whole
    ? 1
    : Math.max(Math.ceil(acrossAll / size), Math.min(phaseWidth, Math.ceil(ENOUGH_ROWS / phaseHeight)));
  const grid: Grid = { ...uncut, parts };
  const texels = groups * depthTexels(tiling);
  const image = denseLayout(imageRows, imageWidth, texels, size);
  if (!image)
    return `${imageRows} rows of ${imageWidth} pixels × ${texels} texels do not fit a texture of ${size} × ${size}`;
  const filter = blockLayout(tiling, wanted.taps, size);
  if (!filter) return `the filter does not fit a texture of ${size} × ${size}`;
  const [width, height] = targetSize(grid);
  if (width > size || height > size)
    return `it would need textures of ${width} × ${height}, and ${size} × ${size} is the largest here`;
  return { grid, image, filter };
}

/** The part of a correlation that is no plan: what moves where. */
export type Course = Pick<Correlation, 'imageHeight' | 'stepRows' | 'stepCols' | 'filterWidth' | 'phases'>;

/** Runs a plan on an image and a filter; `finish` makes a tensor of the targets. Disposes of what was made for it. */
export function runPlan(
  backend: MathBackendWebGL,
  plan: Plan,
  image: SourceImage,
  filter: TensorInfo,
  order: FilterOrder,
  course: Course,
  finish: (targets: Layers) => TensorInfo,
): TensorInfo {
  const made = image.made ? [image.info] : [];
  let targets: Layers | undefined;
  try {
    const blocks = filterBlocks(backend, filter, plan.filter, plan.grid.tiling, order);
    if (blocks.made) made.push(blocks.info);
    targets = correlate(backend, { grid: plan.grid, imageLayout: plan.image, ...course, image, filter: blocks });
    return finish(targets);
  } finally {
    made.forEach((info) => backend.disposeIntermediateTensorInfo(info));
    if (targets) deleteLayers(backend, targets);
  }
}
