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
  readonly textureWidth: number;
  readonly textureHeight: number;
}

/** Lays out rows of pixels, or says why no texture could hold them. */
export function denseLayout(rows: number, width: number, texels: number, maxSize: number): DenseLayout | Unsupported {
  const rowsPerLine = Math.max(1, Math.ceil(rows / maxSize));
  const textureWidth = rowsPerLine * width * texels;
  if (textureWidth > maxSize) {
    return unsupported(
      `${rows} rows of ${width} pixels × ${texels} texels do not fit a texture of ${maxSize} × ${maxSize}`,
    );
  }
  return { rows, width, texels, rowsPerLine, textureWidth, textureHeight: Math.max(1, Math.ceil(rows / rowsPerLine)) };
}

/** GLSL of a layout's uniforms. */
export const DENSE_STRUCT = `
struct Dense {
  int rowsPerLine;
  int width;   // pixels of a row
  int texels;  // of a pixel
};`;

export function denseUniforms(name: string, { rowsPerLine, width, texels }: DenseLayout): Uniforms {
  return { [`${name}.rowsPerLine`]: rowsPerLine, [`${name}.width`]: width, [`${name}.texels`]: texels };
}
