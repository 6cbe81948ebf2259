// SPDX-License-Identifier: Apache-2.0
/**
 * The program that most kernels come down to: an implicit GEMM, a dense correlation over a grid of pixels. It reads
 * an image (dense: ../layouts/dense_image; or as tfjs packs it) and a filter (../layouts/filter_texels), and writes
 * the targets that ../layouts/target_grid draws.
 *
 * A fragment computes a tile of pixels × 4 channels (../tiles), an output for each pixel, for several taps of a row at
 * once: neighbouring pixels meet the same columns through different taps, and these are fetched once. Example: 4
 * pixels, 2 taps from one column to the next, columns fetched 5 rather than 8:
 *
 *     column        0     1     2     3     4
 *     pixel 0     tap 0 tap 1
 *     pixel 1           tap 0 tap 1
 *     pixel 2                 tap 0 tap 1
 *     pixel 3                       tap 0 tap 1
 *
 * The weights of the taps are fetched first; then a column goes into all sums that it meets, before the next one is
 * fetched, so that few registers hold what is fetched. A sum takes a term of all 4 channels at once, sum += v.x · (c0,
 * c1, c2, c3): nothing but fused multiply-adds, where sums of dot products took a fifth more. The tile, and so the
 * program, is the same for every size of image.
 *
 * Texel fetches per useful multiply-add, with tiles of 2 × 4 and T taps at a time: (2 · columns + 4 · T) / (128 · T).
 * Columns are 4 · T at most, and T + 3 if taps meet what lies as far apart as pixels do: 0.094 with T = 1, 0.070 with
 * 2, 0.063 with 3; stock's have 0.25 and more. Taps that a phase does not meet are never visited.
 */
import type { ProgramSource } from '../drawing/program';
import { WEIGHTS_STRUCT } from '../layouts/filter_texels';
import { GRID_STRUCT } from '../layouts/target_grid';
import type { CorrelationTile } from '../tiles';
import { type Fetched, type ImageForm, imageCode } from './correlation_image';
import { weightsCode } from './correlation_weights';
import { LANES, each, range } from './glsl';

/** What is compiled into the program. */
export interface CorrelationShape {
  readonly tile: CorrelationTile;
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
}

export function correlationProgram(shape: CorrelationShape): ProgramSource {
  const { tile, packed, step, taps, tapStep, channelsAcross, imageForm } = shape;
  const across = channelsAcross ? ', channels across' : '';
  const forms = `, ${imageForm} image${packed ? ', packed targets' : ''}`;
  const tileOf = `${tile.rows} × ${tile.cols}, ${tile.registers} registers`;
  const key = `correlation ${tileOf}, step ${step}, ${taps} taps by ${tapStep}${across}${forms}`;
  return { key, fragment: () => fragmentOf(shape) };
}

/**
 * Taps that are taken at once: those that meet the same columns stand together, no more than the tile has registers
 * for. Example: 5 taps, 3 at once. Stride 2: taps 0, 2 and 4 meet even columns, 1 and 3 odd ones. Stride 1: 0 to 2,
 * then 3 and 4.
 */
function tapGroups({ tile, step, taps, tapStep }: CorrelationShape): number[][] {
  const classes = new Map<number, number[]>();
  for (const tap of range(taps)) {
    const key = (((tap * tapStep) % step) + step) % step;
    classes.set(key, [...(classes.get(key) ?? []), tap]);
  }
  return [...classes.values()].flatMap((all) => {
    const count = Math.ceil(all.length / tile.taps);
    const size = Math.ceil(all.length / count);
    return range(count).map((n) => all.slice(n * size, (n + 1) * size));
  });
}

const UNIFORMS = `
uniform sampler2D image, weights;
${GRID_STRUCT}
${WEIGHTS_STRUCT}
uniform int imageHeight, imageWidth, imageRows, imageRowsPerLine, imageLinesPerRow, imageLineCols, imageTexels;
uniform int stepRows, depthQuads, firstImage;
uniform ivec2 origin;  // of the phase's rectangle
/**
 * Tap n reads what is offset + n · offsetStep from the pixel's own; in the filter it is tap index + n · indexStep.
 */
struct Taps { int count, offset, offsetStep, index, indexStep; };
uniform Taps rowTaps, colTaps;`;

function fragmentOf(shape: CorrelationShape): string {
  const { tile, packed, step, taps, tapStep, channelsAcross, imageForm } = shape;
  // Where a column is: found out once; or each time that it is fetched, if it takes two numbers and registers are few.
  const placesInLoop = tile.registers <= 64 && imageForm === 'dense in long rows';
  const rows = range(tile.rows);
  const pixels = rows.flatMap((row) => range(tile.cols).map((col) => ({ row, col, n: row * tile.cols + col })));
  // Columns that the tile's pixels meet, counted from the leftmost.
  const leftmost = Math.min(0, tapStep * (taps - 1));
  const columnOf = (col: number, tap: number): number => col * step + tap * tapStep - leftmost;
  const weights = weightsCode(channelsAcross);
  const groups = tapGroups(shape).map((group) => {
    const columns = [...new Set(range(tile.cols).flatMap((col) => group.map((tap) => columnOf(col, tap))))];
    const parts = placesInLoop ? columns.map((c) => [c]) : [columns];
    return { group, images: parts.map((some) => imageCode(rows, some, imageForm)) };
  });
  /** What is fetched goes into the sums of each pixel that meets it, through whichever tap. */
  const sums = (group: readonly number[], { row, columns }: Fetched): string =>
    each(
      pixels.filter((pixel) => pixel.row === row),
      ({ col, n }) =>
        each(
          group.filter((tap) => columns.includes(columnOf(col, tap))),
          (tap) => LANES.map((l) => `sum${n} += v${row}_${columnOf(col, tap)}[${l}] * t${tap}_${l};`).join(' '),
        ),
    );
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
    ${groups[0].images[0].lines}
    int firstTap = rowTaps.index + m * rowTaps.indexStep + colTaps.index;
    for (int t = 0; t < colTaps.count; t++) {
      int col = x + t * colTaps.offsetStep;
      ${each(
        groups,
        ({ group, images }) => `{
      ${placesInLoop ? '' : images[0].columns}
      ${each(
        group,
        (n) => `int tap${n} = firstTap + (t * ${taps} + ${n}) * colTaps.indexStep;
      ivec2 tapAt${n} = folded(tap${n} * weightsAt.perTap + quadAt);`,
      )}
      for (int k = 0; k < depthQuads; k++) {
        ${each(group, weights.terms)}
        ${each(
          images,
          ({ columns, terms }) => `{
        ${placesInLoop ? columns : ''}
        ${each(terms, (fetched) => `{\n${fetched.code}\n${sums(group, fetched)}\n}`)}
        }`,
        )}
      }
      }`,
      )}
    }
  }
  ${each(pixels, ({ n }) => {
    const [even, half] = [n - (n % 2), n % 2 === 0 ? 'rg' : 'ba'];
    return `out${n} = ${packed ? `vec4(sum${even}.${half}, sum${even + 1}.${half})` : `sum${n}`};`;
  })}
}`;
}
