// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: exposes a race of ours against onnxruntime-web, and which engine ours is. */
import '@tensorflow/tfjs-backend-cpu';
import * as ort from 'onnxruntime-web';
import { availableEngines, setThreads } from '../../kernels/cpu';
import { type Limits } from '../interleave';
import { makeValues } from '../operands';
import { race } from '../race';
import { workloadNamed } from '../workloads';
import { setOnnxThreads } from './onnx_player';
import { onnxruntime, ours, oursAlone } from './peers';
import { peakGflops } from './peak';

ort.env.wasm.wasmPaths = '/ort/';

let peers = [ours('forward', 'cpu'), onnxruntime('onnxruntime-web')];
const page = {
  engine: () => availableEngines()[0].name,
  /** Has both run on so many threads, and ours on one besides; resolves to how many ours has. */
  async setThreads(count: number): Promise<number> {
    setOnnxThreads(count);
    peers = [ours('forward', 'cpu'), oursAlone('forward', 'cpu'), onnxruntime('onnxruntime-web')];
    return setThreads(count);
  },
  peakGflops: () => peakGflops(availableEngines()[0].name === 'relaxed'),
  race(name: string, limits: Limits) {
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    return race(
      peers.map((peer) => () => peer(workload, values)),
      limits,
    );
  },
};
export type RacePage = typeof page;
Object.assign(globalThis, { page });
