// SPDX-License-Identifier: Apache-2.0
/**
 * Values of a model in float64, each with a bound of the errors that float32 may have made on the way to it, and what
 * becomes of both: element by element, with a bias, permuted, joined. Bounds are in units of ε, as ./compare has them.
 */
import { sizeOf } from './layer';
import type { Truth } from './oracle';

export interface Value extends Truth {
  shape: number[];
  /** Terms of the sums that it comes of. */
  terms: number;
}

/** What goes into a model; it is rounded if the backend stores half floats. */
export function input(given: Float32Array, shape: number[], rounded: boolean): Value {
  const values = Float64Array.from(given);
  return { shape, values, bound: values.map((v) => (rounded ? Math.abs(v) : 0)), terms: 1 };
}

/** The truth of one value, element by element. */
export function pointwise(
  x: Value,
  map: (v: number, at: number) => number,
  bound: (b: number, y: number, at: number) => number,
): Value {
  const values = x.values.map(map);
  return { ...x, values, bound: x.bound.map((b, at) => bound(b, values[at], at)) };
}

/** Where an element has its channel. */
export const channelAt = (shape: number[], axis: number): ((at: number) => number) => {
  const inner = sizeOf(shape.slice(axis + 1));
  return (at) => Math.floor(at / inner) % shape[axis];
};

export function activate(x: Value, name: string): Value {
  const exponential = (b: number): number => b + 4; // Slopes of at most 1; sums and quotients of exponentials.
  switch (name) {
    case 'linear':
      return x;
    case 'relu':
      return pointwise(
        x,
        (v) => Math.max(v, 0),
        (b) => b,
      );
    case 'relu6':
      return pointwise(
        x,
        (v) => Math.min(Math.max(v, 0), 6),
        (b) => b,
      );
    case 'elu':
      return pointwise(x, (v) => (v > 0 ? v : Math.expm1(v)), exponential);
    case 'sigmoid':
      return pointwise(x, (v) => 1 / (1 + Math.exp(-v)), exponential);
    case 'tanh':
      return pointwise(x, Math.tanh, exponential);
    default:
      throw new Error(`the oracle has no activation '${name}'`);
  }
}

export const leaky = (x: Value, alpha: (at: number) => number): Value =>
  pointwise(
    x,
    (v, at) => (v > 0 ? v : alpha(at) * v),
    (b, y, at) => Math.max(1, Math.abs(alpha(at))) * b + Math.abs(y),
  );

export function biased(y: Value, bias: Float64Array | undefined): Value {
  if (!bias) return y;
  const channel = channelAt(y.shape, y.shape.length - 1);
  const terms = y.terms + 1;
  return {
    ...pointwise(
      y,
      (v, at) => v + bias[channel(at)],
      (b, _, at) => b + terms * Math.abs(bias[channel(at)]),
    ),
    terms,
  };
}

export function permuted(x: Value, order: number[]): Value {
  const strides = x.shape.map((_, axis) => sizeOf(x.shape.slice(axis + 1)));
  const shape = order.map((axis) => x.shape[axis]);
  const from = (at: number): number => {
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += (at % shape[axis]) * strides[order[axis]];
      at = Math.floor(at / shape[axis]);
    }
    return source;
  };
  const move = (values: Float64Array): Float64Array => values.map((_, at) => values[from(at)]);
  return { ...x, shape, values: move(x.values), bound: move(x.bound) };
}

/** Joined along the last axis. */
export function concatenated(all: Value[]): Value {
  const widths = all.map(({ shape }) => shape[shape.length - 1]);
  const width = widths.reduce((a, b) => a + b);
  const join = (parts: Float64Array[]): Float64Array => {
    const rows = parts[0].length / widths[0];
    const out = new Float64Array(rows * width);
    for (let row = 0, at = 0; row < rows; row++)
      parts.forEach((part, n) => {
        out.set(part.subarray(row * widths[n], (row + 1) * widths[n]), at);
        at += widths[n];
      });
    return out;
  };
  return {
    shape: [...all[0].shape.slice(0, -1), width],
    values: join(all.map(({ values }) => values)),
    bound: join(all.map(({ bound }) => bound)),
    terms: Math.max(...all.map(({ terms }) => terms)),
  };
}
