// SPDX-License-Identifier: Apache-2.0
/**
 * The program that most kernels here come down to: a dense correlation over a grid of pixels, with several render targets. A fragment computes a tile of
 * 2 lines × 4 columns × 4 channels, a target for each pixel, for up to 5 taps of a row at once: neighbouring pixels meet the
 * same columns through different taps, and these are fetched once. Sums are sums of dot products of 4 terms. The tile, and so the program, is the
 * same for every size of image.
 *
 * Texel fetches per useful multiply-add, which is what a real GPU pays: (2 · columns + 4 · T) / (128 · T) with T taps at a time, where the `columns` met
 * are 4 · T at most, and T + 3 if stride and dilation are 1: 0.094 with T = 1, 0.070 with 2, 0.063 with 3. A program with one target has 0.31 (1 × 4),
 * and stock's 1.25 and more. Taps that a phase doesn't meet are never visited; there is no fract.
 */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { FilterBlocks } from './filters';
import type { SourceImage } from './images';
import { type Tiling, depthTexels, tilesOf, tilesPerGroup } from './tiling';
import { type Pass, type ProgramSource, draw } from './draw';
import { type DenseLayout, type Layers, deleteLayers, makeLayers } from './textures';

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
  readonly tile: Tile;
  /** Into how many parts, one below the other, a phase is cut, which would else be too wide, or wide and low: drawing goes by rows. */
  readonly parts: number;
  /**
   * Whether a target holds 2 columns × 2 channels, as tfjs packs them, rather than 4 channels of a column. For grids of one phase, whose neighbouring columns
   * are neighbours in the end.
   */
  readonly blocks: boolean;
}

/** Pixels that one fragment computes: lines are the rows of all images of a block, one after another. Powers of 2. */
export interface Tile {
  readonly lines: number;
  readonly cols: number;
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
  readonly image: SourceImage;
  readonly imageHeight: number;
  readonly imageLayout: DenseLayout;
  readonly stepRows: number;
  readonly stepCols: number;
  readonly filter: FilterBlocks;
  readonly filterWidth: number;
  readonly phases: readonly Phase[];
}

/** Width and height of the targets, in texels. */
export function targetSize(grid: Grid): [width: number, height: number] {
  const blocks = Math.ceil(grid.batch / grid.imagesPerBlock);
  const [width, height] = phaseSize(grid);
  return [blocks * grid.phaseCols * width, grid.phaseRows * height];
}

/** Width and height of one phase of a block, in texels. */
export function phaseSize(grid: Grid): [width: number, height: number] {
  const [width, height] = partSize(grid);
  return [width, grid.parts * height];
}

/** Width and height of one part of a phase. */
export function partSize({ imagesPerBlock, rows, cols, tile, tiling, parts }: Grid): [width: number, height: number] {
  return [
    Math.ceil((Math.ceil(cols / tile.cols) * tilesOf(tiling)) / parts),
    Math.ceil((imagesPerBlock * rows) / tile.lines),
  ];
}

/** Most taps of a row that a program takes at once. */
const MOST_TAPS = 5;

/** How many of `count` taps a program takes at once: a divisor. */
function tapsAtOnce(count: number): number {
  for (let taps = Math.min(count, MOST_TAPS); taps > 1; taps--) if (count % taps === 0) return taps;
  return 1;
}

/** Whether a correlation can read an image by pairs of columns from an even one on, as tfjs packs them: each tap meets one pixel after another. */
export function readsPairs({ stepCols, phases }: Pick<Correlation, 'stepCols' | 'phases'>): boolean {
  return stepCols === 1 && phases.every(({ cols }) => cols.count <= 1 && cols.offset % 2 === 0);
}

