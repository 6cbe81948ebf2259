// SPDX-License-Identifier: Apache-2.0
/** What specs run on under jest: the cpu backend with our kernels, on every engine that can run here. */
import v8 from 'node:v8';
import * as tf from '@tensorflow/tfjs';
import { ENGINE_FLAG, availableEngines } from '../../kernels/cpu';
import { RELAXED_MODULE } from '../../kernels/cpu/wasm/products.generated';
import { environments } from './environments';

tf.env().set('IS_TEST', true); // No advertisement for tfjs-node.

// Node 20 has relaxed SIMD behind a flag; later ones have it anyway.
if (!WebAssembly.validate(Buffer.from(RELAXED_MODULE, 'base64'))) v8.setFlagsFromString('--experimental-wasm-relaxed-simd'); // prettier-ignore

const engines = availableEngines();
for (const engine of engines) {
  environments.push({
    name: `cpu, ${engine} engine`,
    backend: 'cpu',
    setUp: () => tf.env().set(ENGINE_FLAG, engine),
    tearDown: () => tf.env().set(ENGINE_FLAG, 'auto'),
  });
}
for (const engine of ['relaxed', 'simd'] as const) {
  if (!engines.includes(engine))
    console.warn(`Skipped: the ${engine} engine, because this Node has no such instructions`);
}
