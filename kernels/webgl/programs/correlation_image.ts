// SPDX-License-Identifier: Apache-2.0
/**
 * The part of programs/correlation that reads the image, in either of its forms. It declares `v{row}_{column}`: 4
 * terms, the k-th quad, of each column that the rows of the tile meet; zeros outside the image, unless nothing outside
 * it is met by a pixel that counts. A dense image holds these zeros; of a packed one, what is fetched is masked.
 *
 * Dense (../layouts/dense_image), 4 terms of a column are a texel. Packed by tfjs, they are halves of two texels,
 * whose other halves are the neighbouring column's. So a pair of columns, the first of which is even, is fetched at
 * once. Example: channels 4 to 7 (k = 1) of columns 2 and 3 of some row, 8 channels, 6 columns; the pair is the
 * second of 3:
 *
 *     line of the pair │ texel 0   1    2        3
 *                      │   …       …    2:4 2:5  2:6 2:7       v_2 = 2:4 2:5 2:6 2:7
 *                      │                3:4 3:5  3:6 3:7       v_3 = 3:4 3:5 3:6 3:7
 */
import { each } from './glsl';

/** Code for three depths of the loops. */
export interface ImageCode {
  /** Within a row of taps: the texture's line of each row. */
  readonly lines: string;
  /** Within taps of a row: where the columns are, and whether they are inside. */
  readonly columns: string;
  /** Within a quad of terms: the terms themselves, by what is fetched at once. */
  readonly terms: readonly Fetched[];
}

/** Terms of some columns of a row of the tile. */
export interface Fetched {
  readonly row: number;
  readonly columns: readonly number[];
  readonly code: string;
}

/**
 * How an image lies: dense, dense in rows of several lines each, or as tfjs packs it; masked, if a pixel meets what is
 * outside.
 */
export type ImageForm = 'dense' | 'dense in long rows' | 'packed' | 'packed and masked';

const FORMS: Readonly<Record<ImageForm, (rows: readonly number[], columns: readonly number[]) => Form>> = {
  dense: denseImage,
  'dense in long rows': longRowsImage,
  packed: (rows, columns) => packedImage(rows, columns, false),
  'packed and masked': (rows, columns) => packedImage(rows, columns, true),
};

export function imageCode(rows: readonly number[], columns: readonly number[], form: ImageForm): ImageCode {
  const { lines, places, together, fetches, fetched } = FORMS[form](rows, columns);
  return {
    lines,
    columns: places,
    terms: rows.flatMap((row) =>
      together.map((some) => ({
        row,
        columns: some,
        code: `${fetches(row, some[0])}
        ${each(some, (c) => `vec4 v${row}_${c} = ${fetched(row, c)};`)}`,
      })),
    ),
  };
}

/** How one form is read. */
interface Form {
  readonly lines: string;
  readonly places: string;
  /** Columns that are fetched together. */
  readonly together: readonly (readonly number[])[];
  /** What fetches those from `first` on. */
  readonly fetches: (row: number, first: number) => string;
  /** The terms of a column of a row. */
  readonly fetched: (row: number, column: number) => string;
}

/** Which row of all, and which column, of a dense image is read: for what is outside the row, or column, of zeros. */
const denseRow = (n: number): string => `int line${n} = inside${n} ? image${n} * imageHeight + row${n} : imageRows;`;
// What is left of the image is, without a sign, far right of it.
const denseColumn = (c: number): string => `int(min(uint(col + ${c}), uint(imageWidth)))`;

function denseImage(rows: readonly number[], columns: readonly number[]): Form {
  return {
    lines: each(
      rows,
      (n) => `${denseRow(n)}
    int lineY${n} = quotient(line${n}, imageRowsPerLine);
    int lineX${n} = (line${n} - lineY${n} * imageRowsPerLine) * imageLineCols * imageTexels + group * depthQuads;`,
    ),
    places: each(columns, (c) => `int x${c} = ${denseColumn(c)} * imageTexels;`),
    together: columns.map((c) => [c]),
    fetches: () => '',
    fetched: (n, c) => `texelFetch(image, ivec2(lineX${n} + x${c} + k, lineY${n}), 0)`,
  };
}

/** Rows are lines of so many columns each. */
function longRowsImage(rows: readonly number[], columns: readonly number[]): Form {
  return {
    lines: each(rows, denseRow),
    places: each(
      columns,
      (c) => `int x${c} = ${denseColumn(c)};
      int lineOf${c} = quotient(x${c}, imageLineCols);
      x${c} = (x${c} - lineOf${c} * imageLineCols) * imageTexels + group * depthQuads;`,
    ),
    together: columns.map((c) => [c]),
    fetches: () => '',
    fetched: (n, c) => `texelFetch(image, ivec2(x${c} + k, line${n} * imageLinesPerRow + lineOf${c}), 0)`,
  };
}

function packedImage(rows: readonly number[], columns: readonly number[], masked: boolean): Form {
  const pairs = [...new Set(columns.map((c) => c >> 1))];
  const fetch = (n: number, pair: number, half: number): string => {
    const at = `ivec2(2 * (group * depthQuads + k) + ${half}, pairLine${n}_${pair})`;
    return `vec4 pair${n}_${pair}_${half} = texelFetch(image, ${at}, 0);`;
  };
  const masks = each(
    masked ? columns : [],
    (c) => `bool in${c} = col + ${c} >= 0 && col + ${c} < imageWidth;
      ${each(rows, (n) => `bvec4 in${n}_${c} = bvec4(inside${n} && in${c});`)}`,
  );
  return {
    lines: `${each(rows, (n) => `int line${n} = image${n} * imageHeight + clamp(row${n}, 0, imageHeight - 1);`)}
    int columnPairs = (imageWidth + 1) >> 1;`,
    places: `${masks}
      ${each(rows, (n) =>
        each(
          pairs,
          (pair) =>
            `int pairLine${n}_${pair} = line${n} * columnPairs + clamp((col >> 1) + ${pair}, 0, columnPairs - 1);`,
        ),
      )}`,
    together: pairs.map((pair) => columns.filter((c) => c >> 1 === pair)),
    fetches: (n, first) => `${fetch(n, first >> 1, 0)}\n${fetch(n, first >> 1, 1)}`,
    fetched: (n, c) => {
      const [pair, half] = [`pair${n}_${c >> 1}`, c % 2 === 0 ? 'rg' : 'ba'];
      const terms = `vec4(${pair}_0.${half}, ${pair}_1.${half})`;
      return masked ? `mix(vec4(0.), ${terms}, in${n}_${c})` : terms;
    },
  };
}
