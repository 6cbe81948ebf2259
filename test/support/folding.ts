// SPDX-License-Identifier: Apache-2.0
/** What the specs of `fold` share: layers, a generator, and what is wrong with a folded model. */
import * as tf from '@tensorflow/tfjs-core';
import { LayersModel, type Sequential, type SymbolicTensor, layers as L, sequential } from '@tensorflow/tfjs-layers';
import { conv2dTranspose } from '../../src/integrations/layers';
import { mismatch } from './compare';
import type { Environment } from './environments';
import { sizeOf } from './layer';
import { evaluate } from './model_oracle';
import { uniform } from './random';
import { seededModel } from './seeded_model';
import { input } from './values';

export type KerasLayer = SymbolicTensor['sourceLayer'];

/** What is left: the class of each layer, and its activation. */
export const summary = (model: LayersModel): string =>
  model.layers
    .filter((layer) => layer.getClassName() !== 'InputLayer')
    .map((layer) => {
      if (layer instanceof LayersModel) return `{ ${summary(layer)} }`;
      const { activation } = layer.getConfig();
      return `${layer.getClassName()}${activation && activation !== 'linear' ? ` ${String(activation)}` : ''}`;
    })
    .join(', ');

export const size = { filters: 6, kernelSize: 3, padding: 'same' as const };
export const image = [5, 4, 4];
export const norm = (args: Parameters<typeof L.batchNormalization>[0] = {}): KerasLayer =>
  L.batchNormalization({ epsilon: 1e-5, ...args });

/** A DCGAN generator, small. */
export const generator = (): Sequential =>
  sequential({
    name: 'generator',
    layers: [
      L.dense({ units: 2 * 2 * 8, useBias: false, inputShape: [5] }),
      norm(),
      L.reLU(),
      L.reshape({ targetShape: [2, 2, 8] }),
      conv2dTranspose({ filters: 8, kernelSize: 4, strides: 2, padding: 'same', useBias: false }),
      norm(),
      L.leakyReLU({ alpha: 0.2 }),
      L.conv2dTranspose({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', useBias: false }),
      norm(),
      L.dropout({ rate: 0.4 }),
      L.reLU(),
      L.conv2dTranspose({ filters: 3, kernelSize: 4, strides: 2, padding: 'same', activation: 'tanh' }),
    ],
  });

/** Random weights for a model. */
export const seeded = <T extends LayersModel>({ precision }: Environment, model: T, seed: string): T =>
  seededModel(model, seed, precision === 16);

/** What is wrong with the results of a folded model, against the float64 definition of its original. */
export function wrong({ precision }: Environment, original: LayersModel, folded: LayersModel, seed: string): string {
  const shapes = original.inputs.map(({ shape }) => [2, ...(shape.slice(1) as number[])]);
  const values = shapes.map((shape, at) => uniform(sizeOf(shape), `${seed} x${at}`));
  const truths = evaluate(
    original,
    shapes.map((shape, at) => input(values[at], shape, precision === 16)),
  );
  return tf.tidy(() => {
    const xs = shapes.map((shape, at) => tf.tensor(values[at], shape));
    const given = folded.predict(xs.length === 1 ? xs[0] : xs);
    return (Array.isArray(given) ? given : [given])
      .map((y, at) =>
        `${y.shape}` === `${truths[at].shape}` ? mismatch(y.dataSync(), truths[at]) : `shape [${y.shape}]`,
      )
      .join('');
  });
}

/** That a model gives what its original gives, to the bit. */
export function same(model: LayersModel, fast: LayersModel, x: tf.Tensor): void {
  const [expected, y] = [model, fast].map((each) => each.predict(x) as tf.Tensor);
  expect(y.shape).toEqual(expected.shape);
  expect([...y.dataSync()]).toEqual([...expected.dataSync()]);
  tf.dispose([x, y, expected]);
  [model, fast].forEach((each) => each.dispose());
}
