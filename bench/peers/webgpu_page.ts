// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: races our webgpu kernels against stock webgpu with either of its programs, against onnxruntime-web's
 * WebGPU provider, and against our own webgl; and checks everybody's results.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import * as ort from 'onnxruntime-web/webgpu';
import '../../kernels/webgl';
import { descriptor } from '../../kernels/webgpu';
import { type Variant, explain } from '../../src';
import type { Limits } from '../interleave';
import { makeValues } from '../operands';
import { type Pass, supportOfStock } from '../passes';
import { type Outcome, race } from '../race';
import { sampledError } from '../spot_check';
import { registerWithSubgroups } from '../webgpu_subgroups';
import { NOT_NAIVE } from '../with_flags';
import { workloadNamed } from '../workloads';
import type { OnnxRuntime } from './onnx_player';
import { onnxruntime, ours, oursSet, stock, stockWith } from './peers';

ort.env.wasm.wasmPaths = '/ort/';
ort.env.wasm.numThreads = 1;

const ONNXRUNTIME_WEBGPU: OnnxRuntime = {
  ort,
  options: { executionProviders: ['webgpu'] },
  async place(values, dims) {
    const device = await ort.env.webgpu.device;
    const { COPY_DST, COPY_SRC, STORAGE } = GPUBufferUsage;
    const buffer = device.createBuffer({ size: values.byteLength, usage: COPY_DST | COPY_SRC | STORAGE });
    device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims, dispose: () => buffer.destroy() });
  },
};

/** What was measured of a pass. */
export interface Raced {
  readonly outcome: Outcome<string>;
  /** The variant that 'auto' took. */
  readonly took?: Variant;
  /** The worst of some elements, in units of the bound that the tests hold, by player. */
  readonly errors: Readonly<Record<string, number>>;
}

const page = {
  /** Sets the backend, on a device with subgroups if asked for; what it runs on, or `undefined` if there is none. */
  async ready(withSubgroups: boolean): Promise<string | undefined> {
    tf.env().set('WEBGL_CPU_FORWARD', false);
    if (withSubgroups && !(await registerWithSubgroups())) return undefined;
    const isThere = await tf.setBackend('webgpu').catch(() => false);
    if (!isThere) return undefined;
    const backend = tf.backend() as Parameters<typeof descriptor.device>[0];
    Object.assign(backend, { hasReadSyncWarned: true });
    return descriptor.device(backend);
  },

  /** @param withSubgroups Whether what they bring is measured, in place of all but ours. */
  async race(name: string, pass: Pass, limits: Limits, withSubgroups: boolean): Promise<Raced> {
    await tf.setBackend('webgpu');
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    const { variant: took } = explain(workload.geometry);
    const isForward = pass === 'forward';
    const alone = oursSet('alone', 'an invocation', pass, 'webgpu');
    const rivals = [
      ours(pass, 'webgl'),
      ...(supportOfStock(pass, workload).supported ? [stock(pass, 'webgpu')] : []),
      ...(isForward && supportOfStock(pass, workload).supported
        ? [stockWith('stock, not naive,', NOT_NAIVE, pass, 'webgpu')]
        : []),
      ...(isForward ? [onnxruntime('onnxruntime-web webgpu', ONNXRUNTIME_WEBGPU)] : []),
    ];
    const peers = [ours(pass, 'webgpu'), ...(withSubgroups ? [alone] : rivals)];
    const errors: Record<string, number> = {};
    const outcome = await race(
      peers.map((peer) => () => peer(workload, values)),
      limits,
      1,
      (by, result) => {
        errors[by] = sampledError(pass, workload.geometry, result, values);
        console.log(`${name} ${pass} ${by}: error ${errors[by].toPrecision(2)}`);
      },
    );
    return { outcome, errors, ...(isForward && took !== undefined && { took }) };
  },
};
export type WebgpuPage = typeof page;
Object.assign(globalThis, { page });
