// SPDX-License-Identifier: Apache-2.0
/**
 * The program that most kernels come down to: an implicit GEMM, a dense correlation over a grid of pixels. It reads
 * an image (dense: ../layouts/dense_image; or as tfjs packs it) and a filter (../layouts/filter_texels), and writes
 * the targets that ../layouts/target_grid draws.
 *
 * A fragment computes a tile of 2 rows × 4 columns of pixels × 4 channels, an output for each pixel, for several
 * taps of a row at once: neighbouring pixels meet the same columns through different taps, and these are fetched
 * once. Example: 4 pixels, 2 taps from one column to the next, columns fetched 5 rather than 8:
 *
 *     column        0     1     2     3     4
 *     pixel 0     tap 0 tap 1
 *     pixel 1           tap 0 tap 1
 *     pixel 2                 tap 0 tap 1
 *     pixel 3                       tap 0 tap 1
 *
 * Sums are sums of dot products of 4 terms. The tile, and so the program, is the same for every size of image.
 *
 * Texel fetches per useful multiply-add, which is what a real GPU pays: (2 · columns + 4 · T) / (128 · T) with T
 * taps at a time. Columns are 4 · T at most, and T + 3 if stride and dilation are 1: 0.094 with T = 1, 0.070 with 2,
 * 0.063 with 3. A program with one target has 0.31 (1 × 4), and stock's 1.25 and more. Taps that a phase does not
 * meet are never visited.
 */
import type { ProgramSource } from '../drawing/program';
import { WEIGHTS_STRUCT } from '../layouts/filter_texels';
import { GRID_STRUCT, type Tile } from '../layouts/target_grid';
import { type ImageForm, imageCode } from './correlation_image';
import { weightsCode } from './correlation_weights';
import { each, range } from './glsl';

/** What is compiled into the program. */
export interface CorrelationShape {
  readonly tile: Tile;
  /** Whether it writes 2 columns × 2 channels a texel. */
  readonly packed: boolean;
  /** Columns of the image from a pixel to the next. */
  readonly step: number;
  /** Taps of a row that are taken at once, and columns of the image from one to the next. */
  readonly taps: number;
  readonly tapStep: number;
  /** Whether the filter's texels hold their channels across. */
  readonly channelsAcross: boolean;
  readonly imageForm: ImageForm;
  /** Whether no pixel of the grid meets what is outside its image. */
  readonly staysInside: boolean;
}

export function correlationProgram(shape: CorrelationShape): ProgramSource {
  const { tile, packed, step, taps, tapStep, channelsAcross, imageForm, staysInside } = shape;
  const across = channelsAcross ? ', channels across' : '';
  const inside = staysInside ? ', inside' : '';
  const forms = `, ${imageForm} image${inside}${packed ? ', packed targets' : ''}`;
  const key = `correlation ${tile.rows} × ${tile.cols}, step ${step}, ${taps} taps by ${tapStep}${across}${forms}`;
  return { key, fragment: () => fragmentOf(shape) };
}

const UNIFORMS = `
uniform sampler2D image, weights;
${GRID_STRUCT}
${WEIGHTS_STRUCT}
uniform int imageHeight, imageWidth, imageRowsPerLine, imageLinesPerRow, imageLineCols, imageTexels;
uniform int stepRows, depthQuads, firstImage;
uniform ivec2 origin;  // of the phase's rectangle
/**
 * Tap n reads what is offset + n · offsetStep from the pixel's own; in the filter it is tap index + n · indexStep.
 */
struct Taps { int count, offset, offsetStep, index, indexStep; };
uniform Taps rowTaps, colTaps;`;

function fragmentOf(shape: CorrelationShape): string {
  const { tile, packed, step, taps, tapStep, channelsAcross, imageForm, staysInside } = shape;
  const rows = range(tile.rows);
  const pixels = rows.flatMap((row) => range(tile.cols).map((col) => ({ row, col, n: row * tile.cols + col })));
  // Columns that the tile's pixels meet, counted from the leftmost.
  const leftmost = Math.min(0, tapStep * (taps - 1));
  const columnOf = (col: number, tap: number): number => col * step + tap * tapStep - leftmost;
  const columns = [...new Set(range(tile.cols).flatMap((col) => range(taps).map((tap) => columnOf(col, tap))))];
  const image = imageCode(rows, columns, imageForm, staysInside);
  const weights = weightsCode(channelsAcross);
  const sums = (tap: number): string =>
    each(pixels, ({ row, col, n }) => {
      const v = `v${row}_${columnOf(col, tap)}`;
      return `sum${n} += vec4(dot(${v}, c0), dot(${v}, c1), dot(${v}, c2), dot(${v}, c3));`;
    });
  return `${UNIFORMS}
${each(pixels, ({ n }) => `layout(location = ${n}) out vec4 out${n};`)}
void main() {
  // Which tile and quad of channels this is.
  ivec2 at = ivec2(gl_FragCoord.xy) - origin;
  int band = quotient(at.y, grid.bandHeight);
  at += band * ivec2(grid.bandWidth, -grid.bandHeight);
  int tileCol = quotient(at.x, grid.quads);
  int quad = at.x - tileCol * grid.quads;
  int group = quotient(quad, grid.groupQuads);
  ivec2 quadAt = group * weightsAt.perGroup + (quad - group * grid.groupQuads) * 2 * ${weights.nextChannel};
  // Which image each row of the tile is in, and which row and column of it the first taps read.
  ${each(
    rows,
    (n) => `int image${n} = quotient(at.y * ${tile.rows} + ${n}, grid.rows);
  int y${n} = (at.y * ${tile.rows} + ${n} - image${n} * grid.rows) * stepRows + rowTaps.offset;
  image${n} += firstImage;`,
  )}
  int x = tileCol * ${tile.cols * step} + colTaps.offset + ${leftmost};
  ${each(pixels, ({ n }) => `vec4 sum${n} = vec4(0.);`)}
  for (int m = 0; m < rowTaps.count; m++) {
    ${each(
      rows,
      (n) => `int row${n} = y${n} + m * rowTaps.offsetStep;
    bool inside${n} = row${n} >= 0 && row${n} < imageHeight;`,
    )}
    if (!(${rows.map((n) => `inside${n}`).join(' || ')})) continue;
    ${image.lines}
    int firstTap = rowTaps.index + m * rowTaps.indexStep + colTaps.index;
    for (int t = 0; t < colTaps.count; t++) {
      int col = x + t * colTaps.offsetStep;
      ${image.columns}
      ${each(
        range(taps),
        (n) => `int tap${n} = firstTap + (t * ${taps} + ${n}) * colTaps.indexStep;
      ivec2 tapAt${n} = folded(tap${n} * weightsAt.perTap + quadAt);`,
      )}
      for (int k = 0; k < depthQuads; k++) {
        ${image.terms}
        ${each(range(taps), (n) => `{\n${weights.terms(`tapAt${n}`)}\n${sums(n)}\n}`)}
      }
    }
  }
  ${each(pixels, ({ n }) => {
    const [even, half] = [n - (n % 2), n % 2 === 0 ? 'rg' : 'ba'];
    return `out${n} = ${packed ? `vec4(sum${even}.${half}, sum${even + 1}.${half})` : `sum${n}`};`;
  })}
}`;
}
