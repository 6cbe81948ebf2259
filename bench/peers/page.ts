// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: exposes a race of ours against onnxruntime-web, and which engine ours is. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as ort from 'onnxruntime-web';
import { availableEngines } from '../../kernels/cpu';
import { workloadNamed } from '../workloads';
import { onnxruntime, ours } from './peers';
import { peakGflops } from './peak';
import { race } from './race';

tf.enableProdMode();
ort.env.wasm.wasmPaths = '/ort/';

const page = {
  engine: () => availableEngines()[0],
  peakGflops: () => peakGflops(availableEngines()[0] === 'relaxed'),
  race: (name: string, rounds: number, budgetMs: number) =>
    race(workloadNamed(name), { ours, onnxruntime }, rounds, budgetMs),
};
export type RacePage = typeof page;
Object.assign(globalThis, { page });
