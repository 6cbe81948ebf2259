// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: races our webgl kernels against stock tfjs, packed and not, and checks our results. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { programCount } from '../../kernels/webgl';
import type { Variant } from '../../src';
import { chooseVariant } from '../../src/choice/choose';
import { comparePass } from '../compare_pass';
import { median } from '../interleave';
import { type Contender, type Pass, makeOperands, ourContenders, stockContender } from '../passes';
import { sampledError } from '../spot_check';
import { WORKLOADS } from '../workloads';

export interface WebglTime {
  ms: number;
  firstMs: number;
  error: number;
}

/** On the GPU, packed as tfjs's own ops leave tensors. */
function onGPU(operand: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.mul(operand, 1));
}

/** Waits for the GPU by reading a single element. */
function finish(result: tf.Tensor): void {
  tf.tidy(() => tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1]).dataSync());
}

/** The least that a sample takes, in ms: the fast run several times. */
const SAMPLE_MS = 8;

const page = {
  renderer(): string {
    const gl = (tf.backend() as MathBackendWebGL).gpgpu.gl;
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  },
  async ready(): Promise<void> {
    tf.enableProdMode();
    await tf.setBackend('webgl');
    tf.env().set('WEBGL_CPU_FORWARD', false);
  },
  /** A cell of the main job, stock as tfjs is set by default. */
  compare: (name: string, pass: Pass, variants: readonly Variant[], limits: { repeat: number; budget: number }) =>
    comparePass(
      { backend: 'webgl', place: onGPU, finish },
      pass,
      WORKLOADS.find((w) => w.name === name)!,
      variants,
      limits,
    ),
  programs: () => programCount(tf.backend() as MathBackendWebGL),
  /** Times of a pass by contender; 'stock packed' and 'stock unpacked' are left out if `withStock` is false. */
  race(
    name: string,
    pass: Pass,
    variants: Variant[],
    rounds: number,
    withStock: boolean,
  ): Record<string, WebglTime> & { auto?: WebglTime } {
    const workload = WORKLOADS.find((w) => w.name === name)!;
    const g = workload.geometry;
    const operands = makeOperands(workload);
    const values = { x: operands.x.dataSync(), filter: operands.filter.dataSync(), dy: operands.dy.dataSync() } as Record<'x' | 'filter' | 'dy', Float32Array>; // prettier-ignore
    const inputs = { x: onGPU(operands.x), filter: onGPU(operands.filter), dy: onGPU(operands.dy) };
    tf.dispose([operands.x, operands.filter, operands.dy]);
    const stock = stockContender(pass, workload, inputs);
    const packing = (on: boolean, run: () => tf.Tensor) => (): tf.Tensor => {
      tf.env().set('WEBGL_PACK', on);
      tf.env().set('WEBGL_CONV_IM2COL', on);
      try {
        return run();
      } finally {
        tf.env().set('WEBGL_PACK', true);
        tf.env().set('WEBGL_CONV_IM2COL', true);
      }
    };
    const contenders: Contender[] = [
      ...ourContenders(pass, workload, inputs, variants),
      ...(withStock ? [{ name: 'stock packed', run: packing(true, stock.run) }, { name: 'stock unpacked', run: packing(false, stock.run) }] : []), // prettier-ignore
    ];
    const results: Record<string, WebglTime> = {};
    const samples = new Map<Contender, number[]>();
    for (const contender of contenders) {
      const begin = performance.now();
      const result = contender.run();
      finish(result);
      const firstMs = performance.now() - begin;
      const error = sampledError(pass, g, result.dataSync() as Float32Array, values);
      result.dispose();
      console.log(
        `${name} ${pass} ${contender.name}: first call ${firstMs.toFixed(0)} ms, error ${error.toPrecision(2)}`,
      );
      results[contender.name] = { ms: 0, firstMs, error };
      samples.set(contender, []);
    }
    // The first two rounds only warm up: software renderers compile in the background.
    for (let round = -2; round < rounds; round++) {
      for (let n = 0; n < contenders.length; n++) {
        const contender = contenders[(n + round + 2) % contenders.length];
        if (round !== 0 && results[contender.name].firstMs > 1000) continue; // One sample of the very slow.
        const begin = performance.now();
        let runs = 0;
        do {
          const result = contender.run();
          finish(result);
          result.dispose();
          runs++;
        } while (performance.now() - begin < SAMPLE_MS);
        if (round >= 0) samples.get(contender)!.push((performance.now() - begin) / runs);
      }
    }
    for (const [contender, times] of samples) results[contender.name].ms = median(times);
    tf.dispose([inputs.x, inputs.filter, inputs.dy]);
    if (pass === 'forward')
      results.auto = results[chooseVariant('auto', g, { backendName: 'webgl', backend: tf.backend() })!];
    return results;
  },
  /** Median times of a forward pass by a variant of ours on webgl, and by stock tfjs on webgpu, in turn; `undefined` if there is no webgpu. */
  async againstWebgpu(
    name: string,
    variant: Variant,
    rounds: number,
  ): Promise<{ ours: number; webgpu: number; error: number } | undefined> {
    const workload = WORKLOADS.find((w) => w.name === name)!;
    const sides = [];
    for (const backend of ['webgl', 'webgpu']) {
      if (!(await tf.setBackend(backend))) return undefined;
      const made = makeOperands(workload);
      const operands = { x: onGPU(made.x), filter: onGPU(made.filter), dy: made.dy };
      const contender =
        backend === 'webgl'
          ? ourContenders('forward', workload, operands, [variant])[0]
          : stockContender('forward', workload, operands);
      sides.push({ backend, contender, made, operands, samples: [] as number[] });
    }
    // Two rounds to warm up.
    for (let round = -2; round < rounds; round++) {
      for (const { backend, contender, samples } of sides) {
        await tf.setBackend(backend);
        const begin = performance.now();
        let runs = 0;
        do {
          const result = contender.run();
          const corner = tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1]);
          await corner.data();
          tf.dispose([result, corner]);
          runs++;
        } while (performance.now() - begin < SAMPLE_MS);
        if (round >= 0) samples.push((performance.now() - begin) / runs);
      }
    }
    const [{ made }, { contender }] = sides;
    await tf.setBackend('webgpu');
    const result = contender.run();
    const values = { x: await made.x.data(), filter: await made.filter.data(), dy: new Float32Array() } as Record<'x' | 'filter' | 'dy', Float32Array>; // prettier-ignore
    const error = sampledError('forward', workload.geometry, (await result.data()) as Float32Array, values);
    tf.dispose([result, ...sides.flatMap((side) => [...Object.values(side.made), ...Object.values(side.operands)])]);
    await tf.setBackend('webgl');
    const [ours, webgpu] = sides.map(({ samples }) => median(samples));
    return { ours, webgpu, error };
  },
};
export type WebglPage = typeof page;
Object.assign(globalThis, { page });
