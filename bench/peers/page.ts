// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: exposes a race of ours against onnxruntime-web, and which engine ours is. */
import '@tensorflow/tfjs-backend-cpu';
import * as ort from 'onnxruntime-web';
import { availableEngines, setThreads } from '../../kernels/cpu';
import { type Limits } from '../interleave';
import { makeValues } from '../operands';
import { race } from '../race';
import { workloadNamed } from '../workloads';
import { isQuietInNode } from './is_quiet';
import { onnxAsleep, setOnnxThreads } from './onnx_player';
import { onnxruntime, ours, oursAlone } from './peers';
import { peakGflops } from './peak';

ort.env.wasm.wasmPaths = '/ort/';

async function isQuiet(): Promise<boolean> {
  await onnxAsleep();
  return isQuietInNode();
}

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
  /** @param patience Milliseconds for which a quiet machine is waited for, which Node tells; by default none. */
  race(name: string, limits: Limits, patience?: number) {
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    return race(
      peers.map((peer) => () => peer(workload, values)),
      patience === undefined ? limits : { ...limits, quiet: { isQuiet, patience } },
    );
  },
};
export type RacePage = typeof page;
Object.assign(globalThis, { page });
