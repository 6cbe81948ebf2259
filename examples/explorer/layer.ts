// SPDX-License-Identifier: Apache-2.0
/**
 * A transposed convolution small enough to look at: one channel, square, its numbers, and every product that its output
 * is made of.
 */
import { type AxisArithmetic, axisArithmetic } from '../../src/geometry/arithmetic';
import { SLIDERS, type Settings, type SliderName, type WeightKind, axisRequest } from './settings';

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

/** What is wrong with impossible settings, and which values of a single one of them would do. */
export interface Impossible {
  readonly message: string;
  readonly remedies: readonly { readonly name: SliderName; readonly values: readonly number[] }[];
}

export function makeLayer(settings: Settings): Layer | Impossible {
  let axis: AxisArithmetic;
  try {
    axis = axisArithmetic(axisRequest(settings));
  } catch (error) {
    return { message: (error as Error).message, remedies: remediesOf(settings) };
  }
  const { inSize, outSize, kernel, stride, dilation, padBegin } = axis;
  const x = square(inSize, (row, col) => 1 + ((row * 5 + col * 3 + row * col) % 4));
  const w = weightsOf(settings.weights, kernel, stride);
  const y = square(outSize, () => 0);
  const products: Product[] = [];
  for (const input of cells(inSize)) {
    for (const tap of cells(kernel)) {
      const row = input.row * stride + tap.row * dilation - padBegin;
      const col = input.col * stride + tap.col * dilation - padBegin;
      if (row < 0 || row >= outSize || col < 0 || col >= outSize) continue;
      const value = x[input.row][input.col] * w[tap.row][tap.col];
      products.push({ input, tap, output: { row, col }, value });
      y[row][col] += value;
    }
  }
  return { axis, x, w, y, products };
}

/** The sliders of which another value, all else being as it is, makes the settings possible. */
function remediesOf(settings: Settings): Impossible['remedies'] {
  return (Object.keys(SLIDERS) as SliderName[]).flatMap((name) => {
    if (name === 'padding' && settings.pad !== 'number') return [];
    const { least, most } = SLIDERS[name];
    const values = Array.from({ length: most - least + 1 }, (_, n) => least + n).filter((value) =>
      isPossible({ ...settings, [name]: value }),
    );
    return values.length > 0 ? [{ name, values }] : [];
  });
}

function isPossible(settings: Settings): boolean {
  try {
    axisArithmetic(axisRequest(settings));
    return true;
  } catch {
    return false;
  }
}

function weightsOf(kind: WeightKind, kernel: number, stride: number): number[][] {
  if (kind === 'ones') return square(kernel, () => 1);
  if (kind === 'small numbers') return square(kernel, (row, col) => ((row * 2 + col * 3 + row * col) % 5) - 1);
  // The triangle that interpolates linearly at this stride: 1 − |tap − centre| / stride.
  const triangle = (tap: number): number => Math.max(0, 1 - Math.abs(tap - (kernel - 1) / 2) / stride);
  return square(kernel, (row, col) => triangle(row) * triangle(col));
}

function square(size: number, value: (row: number, col: number) => number): number[][] {
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
