// SPDX-License-Identifier: Apache-2.0
/**
 * What is computed with: x, the filter and a cotangent dy of a layer, uniform in [−1, 1), the same for the same name.
 */
import * as tf from '@tensorflow/tfjs-core';
import seedrandom from 'seedrandom';
import { type Conv2DTransposeGeometry } from '../src';
import { filterShapeOf, xShapeOf, yShapeOf } from '../src/geometry/geometry';
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

type Shape = [number, number, number, number];
type ShapeOf = (g: Conv2DTransposeGeometry) => Shape;

export function makeValues({ name, geometry }: Workload): Values {
  const uniform = (shapeOf: ShapeOf, salt: string): Float32Array => {
    const next = seedrandom.alea(`${name} ${salt}`);
    return Float32Array.from({ length: tf.util.sizeFromShape(shapeOf(geometry)) }, () => 2 * next() - 1);
  };
  return { x: uniform(xShapeOf, 'x'), filter: uniform(filterShapeOf, 'filter'), dy: uniform(yShapeOf, 'dy') };
}

/** Tensors of such values, to be disposed of. `place` puts each where it is to be. */
export function makeOperands(
  { geometry }: Workload,
  values: Values,
  place: (operand: tf.Tensor4D, name: keyof Operands) => tf.Tensor4D = (operand) => operand,
): Operands {
  const made = (name: keyof Operands, shapeOf: ShapeOf): tf.Tensor4D =>
    tf.tidy(() => place(tf.tensor4d(values[name], shapeOf(geometry)), name));
  return { x: made('x', xShapeOf), filter: made('filter', filterShapeOf), dy: made('dy', yShapeOf) };
}

export function disposeOperands({ x, filter, dy }: Operands): void {
  tf.dispose([x, filter, dy]);
}
