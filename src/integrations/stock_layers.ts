// SPDX-License-Identifier: Apache-2.0
/** What is used of tfjs's layers, whose classes are not exported: their types, and the classes themselves. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';

export type Layer = InstanceType<typeof layers.Layer>;

/** A stock convolution layer. */
export interface StockLayer extends Layer {
  kernelSize: number[];
  strides: number[];
  padding: 'same' | 'valid';
  dataFormat: 'channelsFirst' | 'channelsLast';
  dilationRate: number[];
  filters: number;
  useBias: boolean;
  activation: { apply(x: Tensor): Tensor; getClassName(): string } | null;
  kernel: { read(): Tensor };
  bias: { read(): Tensor } | null;
  kernelInitializer: unknown;
  kernelRegularizer: unknown;
  kernelConstraint: unknown;
  biasInitializer: unknown;
  biasRegularizer: unknown;
  biasConstraint: unknown;
}
export type StockClass = new (args: object) => StockLayer;

/** The class of a stock layer. Name the layer: it must not use up a number of the names that tfjs gives. */
export const classOf = (layer: object): StockClass => layer.constructor as StockClass;

/** `addWeight` of a layer, which its type hides: name, shape, type, initializer, regularizer, trainable, constraint. */
export function addWeight(layer: Layer, ...args: unknown[]): { read(): Tensor } {
  return (layer as unknown as { addWeight(...given: unknown[]): { read(): Tensor } }).addWeight(...args);
}

export const single = (inputs: Tensor | Tensor[]): Tensor => (Array.isArray(inputs) ? inputs[0] : inputs);
