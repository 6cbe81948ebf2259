// SPDX-License-Identifier: Apache-2.0
/**
 * What a dense correlation is asked for, and its plan: the grid of pixels that is computed, and the layouts of what
 * is read. ./correlate draws it.
 */
import type { Unsupported } from '../../src/contract';
import type { Taps } from '../../src/geometry/taps';
import type { Device } from './device';
import { depthQuads } from './layouts/channels';
import { type DenseLayout, denseLayout } from './layouts/dense_image';
import { type FilterLayout, type FilterOrder, filterLayout } from './layouts/filter_texels';
import { type Grid, type GridRequest, type Tile, layOutGrid } from './layouts/target_grid';
import { type CorrelationTile, tileOf } from './tiles';

/** Which taps the pixels of a phase meet. */
export interface PhaseTaps {
  readonly phaseRow: number;
  readonly phaseCol: number;
  readonly rows: Taps;
  readonly cols: Taps;
}

/** What a kernel asks of a correlation. */
export interface CorrelationRequest extends Omit<GridRequest, 'tile'> {
  /** Default: that of the device. */
  readonly tile?: Tile;
  /**
   * What is read: an image each, around row r · stepRows and column c · stepCols for pixel (r, c). Default of a
   * step: 1.
   */
  readonly imageHeight: number;
  readonly imageWidth: number;
  readonly stepRows?: number;
  readonly stepCols?: number;
  /** Taps of the filter, and which of its elements are channels and terms. */
  readonly tapRows: number;
  readonly tapCols: number;
  readonly order: FilterOrder;
  readonly phases: readonly PhaseTaps[];
}

/** Everything of a correlation but its textures. */
export interface Correlation {
  readonly request: CorrelationRequest;
  /** What the device has room for; the grid may have smaller tiles, if asked for. */
  readonly tile: CorrelationTile;
  readonly grid: Grid;
  readonly image: DenseLayout;
  readonly filter: FilterLayout;
}

/** Plans a correlation, or says why no texture could hold it. */
export function planCorrelation(request: CorrelationRequest, device: Device): Correlation | Unsupported {
  const { batch, channels, imageHeight, imageWidth, tapRows, tapCols } = request;
  const texels = channels.groups * depthQuads(channels);
  const margin = staysInside(request) ? 0 : 1;
  const image = denseLayout(batch * imageHeight + margin, imageWidth + margin, texels, device.textureSize);
  if ('reason' in image) return image;
  const filter = filterLayout(channels, tapRows * tapCols, device.textureSize);
  if ('reason' in filter) return filter;
  const tile = tileOf(device.tile, batch * request.rows);
  const grid = layOutGrid({ tile, ...request }, device);
  return 'reason' in grid ? grid : { request, tile, grid, image, filter };
}

/**
 * Whether an image can be read by pairs of columns from an even one on, as tfjs packs it: each tap meets one column
 * after another, and every tile begins at an even one.
 */
export function readsColumnPairs({ request: { stepCols = 1, phases }, tile }: Correlation): boolean {
  return tile.cols % 2 === 0 && stepCols === 1 && phases.every(({ cols }) => cols.count <= 1 && cols.offset % 2 === 0);
}

/** Whether no pixel meets what is outside its image. */
export function staysInside(request: CorrelationRequest): boolean {
  const { rows, cols, imageHeight, imageWidth, stepRows = 1, stepCols = 1, phases } = request;
  const isInside = ({ count, offset, offsetStep }: Taps, pixels: number, step: number, size: number): boolean => {
    const ends = [offset, offset + (count - 1) * offsetStep];
    return count === 0 || (Math.min(...ends) >= 0 && (pixels - 1) * step + Math.max(...ends) < size);
  };
  return phases.every(
    (phase) => isInside(phase.rows, rows, stepRows, imageHeight) && isInside(phase.cols, cols, stepCols, imageWidth),
  );
}
