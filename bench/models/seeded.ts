// SPDX-License-Identifier: Apache-2.0
/** What comes into a network: values and shapes with a batch, the same for the same network. */
import * as tf from '@tensorflow/tfjs';
import seedrandom from 'seedrandom';
import type { Network } from './networks';
import { Written } from './written';

export interface Given {
  readonly values: Float32Array;
  readonly shape: number[];
}

/** Uniform, of variance 1. */
export function seededInputs(network: Network, batch = 1): Given[] {
  return network.inputs(new Written('stock')).map((shape, n) => {
    return seededValues(`${network.name} input ${n}`, [batch, ...shape], Math.sqrt(3));
  });
}

/** Uniform in [−limit, limit). */
export function seededValues(seed: string, shape: number[], limit: number): Given {
  const next = seedrandom.alea(seed);
  const values = new Float32Array(tf.util.sizeFromShape(shape)).map(() => limit * (2 * next() - 1));
  return { values, shape };
}
