// SPDX-License-Identifier: Apache-2.0
/**
 * The filter gradient as a matrix product over pixels of x: rows are (tap, channel of y), columns channels of x. A
 * workgroup computes a tile of rows × columns for a part of the pixels; programs/partial_sums adds the parts up. So no
 * invocation walks over all pixels, and no sum is longer than a part and the number of parts.
 *
 *     result [part][tap][channel of y in its group][channel of x]
 *
 * Through a workgroup's memory go, for a chunk of pixels, the rows (dy, moved by the tap: zero outside) and the columns
 * (x), quads of channels lying together in both; an invocation multiplies 8 × 4 in registers.
 */
import { type ProgramSource, QUOTIENT, WORKGROUP, each, range, readIf, shifted, within } from './program';

export interface FilterGradientKind {
  /** Invocations of a workgroup by columns; the others go by rows. */
  readonly across: number;
  /** Quads of rows of an invocation. */
  readonly down: number;
  /** Pixels of a chunk. */
  readonly chunk: number;
  /** Whether four channels of dy, and of x, lie together within a group. */
  readonly dy: 1 | 4;
  readonly x: 1 | 4;
}

export function tileRows({ across, down }: FilterGradientKind): number {
  return (WORKGROUP / across) * down * 4;
}

export function tileCols({ across }: FilterGradientKind): number {
  return 4 * across;
}

/** Of all programs that sum up parts. */
export const PART_INTEGERS = [
  'batch',
  'inHeight',
  'inWidth',
  'outHeight',
  'outWidth',
  'inChannels',
  'outChannels',
  'groups',
  'tapRows',
  'tapCols',
  'strideRows',
  'strideCols',
  'dilationRows',
  'dilationCols',
  'padTop',
  'padLeft',
  'pixelsOfPart',
  'parts',
];

export function filterGradientSource(kind: FilterGradientKind): ProgramSource {
  const { across, down, chunk, dy, x } = kind;
  const rowQuads = tileRows(kind) / 4;
  const ownRows = range(down);
  return {
    key: `filter gradient ${[across, down, chunk, dy, x].join(' ')}`,
    inputs: [
      { name: 'x', lanes: x },
      { name: 'dy', lanes: dy },
    ],
    outputLanes: x,
    integers: [...PART_INTEGERS, 'rowTiles', 'colTiles'],
    code: () => `${QUOTIENT}
const ROW_QUADS = ${rowQuads};
const COL_QUADS = ${across};
var<workgroup> rowTerms: array<vec4<f32>, ${rowQuads * chunk}>;
var<workgroup> colTerms: array<vec4<f32>, ${across * chunk}>;

fn main(index: i32) {
  let thread = i32(localIndex);
  let work = ${shifted('index', WORKGROUP)};
  let ofCols = quotient(work, uniforms.colTiles);
  let colTile = work - ofCols * uniforms.colTiles;
  let ofRows = quotient(ofCols, uniforms.rowTiles);
  let rowTile = ofCols - ofRows * uniforms.rowTiles;
  let part = quotient(ofRows, uniforms.groups);
  let group = ofRows - part * uniforms.groups;
  let groupRows = uniforms.outChannels / uniforms.groups;
  let groupCols = uniforms.inChannels / uniforms.groups;
  let rows = uniforms.tapRows * uniforms.tapCols * groupRows;
  let pixels = select(0, uniforms.batch * uniforms.inHeight * uniforms.inWidth, part < uniforms.parts);
  let end = min(pixels, (part + 1) * uniforms.pixelsOfPart);
  // What an invocation loads: always the same rows and columns.
  let rowQuad = thread & (ROW_QUADS - 1);
  let firstRow = 4 * (rowTile * ROW_QUADS + rowQuad);
${dy === 4 ? rowOf('', 'firstRow') : each(range(4), (n) => rowOf(`${n}`, `firstRow + ${n}`))}
  let ownLine = ${shifted('thread', across)} * ${down};
  let colQuad = thread & (COL_QUADS - 1);
  let firstCol = 4 * (colTile * COL_QUADS + colQuad);
${each(ownRows, (n) => each(range(4), (k) => `  var sum${n}${k} = vec4<f32>(0.);`))}
  for (var chunk = 0; chunk < uniforms.pixelsOfPart; chunk += ${chunk}) {
    let first = part * uniforms.pixelsOfPart + chunk;
${each(range(Math.ceil((rowQuads * chunk) / WORKGROUP)), (n) => loadRows(kind, n))}
${each(range(Math.ceil((across * chunk) / WORKGROUP)), (n) => loadCols(kind, n))}
    workgroupBarrier();
    for (var p = 0; p < ${chunk}; p++) {
      let by = colTerms[p * COL_QUADS + colQuad];
${each(
  ownRows,
  (n) => `      let of${n} = rowTerms[p * ROW_QUADS + ownLine + ${n}];
${each(range(4), (k) => `      sum${n}${k} = sum${n}${k} + of${n}.${'xyzw'[k]} * by;`)}`,
)}
    }
    workgroupBarrier();
  }
  let col = 4 * (colTile * COL_QUADS + colQuad);
  if (col < groupCols && part < uniforms.parts) {
    let ofPart = part * rows * uniforms.inChannels;
    let ownRow = 4 * (rowTile * ROW_QUADS + ownLine);
${each(ownRows, (n) =>
  each(
    range(4),
    (k) => `    if (ownRow + ${4 * n + k} < rows) {
      let at = ofPart + (ownRow + ${4 * n + k}) * uniforms.inChannels + group * groupCols + col;
${
  x === 4
    ? `      result[at >> 2u] = sum${n}${k};`
    : each(range(4), (j) => `      if (col + ${j} < groupCols) { result[at + ${j}] = sum${n}${k}.${'xyzw'[j]}; }`)
}
    }`,
  ),
)}
  }
}`,
  };
}

