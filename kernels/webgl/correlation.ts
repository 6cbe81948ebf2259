// SPDX-License-Identifier: Apache-2.0
/**
 * The program that most kernels here come down to: a dense correlation over a grid of pixels, with several render targets. A fragment computes a tile of
 * `tilePixels` neighbouring pixels × `tileChannels` channels, 4 channels a target, so that each texel fetched is used more than
 * once. Filters are read as they lie, 4 terms a texel: a sum is a sum of dot products.
 *
 * Texel fetches per useful multiply-add, which is what a real GPU pays: (tilePixels + tileChannels) / (4 · tilePixels ·
 * tileChannels), that is 0.094 for tiles of 4 × 8 and of 8 × 4, where a program with one target has 0.31 (1 × 4) and stock's 1.25 and
 * more. Taps that a phase doesn't meet are never visited; there is no fract.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Tiling, depthTexels, tilesOf, tilesPerGroup } from './densify';
import { type Pass, type ProgramSource, draw } from './draw';
import { type DenseLayout, makeTexture } from './textures';

/**
 * Where a correlation writes: a grid of `rows` × `cols` pixels per image and phase, in tiles. The images are divided into blocks, side by side,
 * so that no target is higher than a texture can be.
 */
export interface Grid {
  readonly batch: number;
  readonly imagesPerBlock: number;
  readonly rows: number;
  readonly cols: number;
  /** Phases down and across; each has a rectangle of the targets to itself. */
  readonly phaseRows: number;
  readonly phaseCols: number;
  readonly tiling: Tiling;
  readonly tilePixels: number;
}

/** Taps along one axis: tap n moves the row that is read by `offset + n · offsetStep`, and is tap `tap + n · tapStep` of the filter. */
export interface Taps {
  readonly count: number;
  readonly offset: number;
  readonly offsetStep: number;
  readonly tap: number;
  readonly tapStep: number;
}

/** One phase: which taps its pixels meet. */
export interface Phase {
  readonly phaseRow: number;
  readonly phaseCol: number;
  readonly rows: Taps;
  readonly cols: Taps;
}

export interface Correlation {
  readonly grid: Grid;
  /** What is gathered from; grid pixel (r, c) reads around row r · stepRows, column c · stepCols. */
  readonly image: TensorInfo;
  readonly imageHeight: number;
  readonly imageLayout: DenseLayout;
  readonly stepRows: number;
  readonly stepCols: number;
  readonly filter: TensorInfo;
  readonly filterLayout: DenseLayout;
  readonly filterWidth: number;
  readonly phases: readonly Phase[];
}

/** Width and height of the targets, in texels. */
export function targetSize(grid: Grid): [width: number, height: number] {
  const blocks = Math.ceil(grid.batch / grid.imagesPerBlock);
  return [blocks * grid.phaseCols * tilesAcross(grid), grid.phaseRows * grid.imagesPerBlock * grid.rows];
}

/** Texels of a row of one phase. */
export function tilesAcross({ cols, tilePixels, tiling }: Grid): number {
  return Math.ceil(cols / tilePixels) * tilesOf(tiling);
}

function targetCount({ tilePixels, tiling }: Grid): number {
  return (tilePixels * tiling.tileChannels) / 4;
}