/** Runs a correlation; returns its targets: line by line, one for each pixel of a tile with 4 channels, or one for each block of 2 × 2. */
export function correlate(backend: MathBackendWebGL, c: Correlation): Layers {
  const { grid, imageLayout, filter } = c;
  const [width, height] = targetSize(grid);
  const target = makeLayers(backend, width, height, grid.tile.lines * grid.tile.cols);
  const [phaseWidth, phaseHeight] = phaseSize(grid);
  const part = partSize(grid);
  const same = {
    grid: [grid.rows, tilesOf(grid.tiling), tilesPerGroup(grid.tiling), depthTexels(grid.tiling)],
    image: [c.imageHeight, imageLayout.width, imageLayout.rowsPerLine, imageLayout.texels],
    stepRows: [c.stepRows],
    filterAt: [...filter.perTap, ...filter.perGroup],
    fold: filter.fold,
    part,
  };
  const draws = new Map<string, { source: ProgramSource; passes: Pass[] }>();
  for (let batch = 0; batch < grid.batch; batch += grid.imagesPerBlock) {
    for (const { phaseRow, phaseCol, rows, cols } of c.phases) {
      const x = ((batch / grid.imagesPerBlock) * grid.phaseCols + phaseCol) * phaseWidth;
      const y = phaseRow * phaseHeight;
      const taps = tapsAtOnce(cols.count);
      const source = correlationSource({
        tile: grid.tile,
        blocks: grid.blocks,
        step: c.stepCols,
        taps,
        tapStep: taps === 1 ? 0 : cols.offsetStep,
        channelsAcross: filter.channelsAcross,
        inPairs: c.image.inBlocks,
      });
      const pass: Pass = {
        viewport: [x, y, phaseWidth, phaseHeight],
        uniforms: {
          ...same,
          origin: [x, y, batch],
          rowTaps: [rows.count, rows.offset, rows.offsetStep],
          rowFilter: [rows.tap * c.filterWidth, rows.tapStep * c.filterWidth],
          colTaps: [cols.count / taps, cols.offset, cols.offsetStep * taps],
          colFilter: [cols.tap, cols.tapStep],
        },
      };
      const drawn = draws.get(source.key);
      if (drawn) drawn.passes.push(pass);
      else draws.set(source.key, { source, passes: [pass] });
    }
  }
  try {
    for (const { source, passes } of draws.values()) {
      draw(backend, { source, target, textures: { A: c.image.info, W: filter.info }, passes });
    }
  } catch (error) {
    deleteLayers(backend, target);
    throw error;
  }
  return target;
}

interface Shape {
  tile: Tile;
  blocks: boolean;
  /** Columns from a pixel to the next, and from a tap to the next. */
  step: number;
  taps: number;
  tapStep: number;
  channelsAcross: boolean;
  /** Whether the image is read by pairs of columns. */
  inPairs: boolean;
}

