// SPDX-License-Identifier: Apache-2.0
/**
 * What is computed with: x, the filter and a cotangent dy of a layer, uniform in [−1, 1), the same for the same name.
 */
import * as tf from '@tensorflow/tfjs-core';
import seedrandom from 'seedrandom';
import { type Operand, SHAPE_OF } from '../src/contract';
import { asUsersHaveIt } from './as_users';
import type { Workload } from './workloads';

export interface Values {
  x: Float32Array;
  filter: Float32Array;
  dy: Float32Array;
}

export interface Operands {
  x: tf.Tensor4D;
  filter: tf.Tensor4D;
  dy: tf.Tensor4D;
}

export function makeValues({ name, geometry }: Workload): Values {
  const uniform = (operand: Operand): Float32Array => {
    const next = seedrandom.alea(`${name} ${operand}`);
    return Float32Array.from({ length: tf.util.sizeFromShape(SHAPE_OF[operand](geometry)) }, () => 2 * next() - 1);
  };
  return { x: uniform('x'), filter: uniform('filter'), dy: uniform('dy') };
}

/** Tensors of such values as users have them, to be disposed of. */
export function makeOperands({ geometry }: Workload, values: Values): Operands {
  const made = (name: Operand): tf.Tensor4D =>
    tf.tidy(() => asUsersHaveIt(tf.tensor4d(values[name], SHAPE_OF[name](geometry)), name));
  return { x: made('x'), filter: made('filter'), dy: made('dy') };
}

export function disposeOperands({ x, filter, dy }: Operands): void {
  tf.dispose([x, filter, dy]);
}
