// SPDX-License-Identifier: Apache-2.0
/** Layers models whose weights a seed determines. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, type SymbolicTensor, input, model } from '@tensorflow/tfjs-layers';
import { sizeOf } from './layer';
import { uniform } from './random';

/** Statistics that are hard to fold: tiny and large variances, means far from zero, gammas of any sign, and none. */
const HARSH: Readonly<Record<string, number[]>> = {
  gamma: [-1.3, 0.7, 0, 1.1, -0.2],
  beta: [0.4, -2, 0.3, 0, 1],
  moving_mean: [0.1, -3, 0.5, 2, 0],
  moving_variance: [0.3, 1e-6, 1, 25, 0.1],
};
/** Scales of 300, one after another, are more than half floats can hold. */
const FOR_HALF_FLOATS: typeof HARSH = { ...HARSH, moving_variance: [0.3, 0.2, 1, 25, 0.1] };

/** Gives each weight of a model a value: normalizations harsh ones, all others uniform in [−1, 1). */
export function seededModel<T extends LayersModel>(given: T, seed: string, halfFloats: boolean): T {
  for (const [at, weight] of given.weights.entries()) {
    const shape = weight.shape as number[];
    const random = uniform(sizeOf(shape), `${seed} weight ${at}`);
    const statistics = (halfFloats ? FOR_HALF_FLOATS : HARSH)[weight.originalName.split('/').pop()!];
    const values = statistics ? random.map((v, c) => statistics[c % statistics.length] + v / 1e7) : random;
    tf.tidy(() => (weight.read() as tf.Variable).assign(tf.tensor(values, shape)));
  }
  return given;
}

/** A functional model of layers one after another. */
export function chain(inputShape: number[], rest: SymbolicTensor['sourceLayer'][]): LayersModel {
  const x = input({ shape: inputShape });
  return model({ inputs: x, outputs: rest.reduce((y, layer) => layer.apply(y) as SymbolicTensor, x) });
}
