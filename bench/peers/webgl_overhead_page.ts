// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: times the JavaScript part of repeated webgl calls. What the GPU takes is waited for outside the
 * timed part.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs';
import '../../kernels/webgl';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  VARIANTS,
  computeGeometry,
  conv2dTranspose,
} from '../../src';
import { filterShapeOf, xShapeOf, yShapeOf } from '../../src/geometry/geometry';
import { median } from '../interleave';

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

/** One after another, so that a contender is not always first after a wait. */
function samplesOf(contenders: Readonly<Record<string, () => tf.Tensor>>, rounds: number): Record<string, number> {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  // The first fifth only warms up.
  const warmUp = Math.ceil(rounds / 5);
  for (let round = -warmUp; round < rounds; round++) {
    for (let n = 0; n < names.length; n++) {
      const name = names[(n + round + warmUp) % names.length];
      const begin = performance.now();
      for (let call = 1; call < CALLS; call++) contenders[name]().dispose();
      const last = contenders[name]();
      const ms = (performance.now() - begin) / CALLS;
      last.dataSync();
      last.dispose();
      if (round >= 0) samples[name].push(ms);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(samples[name])]));
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
    const onGPU = (shape: [number, number, number, number]): tf.Tensor4D => {
      return tf.tidy(() => tf.mul(tf.randomUniform<tf.Rank.R4>(shape, -1, 1), 1));
    };
    const [x, filter, dy] = [onGPU(xShapeOf(g)), onGPU(filterShapeOf(g)), onGPU(yShapeOf(g))];
    const attrs = { geometry: g, variant: 'subpixel' } as unknown as tf.NamedAttrMap;
    const adjoint = (kernelName: string, inputs: tf.NamedTensorMap) => (): tf.Tensor =>
      tf.engine().runKernel(kernelName, inputs, attrs);
    const found = samplesOf(
      {
        stock: () => tf.conv2dTranspose(x, filter, yShapeOf(g), stride, 'same'),
        ...Object.fromEntries(
          (['auto', ...VARIANTS] as const).map((variant) => [
            variant,
            () => conv2dTranspose(x, filter, undefined, stride, 'same', { variant }),
          ]),
        ),
        'input gradient': adjoint(Conv2DTransposeBackpropInput, { dy, filter }),
        'filter gradient': adjoint(Conv2DTransposeBackpropFilter, { x, dy }),
      },
      rounds,
    );
    tf.dispose([x, filter, dy]);
    return found;
  },
};
export type OverheadPage = typeof page;
Object.assign(globalThis, { page });
