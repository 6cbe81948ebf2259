// SPDX-License-Identifier: Apache-2.0
/** A table of layers: a line each, and what its ratios come to. */
import Table from 'cli-table3';
import { geometricMean } from './averages';
import { timesText } from './numbers';
import { BORDERS } from './tables';

/** What a column shows of a layer. A number is how many times as fast, NaN if nothing was compared. */
export type Column<T> = readonly [head: string, cell: (layer: T, name: string) => string | number];

/** A line per layer, then the geometric mean and the least of each column of numbers. */
export function ratioTable<T>(title: string, layers: ReadonlyMap<string, T>, columns: readonly Column<T>[]): string {
  const table = new Table({
    ...BORDERS,
    head: [title, ...columns.map(([head]) => head)],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
  });
  const rows = [...layers].map(([name, layer]) => ({ name, cells: columns.map(([, cell]) => cell(layer, name)) }));
  for (const { name, cells } of rows)
    table.push([name, ...cells.map((cell) => (typeof cell === 'number' ? timesText(cell) : cell))]);
  const sum = (what: string, of: (list: number[]) => number): void => {
    const sums = columns.map((_, n) => {
      const ratios = rows.map(({ cells }) => cells[n]).filter((cell) => typeof cell === 'number');
      const known = ratios.filter(Number.isFinite);
      return known.length > 0 ? timesText(of(known)) : '';
    });
    table.push([what, ...sums]);
  };
  sum('geometric mean', geometricMean);
  sum('least', (list) => Math.min(...list));
  return table.toString();
}
