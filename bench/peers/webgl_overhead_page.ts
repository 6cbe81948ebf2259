// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: times the JavaScript part of repeated webgl calls. What the GPU takes is waited for outside the
 * timed part.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs';
import '../../kernels/webgl';
import { computeGeometry, conv2dTranspose } from '../../src';
import { EXACT_VARIANTS, type Operand, SHAPE_OF } from '../../src/contract';
import { median } from '../averages';
import { inTurn } from '../in_turn';
import { ourContenders } from '../passes';

export interface LayerRequest {
  readonly x: [number, number, number, number];
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
}

/**
 * Calls of one sample: few enough that the queue to the GPU process does not fill, many enough for a clock of 0.1 ms.
 */
const CALLS = 24;

async function timesOf(
  contenders: Readonly<Record<string, () => tf.Tensor>>,
  rounds: number,
): Promise<Record<string, number>> {
  // The first fifth only warms up.
  const warmUp = Math.ceil(rounds / 5);
  const samples = await inTurn(Object.keys(contenders), rounds + warmUp, (name, round) => {
    const begin = performance.now();
    for (let call = 1; call < CALLS; call++) contenders[name]().dispose();
    const last = contenders[name]();
    const ms = (performance.now() - begin) / CALLS;
    last.dataSync();
    last.dispose();
    return round < warmUp ? undefined : ms;
  });
  return Object.fromEntries([...samples].map(([name, ms]) => [name, median(ms)]));
}

const page = {
  /** Median milliseconds of JavaScript per call of a layer, by contender. */
  async time(
    { x: xShape, outChannels, kernel, stride }: LayerRequest,
    rounds: number,
  ): Promise<Record<string, number>> {
    await tf.setBackend('webgl');
    tf.env().set('WEBGL_CPU_FORWARD', false);
    const filterShape = [kernel, kernel, outChannels, xShape[3]];
    const g = computeGeometry({ xShape, filterShape, strides: stride, pad: 'same' });
    const onGPU = (operand: Operand): tf.Tensor4D =>
      tf.tidy(() => tf.mul(tf.randomUniform<tf.Rank.R4>(SHAPE_OF[operand](g), -1, 1), 1));
    const [x, filter, dy] = [onGPU('x'), onGPU('filter'), onGPU('dy')];
    const gradients = (['input gradient', 'filter gradient'] as const).map((pass) => {
      const [{ run }] = ourContenders(pass, { geometry: g }, { x, filter, dy }, []);
      return [pass, run] as const;
    });
    const found = await timesOf(
      {
        stock: () => tf.conv2dTranspose(x, filter, SHAPE_OF.dy(g), stride, 'same'),
        ...Object.fromEntries(
          (['auto', ...EXACT_VARIANTS] as const).map((variant) => [
            variant,
            () => conv2dTranspose(x, filter, undefined, stride, 'same', { variant }),
          ]),
        ),
        ...Object.fromEntries(gradients),
      },
      rounds,
    );
    tf.dispose([x, filter, dy]);
    return found;
  },
};
export type OverheadPage = typeof page;
Object.assign(globalThis, { page });
