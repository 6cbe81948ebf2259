// SPDX-License-Identifier: Apache-2.0
/**
 * The dense layout of an image [batch, height, width, channels]. A texel holds 4 channels of a pixel; each group of
 * channels is filled up with zeros to whole texels. The pixels of a row follow one another.
 *
 * Example: [1, 3, 2, 6] in one group, 2 texels a pixel. `r1 c0:4` is row 1, column 0, channels 4 and 5 and two zeros.
 *
 *     line │ texel 0   1         2         3
 *        0 │ r0 c0:0 │ r0 c0:4 │ r0 c1:0 │ r0 c1:4
 *        1 │ r1 c0:0 │ r1 c0:4 │ r1 c1:0 │ r1 c1:4
 *        2 │ r2 c0:0 │ r2 c0:4 │ r2 c1:0 │ r2 c1:4
 *
 * Rows of all images stand below one another. If the largest texture had 2 lines, 2 rows would share one:
 *
 *        0 │ r0 c0:0 │ r0 c0:4 │ r0 c1:0 │ r0 c1:4 │ r1 c0:0 │ r1 c0:4 │ r1 c1:0 │ r1 c1:4
 *        1 │ r2 c0:0 │ r2 c0:4 │ r2 c1:0 │ r2 c1:4 │
 *
 * If it were no wider than 3 texels, a row would take 2 lines, cut between pixels:
 *
 *        0 │ r0 c0:0 │ r0 c0:4 │
 *        1 │ r0 c1:0 │ r0 c1:4 │
 *        2 │ r1 c0:0 │ r1 c0:4 │
 *          …
 *
 * An image that is met outside its bounds has a margin: one more column, and one more row below all images. Both are
 * zeros, and stand for everything outside.
 */
import { type Unsupported, unsupported } from '../../../src/contract';
import type { Uniforms } from '../drawing/uniforms';

export interface DenseLayout {
  /** Of all images. */
  readonly rows: number;
  /** Pixels of a row. */
  readonly width: number;
  /** Texels of a pixel. */
  readonly texels: number;
  /** Rows side by side in a line of the texture: as few as its height allows. */
  readonly rowsPerLine: number;
  /** Lines that a row takes, and its pixels in each: 1 and all, unless no texture is wide enough. */
  readonly linesPerRow: number;
  readonly lineCols: number;
  readonly textureWidth: number;
  readonly textureHeight: number;
}

/** Lays out rows of pixels, or says why no texture could hold them. */
export function denseLayout(rows: number, width: number, texels: number, maxSize: number): DenseLayout | Unsupported {
  const whole = wholeRowsLayout(rows, width, texels, maxSize);
  if (!('reason' in whole) || width * texels <= maxSize) return whole;
  const linesPerRow = Math.ceil(width / Math.max(1, Math.floor(maxSize / texels)));
  const lineCols = Math.ceil(width / linesPerRow);
  const [textureWidth, textureHeight] = [lineCols * texels, rows * linesPerRow];
  if (textureWidth > maxSize || textureHeight > maxSize) return whole;
  return { rows, width, texels, rowsPerLine: 1, linesPerRow, lineCols, textureWidth, textureHeight };
}

/** The same, where no row may take more than a line. */
export function wholeRowsLayout(
  rows: number,
  width: number,
  texels: number,
  maxSize: number,
): DenseLayout | Unsupported {
  const rowsPerLine = Math.max(1, Math.ceil(rows / maxSize));
  const textureWidth = rowsPerLine * width * texels;
  if (textureWidth > maxSize) {
    return unsupported(
      `${rows} rows of ${width} pixels × ${texels} texels do not fit a texture of ${maxSize} × ${maxSize}`,
    );
  }
  const textureHeight = Math.max(1, Math.ceil(rows / rowsPerLine));
  return { rows, width, texels, rowsPerLine, linesPerRow: 1, lineCols: width, textureWidth, textureHeight };
}

/** GLSL of a layout's uniforms. */
export const DENSE_STRUCT = `
struct Dense {
  int rowsPerLine;
  int linesPerRow;
  int lineCols;  // pixels of a row in a line
  int width;     // pixels of a row
  int texels;    // of a pixel
};`;

/** GLSL: which row and column a texel is of, and which of the column's texels it is, `ivec3`. */
export const DENSE_PLACE = `
ivec3 densePlace(Dense dense, ivec2 at) {
  int rowTexels = dense.lineCols * dense.texels;
  int side = quotient(at.x, rowTexels);
  int line = quotient(at.y, dense.linesPerRow);
  int within = at.x - side * rowTexels;
  int col = quotient(within, dense.texels);
  return ivec3(
    line * dense.rowsPerLine + side,
    (at.y - line * dense.linesPerRow) * dense.lineCols + col,
    within - col * dense.texels);
}`;

/** GLSL: where the first texel of a row's column is. */
export const DENSE_TEXEL = `
ivec2 denseTexel(Dense dense, int row, int col) {
  int line = quotient(row, dense.rowsPerLine);
  int lineCol = quotient(col, dense.lineCols);
  int pixel = (row - line * dense.rowsPerLine) * dense.lineCols + col - lineCol * dense.lineCols;
  return ivec2(pixel * dense.texels, line * dense.linesPerRow + lineCol);
}`;

export function denseUniforms(name: string, layout: DenseLayout): Uniforms {
  const { rowsPerLine, linesPerRow, lineCols, width, texels } = layout;
  return {
    [`${name}.rowsPerLine`]: rowsPerLine,
    [`${name}.linesPerRow`]: linesPerRow,
    [`${name}.lineCols`]: lineCols,
    [`${name}.width`]: width,
    [`${name}.texels`]: texels,
  };
}
