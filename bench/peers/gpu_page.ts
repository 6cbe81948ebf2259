// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: cells of the main job on a backend that needs a browser. */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { descriptorNamed } from '../backends';
import { benchOn, comparePass } from '../compare_pass';
import { type Asked, fieldOf } from '../field';
import type { Limits } from '../interleave';
import type { Pass } from '../../src/contract';
import type { Row } from '../results';
import { workloadNamed } from '../workloads';

export interface ComparedCell {
  readonly rows: Row[];
  readonly unable: readonly { readonly name: string; readonly reason: string }[];
}

const page = {
  /** Sets a backend, stock as tfjs is set by default; what it runs on, or `undefined` if it cannot be had. */
  async use(backend: string): Promise<string | undefined> {
    // Small tensors would be computed on the CPU.
    tf.env().set('WEBGL_CPU_FORWARD', false);
    const isThere = await tf.setBackend(backend).catch(() => false);
    return isThere ? descriptorNamed(backend).device(tf.backend()) : undefined;
  },
  async compare(name: string, pass: Pass, asked: Asked, limits: Limits): Promise<ComparedCell> {
    const backend = tf.getBackend();
    const workload = workloadNamed(name);
    const field = fieldOf(asked, workload, pass);
    const rows = await comparePass(benchOn(backend), pass, workload, field, limits);
    return { rows, unable: field.unable };
  },
};
export type GpuPage = typeof page;
Object.assign(globalThis, { page });