function correlationSource({ tile, blocks, step, taps, tapStep, channelsAcross, inPairs }: Shape): ProgramSource {
  const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  const each = <T>(list: readonly T[], code: (item: T) => string): string => list.map(code).join('\n');
  const lines = range(tile.lines);
  const pixels = lines.flatMap((line) => range(tile.cols).map((col) => ({ line, col, n: line * tile.cols + col })));
  // Columns that the tile's pixels meet, relative to the first.
  const leftmost = Math.min(0, tapStep * (taps - 1));
  const columnOf = (col: number, tap: number): number => col * step + tap * tapStep - leftmost;
  const columns = [...new Set(range(tile.cols).flatMap((col) => range(taps).map((tap) => columnOf(col, tap))))];
  // 4 terms of a column are a texel; or halves of two, each shared with its neighbour.
  const fetched = (n: number, c: number): string => {
    if (!inPairs) return `texelFetch(A, ivec2(lineX${n} + x${c} + k, lineY${n}), 0)`;
    const pair = `p${n}_${c >> 1}_`;
    return c % 2 === 0 ? `vec4(${pair}0.rg, ${pair}1.rg)` : `vec4(${pair}0.ba, ${pair}1.ba)`;
  };
  const pairs = inPairs ? columns.filter((c) => c % 2 === 0).map((c) => c >> 1) : [];
  // A block of 4 channels × 4 terms is 4 texels; each of its channels has parts of two.
  const [nextTerm, nextChannel] = channelsAcross ? ['ivec2(0, 1)', 'ivec2(1, 0)'] : ['ivec2(1, 0)', 'ivec2(0, 1)'];
  const channel = (n: number): string => {
    const pair = (channelsAcross ? ['rb', 'ga'] : ['rg', 'ba'])[n % 2];
    return n < 2 ? `vec4(b0.${pair}, b1.${pair})` : `vec4(b2.${pair}, b3.${pair})`;
  };
  const fragment = `
uniform sampler2D A, W;
uniform int stepRows;
uniform ivec2 fold, part, rowFilter, colFilter;
uniform ivec3 origin, rowTaps, colTaps;
uniform ivec4 grid, image, filterAt;
${each(pixels, ({ n }) => `layout(location = ${n}) out vec4 out${n};`)}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy) - origin.xy;
  int below = quotient(at.y, part.y);
  at += below * ivec2(part.x, -part.y);
  int column = quotient(at.x, grid.y);
  int tile = at.x - column * grid.y;
  int x0 = column * ${tile.cols * step} + colTaps.y + ${leftmost};
  ${each(
    lines,
    (n) => `int batch${n} = quotient(at.y * ${tile.lines} + ${n}, grid.x);
  int y${n} = (at.y * ${tile.lines} + ${n} - batch${n} * grid.x) * stepRows + rowTaps.y;
  batch${n} += origin.z;`,
  )}
  int depth = grid.w;
  int pairs = (image.y + 1) >> 1;
  int group = quotient(tile, grid.z);
  ivec2 tileAt = group * filterAt.zw + (tile - group * grid.z) * 2 * ${nextChannel};
  ${each(pixels, ({ n }) => `vec4 s${n} = vec4(0.);`)}
  for (int m = 0; m < rowTaps.x; m++) {
    ${each(
      lines,
      (n) => `int row${n} = y${n} + m * rowTaps.z;
    bool inside${n} = row${n} >= 0 && row${n} < image.x;`,
    )}
    if (!(${lines.map((n) => `inside${n}`).join(' || ')})) continue;
    ${each(
      lines,
      (n) => `int line${n} = batch${n} * image.x + clamp(row${n}, 0, image.x - 1);
    int lineY${n} = quotient(line${n}, image.z);
    int lineX${n} = (line${n} - lineY${n} * image.z) * image.y * image.w + group * depth;`,
    )}
    int tapRow = rowFilter.x + m * rowFilter.y + colFilter.x;
    for (int t = 0; t < colTaps.x; t++) {
      int col = x0 + t * colTaps.z;
      ${each(
        columns,
        (c) => `int x${c} = clamp(col + ${c}, 0, image.y - 1) * image.w;
      bool in${c} = col + ${c} >= 0 && col + ${c} < image.y;
      ${each(lines, (n) => `bvec4 in${n}_${c} = bvec4(inside${n} && in${c});`)}`,
      )}
      ${each(
        range(taps),
        (tap) => `ivec2 w${tap} = (tapRow + (t * ${taps} + ${tap}) * colFilter.y) * filterAt.xy + tileAt;
      int fold${tap} = quotient(w${tap}.y, fold.x);
      w${tap} += fold${tap} * ivec2(fold.y, -fold.x);`,
      )}
      ${each(lines, (n) => each(pairs, (i) => `int pair${n}_${i} = line${n} * pairs + clamp((col >> 1) + ${i}, 0, pairs - 1);`))}
      for (int k = 0; k < depth; k++) {
        ${each(lines, (n) => each(pairs, (i) => each([0, 1], (half) => `vec4 p${n}_${i}_${half} = texelFetch(A, ivec2(2 * (group * depth + k) + ${half}, pair${n}_${i}), 0);`)))}
        ${each(lines, (n) => each(columns, (c) => `vec4 v${n}_${c} = mix(vec4(0.), ${fetched(n, c)}, in${n}_${c});`))}
        ${each(
          range(taps),
          (tap) => `{
          ivec2 at = w${tap} + 2 * k * ${nextTerm};
          vec4 b0 = texelFetch(W, at, 0), b1 = texelFetch(W, at + ${nextTerm}, 0);
          vec4 b2 = texelFetch(W, at + ${nextChannel}, 0), b3 = texelFetch(W, at + ivec2(1), 0);
          ${each(range(4), (n) => `vec4 f${n} = ${channel(n)};`)}
          ${each(pixels, ({ line, col, n }) => `s${n} += vec4(${range(4).map((f) => `dot(v${line}_${columnOf(col, tap)}, f${f})`)});`)}
        }`,
        )}
      }
    }
  }
  ${each(pixels, ({ n }) => {
    // Of a pair of columns, the even one's target takes the first two channels of both, the odd one's the others.
    const [even, pair] = [n - (n % 2), n % 2 === 0 ? 'rg' : 'ba'];
    return blocks ? `out${n} = vec4(s${even}.${pair}, s${even + 1}.${pair});` : `out${n} = s${n};`;
  })}
}`;
  const across = channelsAcross ? ', channels across' : '';
  return {
    key: `correlation ${tile.lines} × ${tile.cols}, step ${step}, ${taps} taps by ${tapStep}${across}${inPairs ? ', in pairs' : ''}${blocks ? ', to blocks' : ''}`,
    fragment,
  };
}
