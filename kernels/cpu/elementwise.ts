// SPDX-License-Identifier: Apache-2.0
/**
 * What stands between the convolutions of a model: biases, bounds (a relu6 is a minimum) and slopes. tfjs's own kernels
 * work out where every single element lies as soon as two shapes differ; once convolutions are fast that takes half of
 * the time of a whole model, or more. Here the smaller operand is read over and over in plain loops. The sums are the
 * same, in the same precision: results equal stock's bit by bit.
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendDescriptor, Elementwise, Support } from '../../src/contract';
import type { Storage } from '../family/family';

/** Computes out[first … first + count − 1] of those of a, and of b from its first element on. */
type Loop = (a: Float32Array, b: Float32Array, out: Float32Array, first: number, count: number) => void;

interface Operation {
  /** The names of its inputs. */
  readonly inputs: readonly [string, string];
  /** Whether they may change places. */
  readonly commutes: boolean;
  readonly loop: Loop;
}

/** A loop each: one that called a function of the element would be compiled for none of them. */
const OPERATIONS: Readonly<Record<Elementwise, Operation>> = {
  Add: {
    inputs: ['a', 'b'],
    commutes: true,
    loop: (a, b, out, first, count) => {
      for (let n = 0; n < count; n++) out[first + n] = a[first + n] + b[n];
    },
  },
  Minimum: {
    inputs: ['a', 'b'],
    commutes: true,
    loop: (a, b, out, first, count) => {
      for (let n = 0; n < count; n++) out[first + n] = Math.min(a[first + n], b[n]);
    },
  },
  Prelu: {
    inputs: ['x', 'alpha'],
    commutes: false,
    loop: (x, alpha, out, first, count) => {
      for (let n = 0; n < count; n++) {
        const value = x[first + n];
        out[first + n] = value < 0 ? alpha[n] * value : value;
      }
    },
  },
};

/** Whether an operand repeats along another: its shape, but for ones in front, is the end of the other's. */
function repeatsAlong({ shape: small }: TensorInfo, { shape: large }: TensorInfo): boolean {
  if (small.length > large.length) return false;
  const ones = small.findIndex((size) => size !== 1);
  const rest = ones < 0 ? [] : small.slice(ones);
  return rest.every((size, n) => size === large[large.length - rest.length + n]);
}

/** Elements that a loop runs over at least, where there are so many. */
const LEAST = 1024;

/** Values, written so many times one after the other that there are at least so many. */
function repeated(values: Float32Array, least: number): Float32Array {
  if (values.length === 0 || values.length >= least) return values;
  const times = Math.ceil(least / values.length);
  const all = new Float32Array(times * values.length);
  for (let time = 0; time < times; time++) all.set(values, time * values.length);
  return all;
}

/** The kernels of this file, each made of the stock function that it replaces, which gets what is not for it. */
export function elementwiseOn(
  probe: (backend: MathBackendCPU) => Support,
  { read, make }: Storage<MathBackendCPU>,
): BackendDescriptor<MathBackendCPU>['elementwise'] {
  const kernel =
    ({ inputs: [first, second], commutes, loop }: Operation) =>
    (stock: KernelFunc): KernelFunc =>
    (params) => {
      let [a, b] = [params.inputs[first]!, params.inputs[second]!];
      const backend = params.backend as MathBackendCPU;
      if (commutes && !repeatsAlong(b, a)) [a, b] = [b, a];
      const isOurs = a.dtype === 'float32' && b.dtype === 'float32' && repeatsAlong(b, a) && probe(backend).supported;
      if (!isOurs) return stock(params);
      const all = read(backend, a);
      const small = repeated(read(backend, b), Math.min(LEAST, all.length));
      return make(backend, [...a.shape], all, (from, to) => {
        for (let at = 0; at < from.length; at += small.length)
          loop(from, small, to, at, Math.min(small.length, from.length - at));
      });
    };
  return {
    Add: kernel(OPERATIONS.Add),
    Minimum: kernel(OPERATIONS.Minimum),
    Prelu: kernel(OPERATIONS.Prelu),
  };
}
