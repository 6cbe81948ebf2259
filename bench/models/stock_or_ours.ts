// SPDX-License-Identifier: Apache-2.0
/** What tells stock from ours: the classes that a model.json of layers gets, and what is installed before a run. */
import * as tf from '@tensorflow/tfjs';
import { install, uninstall } from '../../src';
import { conv1dTranspose, conv2dTranspose } from '../../src/integrations/layers';
import type { Writing } from './written';

/** Stock's layers are registered under the names that ours take over when they are imported. */
const LAYERS = {
  stock: [tf.layers.conv2dTranspose({ filters: 1, kernelSize: 1, name: 'stock' })],
  layers: [
    conv2dTranspose({ filters: 1, kernelSize: 1, name: 'ours' }),
    conv1dTranspose({ filters: 1, kernelSize: 1, name: 'ours' }),
  ],
};
type LayerClass = tf.serialization.SerializableConstructor<tf.serialization.Serializable>;

/** From now on models are loaded with these. */
export function registerLayers(writing: Writing): void {
  for (const { constructor } of LAYERS[writing]) tf.serialization.registerClass(constructor as unknown as LayerClass);
}

/** What comes before each run. */
export function preparation(name: string): () => void {
  return name.startsWith('stock') ? uninstall : () => void install();
}
