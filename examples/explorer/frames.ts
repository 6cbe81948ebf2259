// SPDX-License-Identifier: Apache-2.0
/**
 * The steps in which each variant arrives at the output, one frame each: what is looked at, what is done so far, and a
 * sentence that says so. A variant without a row in the table is not shown.
 */
import { VARIANTS, type Variant } from '../../src/contract';
import { phaseOf } from './axis';
import { type Cell, type Layer, type Product, cells, isSame, shown } from './layer';

export interface Frame {
  /** The products that this step is about. */
  readonly products: readonly Product[];
  /** Output so far; `undefined` where nothing has been written. */
  readonly output: readonly (number | undefined)[][];
  readonly caption: string;
  /** How many multiplications the variant has made so far. */
  readonly multiplications: number;
  /** The input cell that the step belongs to, if it goes by inputs. */
  readonly input?: Cell;
  /** The output cell that the step belongs to, if it goes by outputs. */
  readonly target?: Cell;
  /** How many rows of the product matrix are there, if there is one. */
  readonly rows?: number;
  /** With a product matrix: whether this step adds to the output. */
  readonly folding?: boolean;
}

/** How a variant is shown. */
export interface Story {
  readonly title: string;
  /** What cells have in common that are of one colour. */
  readonly colours?: 'input' | 'phase';
  /**
   * What is drawn besides input, kernel and output: the matrix, or in the input's place the one with zeros inserted.
   */
  readonly extra?: 'matrix' | 'zeros';
  /** How many frames there are. */
  count(layer: Layer): number;
  /** The n-th of them, from 0. */
  frame(layer: Layer, n: number): Frame;
}

const STORIES: Readonly<Partial<Record<Variant, Story>>> = {
  scatter: {
    title: 'Scatter: stamps add up',
    colours: 'input',
    count: ({ axis }) => axis.inSize ** 2,
    frame: scatterFrame,
  },
  dilate: {
    title: 'Dilate: zeros in, flipped kernel slides',
    extra: 'zeros',
    count: ({ axis }) => axis.outSize ** 2,
    frame: dilateFrame,
  },
  matmul: {
    title: 'Matmul: one product, then col2im',
    colours: 'input',
    extra: 'matrix',
    count: ({ axis }) => 2 * axis.inSize ** 2,
    frame: matmulFrame,
  },
  subpixel: {
    title: 'Sub-pixel: one small kernel per phase',
    colours: 'phase',
    count: ({ axis }) => axis.outSize ** 2,
    frame: subpixelFrame,
  },
};

/** The variants that are shown, in the order of their list. */
export const SHOWN: readonly Variant[] = VARIANTS.filter((variant) => STORIES[variant] !== undefined);

/** The story of a variant that is shown. */
export function storyOf(variant: Variant): Story {
  return STORIES[variant]!;
}

/** How many multiplications a variant makes in all. */
export function totalOf(variant: Variant, layer: Layer): number {
  const { count, frame } = storyOf(variant);
  return frame(layer, count(layer) - 1).multiplications;
}

const name = ({ row, col }: Cell): string => `[${row}, ${col}]`;

function scatterFrame(layer: Layer, n: number): Frame {
  const order = cells(layer.axis.inSize);
  const input = order[n];
  const products = productsFrom(layer, input);
  const cropped = layer.axis.kernel ** 2 - products.length;
  const but = cropped > 0 ? ` (the other ${cropped} are cropped)` : '';
  const caption =
    `Input ${name(input)} is ${shown(layer.x[input.row][input.col])}; times the kernel it is added to the ` +
    `${products.length} output cells of its stamp${but}.`;
  const inputs = order.slice(0, n + 1);
  const multiplications = countOf(layer, ({ input: from }) => inputs.some((cell) => isSame(cell, from)));
  return { input, products, output: sumOf(layer, inputs), caption, multiplications };
}

/** First the rows of the matrix, then their folding into the output. */
function matmulFrame(layer: Layer, n: number): Frame {
  const { inSize, kernel } = layer.axis;
  const order = cells(inSize);
  const folding = n >= order.length;
  const row = folding ? n - order.length : n;
  const input = order[row];
  const caption = folding
    ? `col2im: row ${row} is folded into a ${kernel} × ${kernel} stamp and added where input ${name(input)} ` +
      'puts it.'
    : `Row ${row} of the matrix: input ${name(input)}, ${shown(layer.x[input.row][input.col])}, times all ` +
      `${kernel ** 2} taps. One matrix product makes all rows at once.`;
  const products = productsFrom(layer, input);
  const output = sumOf(layer, folding ? order.slice(0, row + 1) : []);
  const rows = folding ? order.length : n + 1;
  return { input, products, output, caption, rows, folding, multiplications: rows * kernel ** 2 };
}

function dilateFrame(layer: Layer, n: number): Frame {
  const frame = gatherFrame(layer, cells(layer.axis.outSize), n);
  const all = layer.axis.kernel ** 2;
  const zeros = all - frame.products.length;
  const caption =
    `The flipped kernel lies at output ${name(frame.target)}: ${all} multiplications, ${zeros} of them by zeros ` +
    'that were put in.';
  return { ...frame, caption, multiplications: (n + 1) * all };
}

function subpixelFrame(layer: Layer, n: number): Frame {
  const order = phaseOrder(layer);
  const frame = gatherFrame(layer, order, n);
  const { row, col } = frame.target;
  const count = `${frame.products.length} product${frame.products.length === 1 ? '' : 's'}`;
  const caption =
    `Phase (${phaseOf(layer.axis, row)}, ${phaseOf(layer.axis, col)}): its own small kernel lies at output ` +
    `${name(frame.target)}: ${count}, none by an inserted zero.`;
  const done = order.slice(0, n + 1);
  const multiplications = countOf(layer, ({ output }) => done.some((cell) => isSame(cell, output)));
  return { ...frame, caption, multiplications };
}

/** Output cells in the order in which sub-pixel computes them: phase by phase. */
function phaseOrder(layer: Layer): Cell[] {
  const { stride, outSize } = layer.axis;
  const phase = ({ row, col }: Cell): number => phaseOf(layer.axis, row) * stride + phaseOf(layer.axis, col);
  return cells(outSize).sort((a, b) => phase(a) - phase(b));
}

/** A step that computes one output cell, before anything is said of it. */
interface Gathered extends Pick<Frame, 'products' | 'output'> {
  readonly target: Cell;
}

/** The step that computes the n-th output cell of an order. */
function gatherFrame({ products, y }: Layer, order: readonly Cell[], n: number): Gathered {
  const target = order[n];
  const output: (number | undefined)[][] = y.map((row) => row.map(() => undefined));
  for (const { row, col } of order.slice(0, n + 1)) output[row][col] = y[row][col];
  return { target, products: products.filter((product) => isSame(product.output, target)), output };
}

function productsFrom({ products }: Layer, input: Cell): Product[] {
  return products.filter((product) => isSame(product.input, input));
}

function countOf({ products }: Layer, isDone: (product: Product) => boolean): number {
  return products.filter(isDone).length;
}

/** What the products of some inputs add up to. */
function sumOf(layer: Layer, inputs: readonly Cell[]): (number | undefined)[][] {
  const output: (number | undefined)[][] = layer.y.map((row) => row.map(() => undefined));
  for (const { input, output: at, value } of layer.products)
    if (inputs.some((cell) => isSame(cell, input))) output[at.row][at.col] = (output[at.row][at.col] ?? 0) + value;
  return output;
}
