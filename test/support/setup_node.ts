// SPDX-License-Identifier: Apache-2.0
/** What specs run on under jest: the backends in memory, `cpu` on every engine that can run here. */
import v8 from 'node:v8';
import * as tf from '@tensorflow/tfjs';
import '../../kernels';
import { RELAXED_MODULE } from '../../kernels/engine/simd/products.generated';
import { install, uninstall } from '../../src';
import { environments } from './environments';
import { onEveryEngine } from './memory_backends';
import { useWasmFiles } from './wasm_files';

tf.env().set('IS_TEST', true); // No advertisement for tfjs-node.

// Node 20 has relaxed SIMD behind a flag; later ones have it anyway.
const hasRelaxedSimd = WebAssembly.validate(Buffer.from(RELAXED_MODULE, 'base64'));
if (!hasRelaxedSimd) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');

const onCpu = onEveryEngine('cpu');
for (const engine of ['relaxed', 'simd']) {
  if (!onCpu.some(({ name }) => name.includes(engine)))
    console.warn(`Skipped: the ${engine} engine, because this Node has no such instructions`);
}

useWasmFiles();

environments.push(...onCpu, {
  name: 'wasm',
  backend: 'wasm',
  onlyNumbers: true,
  // Stock has no filter gradient there, which specs of conv2d's gradients compare with.
  setUp: () => void install({ backends: ['wasm'], kernels: ['Conv2DBackpropFilter'], gradients: false }),
  tearDown: uninstall,
});
