// SPDX-License-Identifier: Apache-2.0
/**
 * Tiles of single invocations (./lanes) that read for each other, where subgroups are of four lanes: 2 × 2 neighbours.
 * Each reads half of its rows and half of its columns; the other half it is given by the lane that has it as well.
 *
 *     lane 0   lane 2        0 and 1 have the same columns, as have 2 and 3: `quadSwapX` gives the others
 *     lane 1   lane 3        0 and 2 have the same rows, as have 1 and 3: `quadSwapY`
 *
 * What a lane has read comes first in its sums: half of the lanes have the second half of their tile there.
 */
import type { LaneTile } from './lanes';
import { each, range, takenApart } from './program';

type Digits = readonly (readonly [name: string, size: string])[];

/**
 * Takes `index` apart: into tiles of rows and of columns first, `work[0]` and `work[1]`, which lanes of a quad have an
 * even number of; declares `rowSwap` and `colSwap`, which are 1 where the second half comes first.
 */
export function laneWork(tile: LaneTile, work: Digits, left: string): string {
  if (!tile.quad) return takenApart('index', work, left);
  const [[row, rows], [col, cols], ...others] = work;
  const pairs: Digits = [[`${row}Pair`, `(${rows} >> 1u)`], [`${col}Pair`, `(${cols} >> 1u)`], ...others];
  return `  let quad = index >> 2u;
  let colSwap = index & 1;
  let rowSwap = (index >> 1u) & 1;
${takenApart('quad', pairs, left)}
  let ${row} = 2 * ${row}Pair + colSwap;
  let ${col} = 2 * ${col}Pair + rowSwap;`;
}

/** How a program is called. */
export function nameOf(tile: LaneTile, program: string): string {
  return `${tile.quad ? 'quad' : 'lane'} ${program}`;
}

/** How many of the rows, or columns, of a tile its lane reads. */
export function readBy(tile: LaneTile, count: number): number {
  return tile.quad ? count / 2 : count;
}

/** The first row, or column, of those that a lane reads, given the first of its tile. */
export function firstRead(tile: LaneTile, axis: 'row' | 'col', first: string): string {
  return tile.quad ? `${first} + ${tile[`${axis}s`] / 2} * ${axis}Swap` : first;
}

/** Where row n, or the n-th of the quads of columns, of a tile stands in its sums. */
export function placeOfSum(tile: LaneTile, axis: 'row' | 'col', n: string): string {
  const count = axis === 'row' ? tile.rows : tile.cols / 4;
  return tile.quad ? `((${n} + ${count / 2} * ${axis}Swap) % ${count})` : n;
}

const SWAPS = { row: 'quadSwapY', col: 'quadSwapX' } as const;

/** Of `count` values `<name><n>` of rows, or columns, those that another lane has read. */
export function readByOther(tile: LaneTile, axis: 'row' | 'col', name: string, count: number): string {
  const own = count / 2;
  return tile.quad ? each(range(own), (n) => `      let ${name}${own + n} = ${SWAPS[axis]}(${name}${n});`) : '';
}

/** What is done with `value`, row n of those that a lane reads: also for the row that the other lane has read. */
export function forRow(tile: LaneTile, n: number, code: (row: number) => string): string {
  if (!tile.quad) return code(n);
  return `${code(n)}
          {
            let value = ${SWAPS.row}(value);
${code(tile.rows / 2 + n)}
          }`;
}
