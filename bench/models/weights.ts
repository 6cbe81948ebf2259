// SPDX-License-Identifier: Apache-2.0
/**
 * Seeded weights that keep activations at the size of 1 from layer to layer (He et al. 2015: variance gain / fan-in),
 * and moving statistics that normalize something. The same for every writing of a network: what is dense for stock has
 * zeros off its groups.
 */
import * as tf from '@tensorflow/tfjs';
import seedrandom from 'seedrandom';
import type { Recipe } from './written';

/** Gives all weights of a model their values. */
export function setSeededWeights(model: tf.LayersModel, recipes: ReadonlyMap<string, Recipe>): void {
  for (const layer of model.layers) {
    if (layer.weights.length === 0) continue;
    const recipe = recipes.get(layer.name) ?? {};
    const tensors = layer.weights.map(({ originalName, shape }) => {
      const values = weightOf(layer, originalName.split('/').at(-1)!, shape as number[], recipe, model.name);
      return tf.tensor(values, shape as number[]);
    });
    layer.setWeights(tensors);
    tf.dispose(tensors);
  }
}

/** Ranges of the weights that are not filters: uniform from, to. */
const RANGES: Readonly<Record<string, [number, number]>> = {
  bias: [-0.1, 0.1],
  gamma: [0.8, 1.2],
  beta: [-0.2, 0.2],
  moving_mean: [-0.2, 0.2],
  moving_variance: [0.6, 1.4],
  alpha: [0.1, 0.3],
};

function weightOf(layer: tf.layers.Layer, weight: string, shape: number[], recipe: Recipe, seed: string): Float32Array {
  const next = seedrandom.alea(`${seed} ${layer.name} ${weight}`);
  if (weight in RANGES) {
    const [from, to] = RANGES[weight];
    return filled(tf.util.sizeFromShape(shape), () => from + (to - from) * next());
  }
  if (weight !== 'kernel') throw new RangeError(`There is no recipe for the weight '${weight}' of '${layer.name}'`);
  if (!layer.getClassName().endsWith('Transpose')) {
    return uniform(tf.util.sizeFromShape(shape), recipe, product(shape.slice(0, -1)), next);
  }
  const { groups = 1, bilinear = false } = recipe;
  const [inChannels, taps] = [shape.at(-1)!, product(shape.slice(0, -2))];
  const { strides, filters } = layer.getConfig() as { strides: number | number[]; filters: number };
  const depth = filters / groups;
  // What an output pixel is the sum of.
  const fanIn = Math.max(1, taps / product([strides].flat())) * (inChannels / groups);
  const grouped = bilinear
    ? bilinearFilter(shape.slice(0, -2), depth * inChannels)
    : uniform(taps * depth * inChannels, recipe, fanIn, next);
  return shape.at(-2) === depth ? grouped : dense(grouped, taps, filters, inChannels, groups);
}

/** Uniform values with a variance of gain / fan-in. */
function uniform(size: number, { gain = 2 }: Recipe, fanIn: number, next: () => number): Float32Array {
  const limit = Math.sqrt((3 * gain) / fanIn);
  return filled(size, () => limit * (2 * next() - 1));
}

/** `[height, width, …]`: 1 less the distance from the middle, along both, as FCN's layers begin. */
function bilinearFilter([height, width]: number[], depth: number): Float32Array {
  const at = (m: number, size: number): number => 1 - Math.abs(m - (size - 1) / 2) / Math.ceil(size / 2);
  const pixel = (p: number): number => at(Math.floor(p / width), height) * at(p % width, width);
  return new Float32Array(height * width * depth).map((_, n) => pixel(Math.floor(n / depth)));
}

/** A filter `[taps, filters, inChannels]` that computes what one `[taps, filters / groups, inChannels]` does. */
function dense(grouped: Float32Array, taps: number, filters: number, inChannels: number, groups: number): Float32Array {
  const [outDepth, inDepth] = [filters / groups, inChannels / groups];
  const result = new Float32Array(taps * filters * inChannels);
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < outDepth; c++) {
      for (let o = 0; o < inChannels; o++) {
        const filter = Math.floor(o / inDepth) * outDepth + c;
        result[(tap * filters + filter) * inChannels + o] = grouped[(tap * outDepth + c) * inChannels + o];
      }
    }
  }
  return result;
}

function filled(size: number, next: () => number): Float32Array {
  const values = new Float32Array(size);
  for (let n = 0; n < size; n++) values[n] = next();
  return values;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
