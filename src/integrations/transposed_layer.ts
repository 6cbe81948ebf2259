// SPDX-License-Identifier: Apache-2.0
/**
 * What the layers of a transposed convolution have in common, whatever its rank: what they are told beyond stock's
 * layers, Keras's sizes, and their weights.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { VARIANTS, type Variant } from '../contract';
import { checkInteger } from '../geometry/checks';
import { type StockLayer, addWeight } from './stock_layers';

/** What both layers have beyond stock's. */
export interface Own {
  outputPadding: number[] | null;
  groups: number;
  variant: Variant | 'auto';
}

/**
 * Checks what a layer is told, and takes out what stock's does not know.
 *
 * @throws Error if it is not what it must be, by a caller or in a model's file.
 */
export function ownOf(className: string, rank: number, args: object, padding: string): Own {
  const { outputPadding = null, groups = 1, variant = 'auto', useBias } = args as Partial<Own & { useBias: unknown }>;
  if (padding !== 'same' && padding !== 'valid')
    throw new Error(`${className}: padding must be 'same' or 'valid', but was '${padding}'`);
  if (!Number.isInteger(groups) || groups < 1)
    throw new Error(`${className}: groups must be a whole number of at least 1, but was ${JSON.stringify(groups)}`);
  if (variant !== 'auto' && !VARIANTS.includes(variant))
    throw new Error(
      `${className}: variant must be one of ${VARIANTS.join(', ')}, auto, but was ${JSON.stringify(variant)}`,
    );
  if (useBias !== undefined && useBias !== null && typeof useBias !== 'boolean')
    throw new Error(`${className}: useBias must be true or false, but was ${JSON.stringify(useBias)}`);
  const pads = typeof outputPadding === 'number' ? new Array<number>(rank).fill(outputPadding) : outputPadding;
  if (pads && (pads.length !== rank || !pads.every((pad) => Number.isInteger(pad) && pad >= 0)))
    throw new Error(
      `${className}: outputPadding must be ${rank === 1 ? 'a whole number' : 'a whole number or two'}, ` +
        `but was ${JSON.stringify(outputPadding)}`,
    );
  // tfjs takes any numbers here, and gives shapes of halves, or none.
  const { kernelSize, strides = 1, dilationRate = 1 } = args as Partial<Record<string, number | number[]>>;
  for (const [name, sizes] of Object.entries({ kernelSize, strides, dilationRate }))
    [sizes].flat().forEach((size) => checkInteger(`${className}: ${name}`, size, 1));
  return { outputPadding: pads, groups, variant };
}

/**
 * Keras's size of an output: without an output padding 'valid' has room for a kernel smaller than its stride; with one,
 * 'same' crops ⌊k / 2⌋ on both sides. Source: keras.ops, `compute_conv_transpose_output_length`.
 */
function kerasLength(
  inSize: number | null,
  layer: Pick<StockLayer, 'kernelSize' | 'strides' | 'padding' | 'dilationRate'>,
  outputPadding: number[] | null,
  n: number,
): number | null {
  if (inSize === null) return null;
  const [stride, kernel] = [layer.strides[n], layer.dilationRate[n] * (layer.kernelSize[n] - 1) + 1];
  if (outputPadding) {
    const pad = layer.padding === 'same' ? Math.floor(kernel / 2) : 0;
    return stride * (inSize - 1) + kernel - 2 * pad + outputPadding[n];
  }
  return layer.padding === 'same' ? inSize * stride : inSize * stride + Math.max(kernel - stride, 0);
}

/** The shape of the result, and where its dimensions are. */
export function outputShapeOf(layer: StockLayer & Own, given: Shape | Shape[]): Shape {
  const shape = [...(Array.isArray(given[0]) ? (given[0] as Shape) : (given as Shape))];
  const channelAxis = layer.dataFormat === 'channelsFirst' ? 1 : shape.length - 1;
  const firstAxis = layer.dataFormat === 'channelsFirst' ? 2 : 1;
  shape[channelAxis] = layer.filters;
  layer.kernelSize.forEach((_, n) => {
    shape[firstAxis + n] = kerasLength(shape[firstAxis + n], layer, layer.outputPadding, n);
  });
  return shape;
}

/** Checks the input of a layer, and adds its weights. */
export function buildWeights(className: string, layer: StockLayer & Own, given: Shape | Shape[]): void {
  const shape = Array.isArray(given[0]) ? (given[0] as Shape) : (given as Shape);
  const rank = layer.kernelSize.length;
  if (shape.length !== rank + 2)
    throw new Error(`${className}: the input must have rank ${rank + 2}, but has shape [${shape}]`);
  const channelAxis = layer.dataFormat === 'channelsFirst' ? 1 : rank + 1;
  const inChannels = shape[channelAxis];
  if (inChannels === null || inChannels === undefined)
    throw new Error(`${className}: the channels of the input must be known, but its shape is [${shape}]`);
  const { groups, filters } = layer;
  if (filters % groups !== 0 || inChannels % groups !== 0)
    throw new Error(
      `${className}: filters (${filters}) and input channels (${inChannels}) must be multiples of groups (${groups})`,
    );
  const add = (name: 'kernel' | 'bias', weightShape: number[]): { read(): Tensor } =>
    addWeight(
      layer,
      name,
      weightShape,
      'float32',
      layer[`${name}Initializer`],
      layer[`${name}Regularizer`],
      true,
      layer[`${name}Constraint`],
    );
  layer.kernel = add('kernel', [...layer.kernelSize, filters / groups, inChannels]);
  if (layer.useBias) layer.bias = add('bias', [filters]);
  layer.built = true;
}
