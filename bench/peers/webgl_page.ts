// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: races our webgl kernels against stock tfjs, its packed programs and its unpacked ones, and against
 * stock webgpu; and checks our results.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { descriptor, programCount } from '../../kernels/webgl';
import { VARIANTS, type Variant, explain, install, uninstall } from '../../src';
import { median } from '../averages';
import { fieldOf } from '../field';
import { asUsersHaveIt, waitForAnyGPU, waitForGPU } from '../gpu';
import { inTurn, timeOfFilling } from '../in_turn';
import { disposeOperands, makeOperands, makeValues } from '../operands';
import { type Contender, type Pass, ourContenders, stockContender } from '../passes';
import { sampledError } from '../spot_check';
import { workloadNamed } from '../workloads';

export interface WebglTime {
  /** As users have it: calls of all contenders one by one, the whole result read. */
  ms: number;
  /** Call after call of one contender, waiting for the GPU only. */
  hotMs: number;
  firstMs: number;
  error: number;
}

/** The least that a hot sample takes, in ms: the fast run several times. */
const SAMPLE_MS = 8;
/** Rounds that only warm up: software renderers compile in the background. */
const WARM_ROUNDS = 2;
/** Samples of calls one after another. */
const HOT_ROUNDS = 3;
/** Who takes longer for the first call than so many ms is sampled once. */
const SLOW_MS = 1000;

/** Stock as tfjs sets it up by default, or without its packed programs. */
function withPacking(on: boolean, run: () => tf.Tensor): () => tf.Tensor {
  const set = (value: boolean): void => {
    tf.env().set('WEBGL_PACK', value);
    tf.env().set('WEBGL_CONV_IM2COL', value);
  };
  return () => {
    set(on);
    try {
      return run();
    } finally {
      set(true);
    }
  };
}

const page = {
  /** Sets the backend; what it runs on. */
  async ready(): Promise<string> {
    tf.enableProdMode();
    await tf.setBackend('webgl');
    tf.env().set('WEBGL_CPU_FORWARD', false);
    return descriptor.device(tf.backend() as MathBackendWebGL);
  },
  programs: () => programCount(tf.backend() as MathBackendWebGL),

  /** Times of a pass by contender: ours, 'auto' among them, 'stock packed' and 'stock unpacked'. */
  async race(name: string, pass: Pass, rounds: number): Promise<Record<string, WebglTime>> {
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    // Whoever is first to use a tensor decides the form in which it comes onto the GPU. So each side has its own.
    const [ours, packed, unpacked] = [0, 1, 2].map(() => makeOperands(workload, values, asUsersHaveIt));
    const contenders: Contender[] = [
      ...fieldOf({ variants: VARIANTS, stock: false }, workload, pass).contenders(ours),
      { name: 'stock packed', run: withPacking(true, stockContender(pass, workload, packed).run) },
      { name: 'stock unpacked', run: withPacking(false, stockContender(pass, workload, unpacked).run) },
    ];
    const results: Record<string, WebglTime> = {};
    for (const contender of contenders) {
      const begin = performance.now();
      const result = contender.run();
      const read = result.dataSync() as Float32Array;
      const firstMs = performance.now() - begin;
      const error = sampledError(pass, workload.geometry, read, values);
      result.dispose();
      const told = `first call ${firstMs.toFixed(0)} ms, error ${error.toPrecision(2)}`;
      console.log(`${name} ${pass} ${contender.name}: ${told}`);
      results[contender.name] = { ms: 0, hotMs: 0, firstMs, error };
    }
    const isSlow = ({ name: contender }: Contender): boolean => results[contender].firstMs > SLOW_MS;
    const samples = await inTurn(contenders, WARM_ROUNDS + rounds, (contender, round) => {
      if (round !== WARM_ROUNDS && isSlow(contender)) return undefined;
      const begin = performance.now();
      const result = contender.run();
      result.dataSync();
      const ms = performance.now() - begin;
      result.dispose();
      return round < WARM_ROUNDS ? undefined : ms;
    });
    for (const [contender, times] of samples) results[contender.name].ms = median(times);
    const hot = await inTurn(
      contenders.filter((contender) => !isSlow(contender)),
      HOT_ROUNDS,
      ({ run }) =>
        timeOfFilling(SAMPLE_MS, () => {
          const result = run();
          waitForGPU(result);
          result.dispose();
        }),
    );
    for (const contender of contenders)
      results[contender.name].hotMs = median(hot.get(contender) ?? [results[contender.name].ms]);
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

  /**
   * Median times of a forward pass by a variant of ours on webgl, and by stock tfjs on webgpu, in turn; `undefined` if
   * there is no webgpu.
   */
  async againstWebgpu(
    name: string,
    variant: Variant,
    rounds: number,
  ): Promise<{ ours: number; webgpu: number; error: number } | undefined> {
    const workload = workloadNamed(name);
    const values = makeValues(workload);
    const sides = [];
    for (const backend of ['webgl', 'webgpu']) {
      if (!(await tf.setBackend(backend))) return undefined;
      const operands = makeOperands(workload, values, asUsersHaveIt);
      const [contender] =
        backend === 'webgl'
          ? ourContenders('forward', workload, operands, [variant])
          : [stockContender('forward', workload, operands)];
      sides.push({ backend, contender, operands });
    }
    const [webgl, webgpu] = sides;
    const samples = await inTurn(sides, WARM_ROUNDS + rounds, async ({ backend, contender }, round) => {
      await tf.setBackend(backend);
      const ms = await timeOfFilling(SAMPLE_MS, async () => {
        const result = contender.run();
        await waitForAnyGPU(result);
        result.dispose();
      });
      return round < WARM_ROUNDS ? undefined : ms;
    });
    await tf.setBackend('webgpu');
    const result = webgpu.contender.run();
    const computed = (await result.data()) as Float32Array;
    const error = sampledError('forward', workload.geometry, computed, values);
    result.dispose();
    sides.forEach(({ operands }) => disposeOperands(operands));
    await tf.setBackend('webgl');
    return { ours: median(samples.get(webgl)!), webgpu: median(samples.get(webgpu)!), error };
  },
};
export type WebglPage = typeof page;
Object.assign(globalThis, { page });