/** Row `row` → where its tap reads, and its channel of dy. */
function rowOf(n: string, row: string): string {
  return `  let tap${n} = quotient(${row}, groupRows);
  let channel${n} = group * groupRows + ${row} - tap${n} * groupRows;
  let tapRow${n} = quotient(tap${n}, uniforms.tapCols);
  let offsetRow${n} = tapRow${n} * uniforms.dilationRows - uniforms.padTop;
  let offsetCol${n} = (tap${n} - tapRow${n} * uniforms.tapCols) * uniforms.dilationCols - uniforms.padLeft;`;
}

function loadRows(kind: FilterGradientKind, n: number): string {
  const rowQuads = tileRows(kind) / 4;
  const one = (suffix: string, to: string): string => `      {
        let row = i + offsetRow${suffix};
        let col = j + offsetCol${suffix};
        let pixelOfDy = (image * uniforms.outHeight + row) * uniforms.outWidth + col;
        let at = pixelOfDy * uniforms.outChannels + channel${suffix};
        let inside = (pixel < end) & (${kind.dy === 4 ? 'firstRow' : `firstRow + ${suffix}`} < rows)
          & ${within('row', 'uniforms.outHeight')} & ${within('col', 'uniforms.outWidth')};
        ${to} = ${readIf('inside', 'dy', kind.dy === 4 ? 'at >> 2u' : 'at', kind.dy)};
      }`;
  return `    {
      let p = ${shifted('thread', rowQuads)} + ${(n * WORKGROUP) / rowQuads};
      let pixel = first + p;
      let line = quotient(pixel, uniforms.inWidth);
      let image = quotient(line, uniforms.inHeight);
      let i = (line - image * uniforms.inHeight) * uniforms.strideRows;
      let j = (pixel - line * uniforms.inWidth) * uniforms.strideCols;
      var value: vec4<f32>;
${kind.dy === 4 ? one('', 'value') : each(range(4), (k) => one(`${k}`, `value.${'xyzw'[k]}`))}
      rowTerms[p * ROW_QUADS + rowQuad] = value;
    }`;
}

function loadCols({ across, chunk, x }: FilterGradientKind, n: number): string {
  const of = 'pixel * uniforms.inChannels + group * groupCols + firstCol';
  const counts = (col: string): string => `(pixel < end) & (${col} < groupCols)`;
  return `    {
      let p = ${shifted('thread', across)} + ${(n * WORKGROUP) / across};
      let pixel = first + p;
      var value: vec4<f32>;
${
  x === 4
    ? `      value = ${readIf(counts('firstCol'), 'x', `(${of}) >> 2u`, 4)};`
    : each(range(4), (k) => `      value.${'xyzw'[k]} = ${readIf(counts(`firstCol + ${k}`), 'x', `${of} + ${k}`, 1)};`)
}
      ${(across * chunk) % WORKGROUP === 0 ? '{' : `if (p < ${chunk}) {`} colTerms[p * COL_QUADS + colQuad] = value; }
    }`;
}
