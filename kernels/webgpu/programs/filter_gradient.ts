// SPDX-License-Identifier: Apache-2.0
/**
 * The filter gradient as a matrix product over pixels of x: rows are (tap, channel of y), columns channels of x. A
 * workgroup computes a tile of rows × columns for a part of the pixels; programs/partial_sums adds the parts up. So no
 * invocation walks over all pixels, and no sum is longer than a part and the number of parts.
 *
 *     result [part][tap][channel of y in its group][channel of x]
 *
 * Through a workgroup's memory go, for a chunk of pixels, the rows (dy, moved by the tap: zero outside) and the columns
 * (x), quads of channels lying together in both; an invocation multiplies 8 × 4, or 4 × 4, in registers.
 */
import { GEOMETRY_INTEGERS } from './geometry_integers';
import {
  type Lanes,
  type ProgramSource,
  QUOTIENT,
  WORKGROUP,
  each,
  range,
  readIf,
  shifted,
  takenApart,
  within,
} from './program';
import { type Tile, tileRows } from './tile';

/** Pixels of a chunk. */
const CHUNK = 16;

export interface FilterGradientKind {
  readonly tile: Tile;
  /** Whether four channels of dy, and of x, lie together within a group. */
  readonly dy: Lanes;
  readonly x: Lanes;
}

/** Of all programs that sum up parts of the pixels. */
export const PART_INTEGERS = [...GEOMETRY_INTEGERS, 'pixelsOfPart', 'parts'];

/** What the index of a workgroup, or of an invocation with a tile of its own, counts before parts. */
export const TILE_OF_PART = [
  ['colTile', 'uniforms.colTiles'],
  ['rowTile', 'uniforms.rowTiles'],
  ['group', 'uniforms.groups'],
] as const;

/** For an invocation that walks over pixels of x from `first` on: where that is, column `j` and row `i` of `image`. */
export function placeOf(first: string): string {
  return `  let line = quotient(${first}, uniforms.inWidth);
  var image = quotient(line, uniforms.inHeight);
  var i = line - image * uniforms.inHeight;
  var j = ${first} - line * uniforms.inWidth;`;
}

/** On to the next. */
export const NEXT_PLACE = `    j++;
    if (j == uniforms.inWidth) { j = 0; i++; }
    if (i == uniforms.inHeight) { i = 0; image++; }`;

/** What programs of tiles take, and how they see what they write. */
export function takenByTiles({
  dy,
  x,
}: Omit<FilterGradientKind, 'tile'>): Pick<ProgramSource, 'inputs' | 'outputLanes' | 'integers'> {
  return {
    inputs: [
      { name: 'x', lanes: x },
      { name: 'dy', lanes: dy },
    ],
    outputLanes: x,
    integers: [...PART_INTEGERS, 'rowTiles', 'colTiles'],
  };
}

