// SPDX-License-Identifier: Apache-2.0
/**
 * Who computes the forward pass of a layer, in Node and in a page alike: ours, stock tfjs on `cpu` and `wasm`, and
 * onnxruntime-web. Tensors in, values out: each run pays for what a user's call pays for. (onnxruntime's filter is part
 * of the model, copied into its memory before; that is how it is used.)
 */
import * as tf from '@tensorflow/tfjs-core';
import * as ortWeb from 'onnxruntime-web';
import { conv2dTranspose } from '../../src';
import { filterShapeOf, xShapeOf, yShapeOf } from '../../src/geometry/geometry';
import type { Values } from '../operands';
import type { Workload } from '../workloads';
import { convTransposeModel } from './onnx_model';

export interface Layer extends Pick<Values, 'x' | 'filter'> {
  workload: Workload;
}

/** A peer with a layer loaded. `run` returns y, NHWC unless `nchw`. */
export interface Runner {
  nchw?: boolean;
  run(): Promise<Float32Array> | Float32Array;
  dispose(): void | Promise<unknown>;
}

export type Peer = (layer: Layer) => Promise<Runner>;

/** A tfjs op on a backend. */
function onTfjs(backend: string, op: (x: tf.Tensor4D, filter: tf.Tensor4D, workload: Workload) => tf.Tensor): Peer {
  return async ({ workload, x, filter }) => {
    await tf.setBackend(backend);
    const $x = tf.tensor4d(x, xShapeOf(workload.geometry));
    const $filter = tf.tensor4d(filter, filterShapeOf(workload.geometry));
    return {
      async run() {
        if (tf.getBackend() !== backend) await tf.setBackend(backend);
        const y = op($x, $filter, workload);
        const values = y.dataSync<'float32'>();
        y.dispose();
        return values;
      },
      dispose: () => tf.dispose([$x, $filter]),
    };
  };
}

const strides = ({ geometry: g }: Workload): [number, number] => [g.strideHeight, g.strideWidth];

export const ours: Peer = onTfjs('cpu', (x, filter, w) => conv2dTranspose(x, filter, undefined, strides(w), w.pad));

export const stock = (backend: 'cpu' | 'wasm'): Peer =>
  onTfjs(backend, (x, filter, w) => tf.conv2dTranspose(x, filter, yShapeOf(w.geometry), strides(w), w.pad));

/** What of onnxruntime's packages is used here: they share one interface. */
type OnnxRuntime = Pick<typeof ortWeb, 'InferenceSession' | 'Tensor'>;

/** An onnxruntime, on one thread. */
function onOnnxRuntime(ort: OnnxRuntime, options: ortWeb.InferenceSession.SessionOptions): Peer {
  return async ({ workload: { geometry: g }, x, filter }) => {
    const transposed = (values: Float32Array, shape: number[], permutation: number[]): Float32Array => {
      const tensor = tf.tidy(() => tf.transpose(tf.tensor(values, shape), permutation));
      const result = tensor.dataSync<'float32'>().slice();
      tensor.dispose();
      return result;
    };
    const weights = transposed(filter, filterShapeOf(g), [3, 2, 0, 1]);
    const session = await ort.InferenceSession.create(convTransposeModel(g, weights), options);
    const input = transposed(x, xShapeOf(g), [0, 3, 1, 2]);
    const $x = new ort.Tensor('float32', input, [g.batch, g.inChannels, g.inHeight, g.inWidth]);
    return {
      nchw: true,
      run: async () => (await session.run({ x: $x })).y.data as Float32Array,
      dispose: () => session.release(),
    };
  };
}

ortWeb.env.wasm.numThreads = 1;
export const onnxruntime: Peer = onOnnxRuntime(ortWeb, { executionProviders: ['wasm'] });

/** onnxruntime's native build, a ceiling; `undefined` where it is not installed (it downloads its binary). */
export async function nativeOnnxruntime(): Promise<Peer | undefined> {
  const name = 'onnxruntime-node';
  try {
    return onOnnxRuntime((await import(name)) as OnnxRuntime, { intraOpNumThreads: 1 });
  } catch {
    return undefined;
  }
}
