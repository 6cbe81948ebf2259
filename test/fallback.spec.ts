// SPDX-License-Identifier: Apache-2.0
/** On a backend that has none of our kernels the op is composed of core ops: still right, still differentiable. */
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  KERNEL_OF_VARIANT,
  conv2dTranspose,
} from '../src';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { opArguments } from './support/kernels';
import { filterShape, randomOperands, xShape, yShape } from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import * as oracle from './support/oracle';

const OURS = [...Object.values(KERNEL_OF_VARIANT), Conv2DTransposeBackpropInput, Conv2DTransposeBackpropFilter];

describe('a backend without our kernels', () => {
  let previous = '';
  beforeAll(async () => {
    await tf.ready();
    previous = tf.getBackend();
    tf.registerBackend('bare', () => new MathBackendCPU());
    for (const config of tf.getKernelsForBackend('cpu')) {
      if (!OURS.includes(config.kernelName)) tf.registerKernel({ ...config, backendName: 'bare' });
    }
    tf.setBackend('bare');
  });
  afterAll(async () => {
    await tf.setBackend(previous);
    tf.removeBackend('bare');
    for (const config of tf.getKernelsForBackend('bare')) tf.unregisterKernel(config.kernelName, 'bare');
  });

  for (const [name, l] of Object.entries(CASES)) {
    it(`computes forward and gradients: ${name}`, () => {
      const { x, filter, dy } = randomOperands(l, `fallback ${name}`);
      tf.tidy(() => {
        const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(l));
        const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        expect(mismatch(op(inputs[0], inputs[1]).dataSync(), oracle.forward(l, x, filter))).toBe('');
        const [dx, dFilter] = tf.grads(op)(inputs, tf.tensor4d(dy, yShape(l)));
        expect(mismatch(dx.dataSync(), oracle.backpropInput(l, dy, filter))).toBe('');
        expect(mismatch(dFilter.dataSync(), oracle.backpropFilter(l, x, dy))).toBe('');
      });
    });
  }

  it('gives an empty batch', () => {
    const y = conv2dTranspose(
      tf.zeros<tf.Rank.R4>([0, 4, 5, 3]),
      tf.ones<tf.Rank.R4>([3, 3, 2, 3]),
      undefined,
      2,
      'same',
    );
    expect(y.shape).toEqual([0, 8, 10, 2]);
    y.dispose();
  });

  it('leaves no tensor behind', () => {
    const [x, filter] = [tf.ones<tf.Rank.R4>([1, 4, 5, 3]), tf.ones<tf.Rank.R4>([3, 3, 2, 3])];
    expect(leaked(() => conv2dTranspose(x, filter, undefined, 2, 'same').dispose())).toEqual(NOTHING);
    tf.dispose([x, filter]);
  });

  it('refuses a variant by name, and says what would do', () => {
    const run = (): unknown => conv2dTranspose([[[[1]]]], [[[[1]]]], undefined, 1, 'same', { variant: 'scatter' });
    const message = /variant 'scatter' cannot run on backend 'bare': .* no such kernel.*'auto' would do/;
    expect(leaked(() => expect(run).toThrowError(message))).toEqual(NOTHING);
  });
});
