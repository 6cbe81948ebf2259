// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: races our webgl kernels against stock tfjs, its packed programs and its unpacked ones, and against
 * stock webgpu; and checks our results.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { descriptor, programCount } from '../../kernels/webgl';
import { VARIANTS, explain, install, uninstall } from '../../src';
import { fieldOf } from '../field';
import { type Limits, type Timing, interleave } from '../interleave';
import { disposeOperands, makeOperands, makeValues } from '../operands';
import { type Contender, type Pass, runnerOf, stockContender, supportOfStock } from '../passes';
import { race, timedOf } from '../race';
import { sampledError } from '../spot_check';
import { type Flags, withFlags } from '../with_flags';
import { workloadNamed } from '../workloads';
import { ours, stock } from './peers';

/** A hot call waits for the GPU only. */
export interface WebglTime extends Timing {
  error: number;
}

/** Flags of stock as tfjs sets it up by default, or without its packed programs. */
const packing = (on: boolean): Flags => ({ WEBGL_PACK: on, WEBGL_CONV_IM2COL: on });

const page = {
  /** Sets the backend; what it runs on. */
  async ready(): Promise<string> {
    await tf.setBackend('webgl');
    tf.env().set('WEBGL_CPU_FORWARD', false);
    return descriptor.device(tf.backend() as MathBackendWebGL);
  },
  programs: () => programCount(tf.backend() as MathBackendWebGL),

  /** Times of a pass by contender: ours, 'auto' among them, 'stock packed' and 'stock unpacked'. */
  async race(name: string, pass: Pass, limits: Limits): Promise<Record<string, WebglTime>> {
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    // Whoever is first to use a tensor decides the form in which it comes onto the GPU. So each side has its own.
    const [ours, packed, unpacked] = [0, 1, 2].map(() => makeOperands(workload, values));
    const contenders: Contender[] = fieldOf({ variants: VARIANTS, stock: false }, workload, pass).contenders(ours);
    if (supportOfStock(pass, workload).supported)
      contenders.push(
        { name: 'stock packed', run: withFlags(packing(true), stockContender(pass, workload, packed).run) },
        { name: 'stock unpacked', run: withFlags(packing(false), stockContender(pass, workload, unpacked).run) },
      );
    const errors = new Map<string, number>();
    const inspect = ({ name: by }: { name: string }, read: Float32Array): void => {
      const error = sampledError(pass, workload.geometry, read, values);
      console.log(`${name} ${pass} ${by}: error ${error.toPrecision(2)}`);
      errors.set(by, error);
    };
    const results: Record<string, WebglTime> = {};
    for (const [{ name: by }, timing] of await interleave(contenders.map(runnerOf), limits, { inspect }))
      results[by] = { ...timing, error: errors.get(by)! };
    [ours, packed, unpacked].forEach(disposeOperands);
    if (pass === 'forward') results.auto = results[explain(workload.geometry).variant!];
    return results;
  },

  /** Who runs under `install` where code calls tf.conv2d for the input gradient of a layer. */
  conv2dRuns(name: string): string {
    install();
    const { runs } = explain(workloadNamed(name).geometry).installed['input gradient']!;
    uninstall();
    return runs;
  },

  /** A forward pass by 'auto' on webgl and by stock tfjs on webgpu; `undefined` if there is no webgpu. */
  async againstWebgpu(name: string, limits: Limits): Promise<{ ours: number; webgpu: number } | undefined> {
    if (!(await tf.setBackend('webgpu').catch(() => false))) return undefined;
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    const peers = [ours('forward', 'webgl'), stock('forward', 'webgpu')];
    const outcome = await race(
      peers.map((peer) => () => peer(workload, values)),
      limits,
    );
    await tf.setBackend('webgl');
    const [webgl, webgpu] = ['ours webgl', 'stock webgpu'].map((by) => timedOf(outcome, by)!.ms);
    return { ours: webgl, webgpu };
  },
};
export type WebglPage = typeof page;
Object.assign(globalThis, { page });
