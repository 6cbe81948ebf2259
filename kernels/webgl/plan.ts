// SPDX-License-Identifier: Apache-2.0
/** Layouts and tiles of a kernel on this machine, or why there are none. */
import { env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Support } from '../../src/kernel_names';
import { type Grid, targetSize } from './correlation';
import { type Tiling, depthTexels, tilesOf } from './densify';
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
export function tileOf(channels: number, { targets }: Limits): { tilePixels: number; tileChannels: number } {
  if (channels <= 4) return { tilePixels: Math.min(8, targets), tileChannels: 4 };
  return targets >= 8 ? { tilePixels: 4, tileChannels: 8 } : { tilePixels: targets >= 4 ? 4 : 1, tileChannels: 4 };
}

/** Everything of a correlation but its textures. */
export interface Plan {
  readonly grid: Grid;
  readonly image: DenseLayout;
  readonly filter: DenseLayout;
}

/** Plans a correlation of an image of so many rows in all, or says why no texture could hold it. */
export function planCorrelation(
  ungrouped: Omit<Grid, 'imagesPerBlock'>,
  image: { readonly rows: number; readonly width: number },
  taps: number,
  { size }: Limits,
): Plan | string {
  const { tiling, phaseRows, rows } = ungrouped;
  const imagesPerBlock = Math.max(1, Math.min(ungrouped.batch, Math.floor(size / (phaseRows * rows))));
  const grid: Grid = { ...ungrouped, imagesPerBlock };
  const texels = tiling.groups * depthTexels(tiling);
  const imageLayout = denseLayout(image.rows, image.width, texels, size);
  if (!imageLayout)
    return `${image.rows} rows of ${image.width} pixels × ${texels} texels do not fit a texture of ${size} × ${size}`;
  const filterLayout = denseLayout(taps * tilesOf(tiling), tiling.tileChannels, depthTexels(tiling), size);
  if (!filterLayout) return `the filter does not fit a texture of ${size} × ${size}`;
  const [width, height] = targetSize(grid);
  if (width > size || height > size)
    return `it would need textures of ${width} × ${height}, and ${size} × ${size} is the largest here`;
  return { grid, image: imageLayout, filter: filterLayout };
}

export function tiling(
  channels: number,
  depth: number,
  groups: number,
  limits: Limits,
): { tiling: Tiling; tilePixels: number } {
  const { tilePixels, tileChannels } = tileOf(channels, limits);
  return { tiling: { channels, depth, groups, tileChannels }, tilePixels };
}