export function filterGradientSource(kind: FilterGradientKind): ProgramSource {
  const { tile, dy, x } = kind;
  const { across } = tile;
  const rowQuads = tileRows(tile) / 4;
  const ownQuads = tile.rows / 4;
  return {
    key: `filter gradient ${[across, tile.rows, dy, x].join(' ')}`,
    ...takenByTiles(kind),
    code: () => `${QUOTIENT}
const ROW_QUADS = ${rowQuads};
const COL_QUADS = ${across};
var<workgroup> rowTerms: array<vec4<f32>, ${rowQuads * CHUNK}>;
var<workgroup> colTerms: array<vec4<f32>, ${across * CHUNK}>;

fn main(index: i32) {
  let thread = i32(localIndex);
  let work = ${shifted('index', WORKGROUP)};
${takenApart('work', TILE_OF_PART, 'part')}
  let groupRows = uniforms.outChannels / uniforms.groups;
  let groupCols = uniforms.inChannels / uniforms.groups;
  let rows = uniforms.filterHeight * uniforms.filterWidth * groupRows;
  let pixels = select(0, uniforms.batch * uniforms.inHeight * uniforms.inWidth, part < uniforms.parts);
  let end = min(pixels, (part + 1) * uniforms.pixelsOfPart);
  // What an invocation loads: always the same rows and columns.
  let rowQuad = thread & (ROW_QUADS - 1);
  let firstRow = 4 * (rowTile * ROW_QUADS + rowQuad);
${dy === 4 ? rowOf('', 'firstRow') : each(range(4), (n) => rowOf(`${n}`, `(firstRow + ${n})`))}
  let ownLine = ${shifted('thread', across)} * ${ownQuads};
  let colQuad = thread & (COL_QUADS - 1);
  let firstCol = 4 * (colTile * COL_QUADS + colQuad);
${each(range(ownQuads), (n) => each(range(4), (k) => `  var sum${n}${k} = vec4<f32>(0.);`))}
  for (var chunk = 0; chunk < uniforms.pixelsOfPart; chunk += ${CHUNK}) {
    let first = part * uniforms.pixelsOfPart + chunk;
${each(range(Math.ceil((rowQuads * CHUNK) / WORKGROUP)), (n) => loadRows(kind, n))}
${each(range(Math.ceil((across * CHUNK) / WORKGROUP)), (n) => loadCols(kind, n))}
    workgroupBarrier();
    for (var p = 0; p < ${CHUNK}; p++) {
      let by = colTerms[p * COL_QUADS + colQuad];
${each(
  range(ownQuads),
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
${each(range(ownQuads), (n) =>
  each(
    range(4),
    (k) => `    if (ownRow + ${4 * n + k} < rows) {
      let at = ofPart + (ownRow + ${4 * n + k}) * uniforms.inChannels + group * groupCols + col;
${writeSums(x, `sum${n}${k}`)}
    }`,
  ),
)}
  }
}`,
  };
}

/** Writes four columns from `col` on, at `at`. */
export function writeSums(x: Lanes, sums: string): string {
  return x === 4
    ? `      result[at >> 2u] = ${sums};`
    : each(range(4), (j) => `      if (col + ${j} < groupCols) { result[at + ${j}] = ${sums}.${'xyzw'[j]}; }`);
}

/** Row `row` → where its tap reads, and its channel of dy. */
function rowOf(n: string, row: string): string {
  const digits = [
    [`ofGroup${n}`, 'groupRows'],
    [`tapCol${n}`, 'uniforms.filterWidth'],
  ] as const;
  return `${takenApart(row, digits, `tapRow${n}`)}
  let channel${n} = group * groupRows + ofGroup${n};
  let offsetRow${n} = tapRow${n} * uniforms.dilationHeight - uniforms.padTop;
  let offsetCol${n} = tapCol${n} * uniforms.dilationWidth - uniforms.padLeft;`;
}

/** A pixel of x. */
const PIXEL = [
  ['j', 'uniforms.inWidth'],
  ['i', 'uniforms.inHeight'],
] as const;

function loadRows(kind: FilterGradientKind, n: number): string {
  const rowQuads = tileRows(kind.tile) / 4;
  const one = (suffix: string, to: string): string => `      {
        let row = i * uniforms.strideHeight + offsetRow${suffix};
        let col = j * uniforms.strideWidth + offsetCol${suffix};
        let pixelOfDy = (image * uniforms.outHeight + row) * uniforms.outWidth + col;
        let at = pixelOfDy * uniforms.outChannels + channel${suffix};
        let inside = (pixel < end) & (${kind.dy === 4 ? 'firstRow' : `firstRow + ${suffix}`} < rows)
          & ${within('row', 'uniforms.outHeight')} & ${within('col', 'uniforms.outWidth')};
        ${to} = ${readIf('inside', 'dy', kind.dy === 4 ? 'at >> 2u' : 'at', kind.dy)};
      }`;
  return `    {
      let p = ${shifted('thread', rowQuads)} + ${(n * WORKGROUP) / rowQuads};
      let pixel = first + p;
${takenApart('pixel', PIXEL, 'image')}
      var value: vec4<f32>;
${kind.dy === 4 ? one('', 'value') : each(range(4), (k) => one(`${k}`, `value.${'xyzw'[k]}`))}
      rowTerms[p * ROW_QUADS + rowQuad] = value;
    }`;
}

function loadCols({ tile: { across }, x }: FilterGradientKind, n: number): string {
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
      ${(across * CHUNK) % WORKGROUP === 0 ? '{' : `if (p < ${CHUNK}) {`} colTerms[p * COL_QUADS + colQuad] = value; }
    }`;
}
