// SPDX-License-Identifier: Apache-2.0
/**
 * The filter gradient of ./filter_gradient, for GPUs that a CPU simulates: as in ./lane_correlation, an invocation has
 * a large tile of its own, rows × columns, and reads dy and x from where they are, pixel by pixel.
 */
import { type FilterGradientKind, NEXT_PLACE, placeOf, takenByTiles, writeSums } from './filter_gradient';
import { firstRead, laneWork, nameOf, placeOfSum, readBy, readByOther } from './lane_quads';
import { LANES, type LaneTile } from './lanes';
import { type ProgramSource, QUOTIENT, each, range, readIf, takenApart, within } from './program';

/** Pixels of a turn of the loop. */
const UNROLLED = 2;

export interface LaneGradientKind extends Omit<FilterGradientKind, 'tile'> {
  /** Multiples of four, both. */
  readonly tile: LaneTile;
}

/** What the index of an invocation counts. */
const WORK = [
  ['rowTile', 'uniforms.rowTiles'],
  ['colTile', 'uniforms.colTiles'],
  ['group', 'uniforms.groups'],
] as const;

export function laneFilterGradientSource(kind: LaneGradientKind): ProgramSource {
  const { tile, dy, x } = kind;
  const colQuads = range(tile.cols / 4);
  const rowsRead = readBy(tile, tile.rows);
  return {
    key: `${nameOf(tile, 'filter gradient')} ${[tile.rows, tile.cols, dy, x].join(' ')}`,
    invocations: LANES,
    subgroups: tile.quad,
    ...takenByTiles(kind),
    code: () => `${QUOTIENT}
fn main(index: i32) {
${laneWork(tile, WORK, 'part')}
  if (part >= uniforms.parts) { return; }
  let groupRows = uniforms.outChannels / uniforms.groups;
  let groupCols = uniforms.inChannels / uniforms.groups;
  let rows = uniforms.filterHeight * uniforms.filterWidth * groupRows;
  let firstRow = ${firstRead(tile, 'row', `rowTile * ${tile.rows}`)};
  let firstCol = ${firstRead(tile, 'col', `colTile * ${tile.cols}`)};
${each(range(dy === 4 ? rowsRead / 4 : rowsRead), (n) => placeOfRow(n, dy))}
${each(colQuads, (c) => each(range(tile.rows), (r) => `  var sum${r}_${c} = vec4<f32>(0.);`))}
  let begin = part * uniforms.pixelsOfPart;
  let end = min(begin + uniforms.pixelsOfPart, uniforms.batch * uniforms.inHeight * uniforms.inWidth);
${placeOf('begin')}
  for (var first = begin; first < end; first += ${UNROLLED}) {
${each(range(UNROLLED), (n) => addPixel(kind, n))}
  }
  var sums: array<vec4<f32>, ${tile.rows * colQuads.length}>;
${each(colQuads, (c) => each(range(tile.rows), (r) => `  sums[${r * colQuads.length + c}] = sum${r}_${c};`))}
  let ofPart = part * rows * uniforms.inChannels + group * groupCols;
  for (var r = 0; r < min(${tile.rows}, rows - rowTile * ${tile.rows}); r++) {
    for (var c = 0; c < ${colQuads.length}; c++) {
      let col = colTile * ${tile.cols} + 4 * c;
      let at = ofPart + (rowTile * ${tile.rows} + r) * uniforms.inChannels + col;
      let value = sums[${colQuads.length} * ${placeOfSum(tile, 'row', 'r')} + ${placeOfSum(tile, 'col', 'c')}];
      if (col < groupCols) {
${writeSums(x, 'value')}
      }
    }
  }
}`,
  };
}
/** Row n of a tile, or its n-th quad of rows: where its tap reads, and its channel of dy. */
function placeOfRow(n: number, lanes: number): string {
  const digits = [
    [`ofGroup${n}`, 'groupRows'],
    [`ofWidth${n}`, 'uniforms.filterWidth'],
  ] as const;
  const row = lanes === 4 ? `min(firstRow + ${4 * n}, rows - 4)` : `min(firstRow + ${n}, rows - 1)`;
  return `  let row${n} = ${row};
${takenApart(`row${n}`, digits, `ofHeight${n}`)}
  let channel${n} = group * groupRows + ofGroup${n};
  let tapRow${n} = ofHeight${n} * uniforms.dilationHeight - uniforms.padTop;
  let tapCol${n} = ofWidth${n} * uniforms.dilationWidth - uniforms.padLeft;`;
}

/** A pixel, and on to the next. */
function addPixel({ dy, x, tile }: LaneGradientKind, n: number): string {
  const colQuads = range(tile.cols / 4);
  const rowsRead = readBy(tile, tile.rows);
  const ofX = 'pixel * uniforms.inChannels + group * groupCols';
  const column = (c: number): string =>
    x === 4
      ? `x[(${ofX} + min(firstCol + ${4 * c}, groupCols - 4)) >> 2u]`
      : `vec4<f32>(${range(4)
          .map((k) => `x[${ofX} + min(firstCol + ${4 * c + k}, groupCols - 1)]`)
          .join(', ')})`;
  const ofDy = (row: number): string => {
    const inside = `counts & ${within(`(y + tapRow${row})`, 'uniforms.outHeight')}
        & ${within(`(z + tapCol${row})`, 'uniforms.outWidth')}`;
    return `        let inside${row} = ${inside};
      let pixel${row} = (line + tapRow${row}) * uniforms.outWidth + tapCol${row} + z;
      let at${row} = pixel${row} * uniforms.outChannels + channel${row};
      let of${row} = ${readIf(`inside${row}`, 'dy', dy === 4 ? `at${row} >> 2u` : `at${row}`, dy)};`;
  };
  const rowOf = (r: number): string => (dy === 4 ? `of${Math.floor(r / 4)}.${'xyzw'[r % 4]}` : `of${r}`);
  return `    {
    let counts = first + ${n} < end;
    let pixel = min(first + ${n}, end - 1);
    let y = i * uniforms.strideHeight;
    let z = j * uniforms.strideWidth;
    let line = image * uniforms.outHeight + y;
${each(range(dy === 4 ? rowsRead / 4 : rowsRead), ofDy)}
${readByOther(tile, 'row', 'of', dy === 4 ? tile.rows / 4 : tile.rows)}
${each(range(readBy(tile, colQuads.length)), (c) => `      let by${c} = ${column(c)};`)}
${readByOther(tile, 'col', 'by', colQuads.length)}
${each(colQuads, (c) => each(range(tile.rows), (r) => `      sum${r}_${c} += ${rowOf(r)} * by${c};`))}
${NEXT_PLACE}
  }`;
}
