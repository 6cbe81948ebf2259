// SPDX-License-Identifier: Apache-2.0
/**
 * Where a correlation writes: tiles of a grid of pixels, in several render targets at once.
 *
 * A fragment computes a tile of pixels × a quad of channels. Its outputs are the pixels of the tile. So a texel of
 * the targets stands for a tile and a quad, and target n for pixel n of each tile. Example: 4 rows × 8 columns of
 * pixels, 8 channels, tiles of 2 rows × 4 columns, 8 targets of 4 × 2 texels:
 *
 *      columns 0–3      columns 4–7               of the texel ★, target n is pixel
 *     quad 0 │ quad 1 │ quad 0 │ quad 1
 *     ───────┼────────┼────────┼────────  rows       columns 4 5 6 7
 *            │        │        │          0–1       row 2    0 1 2 3
 *     ───────┼────────┼────────┼────────            row 3    4 5 6 7
 *            │        │        │   ★      2–3
 *
 *     texel of target n, channels k to k + 3 of its pixel:      k, k + 1, k + 2, k + 3
 *     if the grid is packed, of n even, both pixels n, n + 1:   k, k + 1 of n; k, k + 1 of n + 1
 *                            of n odd, both pixels n − 1, n:    k + 2, k + 3 of n − 1; k + 2, k + 3 of n
 *
 * Rows are those of several images below one another, a stack; stacks stand side by side, so that no target is higher
 * than a texture can be. Each phase has a rectangle of its own in each stack. Example: 2 stacks, 2 × 2 phases:
 *
 *        stack 0                   stack 1
 *     phase 0, 0 │ phase 0, 1 │ phase 0, 0 │ phase 0, 1
 *     phase 1, 0 │ phase 1, 1 │ phase 1, 0 │ phase 1, 1
 *
 * A phase that would be too wide, or is wide and low, is cut into bands, one below the other. Example: 3 bands of 4
 * texels for a phase 10 texels wide and 1 high:
 *
 *     0 1 2 3 4 5 6 7 8 9         0 1 2 3
 *                          →      4 5 6 7
 *                                 8 9
 */
import { type Unsupported, unsupported } from '../../../src/contract';
import type { Device } from '../device';
import type { Uniforms } from '../drawing/uniforms';
import { type Channels, allQuads, groupQuads } from './channels';

/** Pixels that one fragment computes. Both are powers of 2. */
export interface Tile {
  readonly rows: number;
  readonly cols: number;
}

export interface Grid {
  readonly imagesPerStack: number;
  readonly stacks: number;
  /** Pixels of a phase of an image. */
  readonly rows: number;
  readonly cols: number;
  readonly phaseRows: number;
  readonly phaseCols: number;
  readonly channels: Channels;
  readonly tile: Tile;
  /** Whether a texel holds 2 columns × 2 channels, as tfjs packs them, rather than 4 channels of a pixel. */
  readonly packed: boolean;
  readonly bands: number;
  /** In texels; a phase is `bands` bands high, the targets all phases of all stacks. */
  readonly bandWidth: number;
  readonly bandHeight: number;
  readonly targetWidth: number;
  readonly targetHeight: number;
}

/** What a grid is made for. */
export interface GridRequest {
  readonly batch: number;
  readonly rows: number;
  readonly cols: number;
  /** Default: 1. */
  readonly phaseRows?: number;
  readonly phaseCols?: number;
  readonly channels: Channels;
  readonly tile: Tile;
  /** Default: if neighbouring columns are neighbours in the end, that is if there is one phase across. */
  readonly packed?: boolean;
  /** Default: as many as are needed. */
  readonly bands?: number;
}

/**
 * Rows of fragments that keep all threads of a software renderer busy: it shades a few rows at a time. Chosen with
 * SwiftShader on 2 cores (commit 24bd9e0, 2026-11-20), not measured by itself.
 */
const ENOUGH_ROWS = 32;

/** Divides a grid into tiles, stacks and bands, or says why no texture could hold it. */
export function layOutGrid(request: GridRequest, { textureSize }: Device): Grid | Unsupported {
  const { batch, rows, cols, phaseRows = 1, phaseCols = 1, channels, tile } = request;
  const { packed = phaseCols === 1 && tile.cols > 1 } = request;
  const imagesPerStack = Math.max(1, Math.min(batch, Math.floor(textureSize / (phaseRows * rows))));
  const stacks = Math.ceil(batch / imagesPerStack);
  const uncut = Math.ceil(cols / tile.cols) * allQuads(channels);
  const bandHeight = Math.ceil((imagesPerStack * rows) / tile.rows);
  const fewestBands = Math.ceil((stacks * phaseCols * uncut) / textureSize);
  const bands = request.bands ?? Math.max(fewestBands, Math.min(uncut, Math.ceil(ENOUGH_ROWS / bandHeight)));
  const bandWidth = Math.ceil(uncut / bands);
  const targetWidth = stacks * phaseCols * bandWidth;
  const targetHeight = phaseRows * bands * bandHeight;
  if (targetWidth > textureSize || targetHeight > textureSize) {
    return unsupported(
      `it would need textures of ${targetWidth} × ${targetHeight}, ` +
        `and ${textureSize} × ${textureSize} is the largest here`,
    );
  }
  const sizes = { bands, bandWidth, bandHeight, targetWidth, targetHeight };
  return { imagesPerStack, stacks, rows, cols, phaseRows, phaseCols, channels, tile, packed, ...sizes };
}

/** The largest number that programs divide which write or read a grid, besides images: a place in it. */
export function mostOfGrid({ cols, phaseCols, bands, bandWidth, targetWidth, targetHeight, tile }: Grid): number {
  return Math.max(cols * phaseCols, bands * bandWidth, targetWidth, targetHeight * tile.rows);
}

/** GLSL of a grid's uniforms. */
export const GRID_STRUCT = `
struct Grid {
  int rows;         // of pixels, of a phase of an image
  int quads;        // of channels, of all groups
  int groupQuads;
  int phaseRows;
  int phaseCols;
  int imagesPerStack;
  int bands;
  int bandWidth;    // in texels
  int bandHeight;
};
uniform Grid grid;`;

export function gridUniforms(grid: Grid): Uniforms {
  return {
    'grid.rows': grid.rows,
    'grid.quads': allQuads(grid.channels),
    'grid.groupQuads': groupQuads(grid.channels),
    'grid.phaseRows': grid.phaseRows,
    'grid.phaseCols': grid.phaseCols,
    'grid.imagesPerStack': grid.imagesPerStack,
    'grid.bands': grid.bands,
    'grid.bandWidth': grid.bandWidth,
    'grid.bandHeight': grid.bandHeight,
  };
}
