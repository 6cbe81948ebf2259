// SPDX-License-Identifier: Apache-2.0
/**
 * A transposed convolution small enough to look at: one channel, square, its numbers, and every product that its output
 * is made of.
 */
import type { AxisArithmetic } from '../../src/geometry/arithmetic';
import { meetingsOf } from './axis';

export interface Cell {
  readonly row: number;
  readonly col: number;
}

/** x[input] · w[tap], which adds to y[output]. */
export interface Product {
  readonly input: Cell;
  readonly tap: Cell;
  readonly output: Cell;
  readonly value: number;
}

export interface Layer {
  readonly axis: AxisArithmetic;
  /** input × input. */
  readonly x: readonly number[][];
  /** kernel × kernel. */
  readonly w: readonly number[][];
  /** output × output. */
  readonly y: readonly number[][];
  /** All products that lie inside the output, input by input. */
  readonly products: readonly Product[];
}

/** Both axes are alike: what meets in a square is what meets along its rows, with what meets along its columns. */
export function makeLayer(axis: AxisArithmetic, x: readonly number[][], w: readonly number[][]): Layer {
  const y = square(axis.outSize, () => 0);
  const products: Product[] = [];
  const meetings = meetingsOf(axis);
  for (const rows of meetings) {
    for (const cols of meetings) {
      const [input, tap, output] = (['input', 'tap', 'output'] as const).map((of) => ({
        row: rows[of],
        col: cols[of],
      }));
      const value = x[input.row][input.col] * w[tap.row][tap.col];
      products.push({ input, tap, output, value });
      y[output.row][output.col] += value;
    }
  }
  const order = ({ input, tap }: Product): number =>
    (input.row * axis.inSize + input.col) * axis.kernel ** 2 + tap.row * axis.kernel + tap.col;
  return { axis, x, w, y, products: products.sort((a, b) => order(a) - order(b)) };
}

export function square(size: number, value: (row: number, col: number) => number): number[][] {
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (__, col) => value(row, col)));
}

/** The cells of a square, row by row. */
export function cells(size: number): Cell[] {
  return Array.from({ length: size * size }, (_, n) => ({ row: Math.floor(n / size), col: n % size }));
}

export function isSame(a: Cell, b: Cell): boolean {
  return a.row === b.row && a.col === b.col;
}

/** A number as cells and formulas show it. */
export function shown(value: number): string {
  return `${Number(value.toFixed(2))}`.replace('-', '−');
}

/** The same within a formula. */
export function bracketed(value: number): string {
  return value < 0 ? `(${shown(value)})` : shown(value);
}
