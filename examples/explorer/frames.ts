// SPDX-License-Identifier: Apache-2.0
/** The steps in which each variant arrives at the output, one frame each: what is looked at, what is done so far, and a sentence that says so. */
import type { Variant } from '../../src/contract';
import { type Cell, type Layer, type Product, cells, isSame, shown } from './layer';

export interface Frame {
  /** The products that this step is about. */
  readonly products: readonly Product[];
  /** Output so far; `undefined` where nothing has been written. */
  readonly output: readonly (number | undefined)[][];
  readonly caption: string;
  /** The input cell that the step belongs to (scatter, matmul). */
  readonly input?: Cell;
  /** The output cell that the step belongs to (dilate, subpixel). */
  readonly target?: Cell;
  /** How many rows of the product matrix are there (matmul), and whether col2im has begun. */
  readonly rows?: number;
  readonly folding?: boolean;
}

/** The phase of an output cell along one axis. */
export function phaseOf({ axis }: Layer, at: number): number {
  return (at + axis.padBegin) % axis.stride;
}

/** Output cells in the order in which sub-pixel computes them: phase by phase. */
function phaseOrder(layer: Layer): Cell[] {
  const { stride, outSize } = layer.axis;
  const rank = ({ row, col }: Cell): number => phaseOf(layer, row) * stride + phaseOf(layer, col);
  return cells(outSize)
    .map((cell, n) => ({ cell, key: rank(cell) * outSize * outSize + n }))
    .sort((a, b) => a.key - b.key)
    .map(({ cell }) => cell);
}

/** How many frames a variant has. */
export function frameCount(variant: Variant, { axis }: Layer): number {
  return { scatter: axis.inSize ** 2, matmul: 2 * axis.inSize ** 2, dilate: axis.outSize ** 2, subpixel: axis.outSize ** 2 }[variant]; // prettier-ignore
}

/** The n-th frame of a variant, from 0. */
export function frameAt(variant: Variant, layer: Layer, n: number): Frame {
  if (variant === 'scatter') return scatterFrame(layer, n);
  if (variant === 'matmul') return matmulFrame(layer, n);
  return gatherFrame(variant, layer, n);
}

const name = ({ row, col }: Cell): string => `[${row}, ${col}]`;

function scatterFrame(layer: Layer, n: number): Frame {
  const order = cells(layer.axis.inSize);
  const input = order[n];
  const products = layer.products.filter((product) => isSame(product.input, input));
  const cropped = layer.axis.kernel ** 2 - products.length;
  const caption = `Input ${name(input)} is ${shown(layer.x[input.row][input.col])}; times the kernel it is added to the ${products.length} output cells of its footprint${cropped > 0 ? ` (the other ${cropped} are cropped)` : ''}.`;
  return { input, products, output: sumOf(layer, order.slice(0, n + 1)), caption };
}

function matmulFrame(layer: Layer, n: number): Frame {
  const { inSize, kernel } = layer.axis;
  const order = cells(inSize);
  if (n < order.length) {
    const input = order[n];
    const caption = `Row ${n} of the matrix: input ${name(input)}, ${shown(layer.x[input.row][input.col])}, times all ${kernel ** 2} taps. One matrix product makes all rows at once.`;
    return { input, products: layer.products.filter((p) => isSame(p.input, input)), output: sumOf(layer, []), caption, rows: n + 1, folding: false }; // prettier-ignore
  }
  const done = n - order.length;
  const products = layer.products.filter((product) => isSame(product.input, order[done]));
  const caption = `col2im: row ${done} is folded into a ${kernel} × ${kernel} footprint and added where input ${name(order[done])} puts it.`;
  return { input: order[done], products, output: sumOf(layer, order.slice(0, done + 1)), caption, rows: order.length, folding: true }; // prettier-ignore
}

function gatherFrame(variant: 'dilate' | 'subpixel', layer: Layer, n: number): Frame {
  const { axis, y } = layer;
  const order = variant === 'dilate' ? cells(axis.outSize) : phaseOrder(layer);
  const target = order[n];
  const products = layer.products.filter((product) => isSame(product.output, target));
  const output: (number | undefined)[][] = y.map((row) => row.map(() => undefined));
  for (const { row, col } of order.slice(0, n + 1)) output[row][col] = y[row][col];
  const useful = `${products.length} product${products.length === 1 ? '' : 's'}`;
  const caption =
    variant === 'dilate'
      ? `The flipped kernel lies at output ${name(target)}: ${axis.kernel ** 2} multiplications, ${axis.kernel ** 2 - products.length} of them by zeros that were put in.`
      : `Phase (${phaseOf(layer, target.row)}, ${phaseOf(layer, target.col)}): its own small kernel lies at output ${name(target)}: ${useful}, none by an inserted zero.`;
  return { target, products, output, caption };
}

/** What the products of some inputs add up to. */
function sumOf(layer: Layer, inputs: readonly Cell[]): (number | undefined)[][] {
  const output: (number | undefined)[][] = layer.y.map((row) => row.map(() => undefined));
  for (const { input, output: at, value } of layer.products)
    if (inputs.some((cell) => isSame(cell, input))) output[at.row][at.col] = (output[at.row][at.col] ?? 0) + value;
  return output;
}