/** Runs a correlation; returns its targets: n holds pixel ⌊n / (tileChannels / 4)⌋ of each tile, 4 channels from 4 · (n mod (tileChannels / 4)) on. */
export function correlate(backend: MathBackendWebGL, c: Correlation): TensorInfo[] {
  const { grid, imageLayout, filterLayout } = c;
  const [width, height] = targetSize(grid);
  const targets = Array.from({ length: targetCount(grid) }, () => makeTexture(backend, width, height));
  const phaseWidth = tilesAcross(grid);
  const phaseHeight = grid.imagesPerBlock * grid.rows;
  const same = {
    grid: [grid.rows, tilesOf(grid.tiling), tilesPerGroup(grid.tiling), depthTexels(grid.tiling)],
    image: [c.imageHeight, imageLayout.width, imageLayout.rowsPerLine, imageLayout.texels],
    steps: [c.stepRows, c.stepCols],
    filterLayout: [c.filterWidth, filterLayout.rowsPerLine],
  };
  const passes: Pass[] = [];
  for (let batch = 0; batch < grid.batch; batch += grid.imagesPerBlock) {
    for (const { phaseRow, phaseCol, rows, cols } of c.phases) {
      const x = ((batch / grid.imagesPerBlock) * grid.phaseCols + phaseCol) * phaseWidth;
      const y = phaseRow * phaseHeight;
      const images = Math.min(grid.imagesPerBlock, grid.batch - batch);
      passes.push({
        viewport: [x, y, phaseWidth, images * grid.rows],
        uniforms: {
          ...same,
          origin: [x, y, batch],
          rowTaps: [rows.count, rows.offset, rows.offsetStep],
          rowFilter: [rows.tap, rows.tapStep],
          colTaps: [cols.count, cols.offset, cols.offsetStep],
          colFilter: [cols.tap, cols.tapStep],
        },
      });
    }
  }
  const source = correlationSource(grid.tilePixels, grid.tiling.tileChannels);
  draw(backend, { source, targets, textures: { A: c.image, W: c.filter }, passes });
  return targets;
}

function correlationSource(tilePixels: number, tileChannels: number): ProgramSource {
  const pixels = Array.from({ length: tilePixels }, (_, p) => p);
  const quads = Array.from({ length: tileChannels / 4 }, (_, q) => q);
  const channels = Array.from({ length: tileChannels }, (_, n) => n);
  const each = <T>(list: readonly T[], line: (item: T) => string): string => list.map(line).join('\n');
  const sums = pixels.flatMap((p) => quads.map((q) => `s${p}_${q}`));
  const fragment = `
uniform sampler2D A, W;
uniform ivec2 steps, filterLayout, rowFilter, colFilter;
uniform ivec3 origin, rowTaps, colTaps;
uniform ivec4 grid, image;
${each(sums, (sum) => `layout(location = ${sums.indexOf(sum)}) out vec4 out_${sum};`)}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy) - origin.xy;
  int tile = at.x % grid.y;
  int x0 = at.x / grid.y * ${tilePixels} * steps.y;
  int batch = at.y / grid.x;
  int y0 = (at.y - batch * grid.x) * steps.x;
  int depth = grid.w;
  int groupAt = tile / grid.z * depth;
  ${each(sums, (sum) => `vec4 ${sum} = vec4(0.);`)}
  for (int m = 0; m < rowTaps.x; m++) {
    int row = y0 + rowTaps.y + m * rowTaps.z;
    if (row < 0 || row >= image.x) continue;
    int line = (origin.z + batch) * image.x + row;
    int lineY = line / image.z;
    int lineX = (line - lineY * image.z) * image.y * image.w + groupAt;
    int tapRow = (rowFilter.x + m * rowFilter.y) * filterLayout.x;
    for (int q = 0; q < colTaps.x; q++) {
      int col = x0 + colTaps.y + q * colTaps.z;
      int entry = (tapRow + colFilter.x + q * colFilter.y) * grid.y + tile;
      int wy = entry / filterLayout.y;
      int wx = (entry - wy * filterLayout.y) * ${tileChannels} * depth;
      ${each(pixels, (p) => `int c${p} = col + ${p} * steps.y; bool in${p} = c${p} >= 0 && c${p} < image.y; int x${p} = lineX + c${p} * image.w;`)}
      for (int k = 0; k < depth; k++) {
        ${each(channels, (n) => `vec4 w${n} = texelFetch(W, ivec2(wx + ${n} * depth + k, wy), 0);`)}
        vec4 v;
        ${each(
          pixels,
          (p) => `if (in${p}) {
          v = texelFetch(A, ivec2(x${p} + k, lineY), 0);
          ${each(quads, (q) => `s${p}_${q} += vec4(${[0, 1, 2, 3].map((n) => `dot(v, w${4 * q + n})`).join(', ')});`)}
        }`,
        )}
      }
    }
  }
  ${each(sums, (sum) => `out_${sum} = ${sum};`)}
}`;
  return { key: `correlation ${tilePixels} × ${tileChannels}`, fragment };
}
