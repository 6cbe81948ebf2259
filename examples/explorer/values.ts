// SPDX-License-Identifier: Apache-2.0
/**
 * The numbers of input and kernel, along a line and in a square: given ones, or a user's own, and how these stand in
 * the address of the page.
 */
import { square } from './layer';
import type { Settings } from './settings';

/** A user's own numbers, row by row; what is missing, or lies outside, is as given. A line is a single row. */
export type Values = Readonly<Partial<Record<ValueName, readonly (readonly number[])[]>>>;
export const VALUE_NAMES = ['x', 'w', 'x2', 'w2'] as const;
/** Input and kernel of the line; those of the square. */
export type ValueName = (typeof VALUE_NAMES)[number];

/** The largest magnitude of a number that a cell has room for. */
export const LARGEST = 99;

/**
 * Kernels by their length. None is its own mirror image, so that a flip is seen. With stride 2 the phases' sums are
 * equal where the stride divides the kernel, as the overlap says, and unequal where it does not.
 */
const KERNELS = [[2], [1, 1], [1, 2, 3], [1, 2, 3, 2], [1, 3, 2, 2, 1], [2, 3, 3, 2, 1, 1], [1, 2, 3, 1, 3, 2, 2]];
const INPUT = [2, 1, 3, 1, 2, 3];

/** All numbers, the user's own where there are some. */
export interface Numbers {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly x2: readonly number[][];
  readonly w2: readonly number[][];
}

export function numbersOf(settings: Settings, values: Values): Numbers {
  const own = (name: ValueName, row: number, col: number, given: number): number => values[name]?.[row]?.[col] ?? given;
  const x = INPUT.slice(0, settings.input).map((given, n) => own('x', 0, n, given));
  const w = kernelOf(settings).map((given, n) => own('w', 0, n, given));
  // The square's kernel is the line's on both axes.
  return {
    x,
    w,
    x2: square(settings.input, (row, col) => own('x2', row, col, 1 + ((row * 5 + col * 3 + row * col) % 4))),
    w2: square(settings.kernel, (row, col) => own('w2', row, col, w[row] * w[col])),
  };
}

function kernelOf({ weights, kernel, stride }: Settings): number[] {
  if (weights === 'small numbers') return KERNELS[kernel - 1];
  return Array.from({ length: kernel }, (_, tap) =>
    // The triangle that interpolates linearly at this stride: 1 − |tap − centre| / stride.
    weights === 'ones' ? 1 : Math.max(0, 1 - Math.abs(tap - (kernel - 1) / 2) / stride),
  );
}

/** The values with one number changed. The others of its row or square become the user's own with it. */
export function withValue(
  values: Values,
  numbers: Numbers,
  name: ValueName,
  at: { row: number; col: number },
  value: number,
): Values {
  const rows = name === 'x' || name === 'w' ? [numbers[name]] : numbers[name];
  const clamped = Math.max(-LARGEST, Math.min(LARGEST, Number(value.toFixed(2))));
  const changed = rows.map((row, r) => row.map((old, c) => (r === at.row && c === at.col ? clamped : old)));
  return { ...values, [name]: changed };
}

/** `1,2;3,4` for two rows. Anything else than numbers that fit gives none. */
export function parseValues(given: URLSearchParams): Values {
  const found = VALUE_NAMES.flatMap((name) => {
    const rows = (given.get(name) ?? '').split(';').map((row) => row.split(',').map((text) => parse(text)));
    return given.has(name) && rows.flat().every((value) => Math.abs(value) <= LARGEST) ? [[name, rows]] : [];
  });
  return Object.fromEntries(found) as Values;
}

function parse(text: string): number {
  return text.trim() === '' ? NaN : Number(Number(text).toFixed(2));
}

export function formatValues(values: Values): [string, string][] {
  return VALUE_NAMES.flatMap((name) => {
    const rows = values[name];
    return rows ? [[name, rows.map((row) => row.join(',')).join(';')] as [string, string]] : [];
  });
}
