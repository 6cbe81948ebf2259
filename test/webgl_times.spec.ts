// SPDX-License-Identifier: Apache-2.0
/** What our draws cost is part of what `tf.time` and `tf.profile` tell, as what tfjs draws is. */
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { conv2dTranspose, fused } from '../src';
import { KERNEL_OF_VARIANT } from '../src/contract';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend } from './support/environments';
import { opArguments } from './support/kernels';
import { filterShape, layer, randomOperands, xShape } from './support/layer';

describeOnEveryBackend(
  'the times of webgl',
  specs,
  ({ backend, withoutKernels }) => backend === 'webgl' && withoutKernels === undefined,
);

function specs({ name: environment }: Environment): void {
  const l = layer({ inChannels: 8, outChannels: 8 });
  const operands = randomOperands(l, 'times');
  let x: tf.Tensor4D, filter: tf.Tensor4D;
  beforeAll(() => {
    // On the GPU, so that nothing but our own draws takes its time.
    [x, filter] = tf.tidy(() => [
      tf.mul(tf.tensor4d(operands.x, xShape(l)), 1),
      tf.mul(tf.tensor4d(operands.filter, filterShape(l)), 1),
    ]);
  });
  afterAll(() => tf.dispose([x, filter]));
  const run = (variant: (typeof EXACT_VARIANTS)[number]): tf.Tensor =>
    conv2dTranspose(x, filter, ...opArguments(l, variant));
  const profiled = async (
    call: () => tf.Tensor,
  ): Promise<{ name: string; kernelTimeMs: unknown; extraInfo: string }> => {
    const { kernels, result } = await tf.profile(call);
    (result as tf.Tensor).dispose();
    expect(kernels.length).toBe(1);
    const [{ name, kernelTimeMs, extraInfo }] = kernels;
    return { name, kernelTimeMs: await kernelTimeMs, extraInfo: await extraInfo };
  };
  const isTimed = (): boolean => tf.env().getBool('WEBGL_DISJOINT_QUERY_TIMER_EXTENSION_RELIABLE');

  it('of every variant are the sum of its draws, each by the name of its program', async () => {
    if (!isTimed()) return pending(`${environment}: this machine has no timer queries`);
    for (const variant of EXACT_VARIANTS) {
      const { name, kernelTimeMs, extraInfo } = await profiled(() => run(variant));
      expect(name).toBe(KERNEL_OF_VARIANT[variant]);
      const draws = extraInfo.split(', ').map((draw) => draw.split(': '));
      expect(draws.length).withContext(extraInfo).toBeGreaterThan(1);
      expect(draws.every((draw) => draw.length === 2 && draw[0] !== '' && Number(draw[1]) >= 0))
        .withContext(extraInfo)
        .toBe(true);
      expect(kernelTimeMs).withContext(extraInfo).toBeGreaterThan(0);
      const sum = draws.reduce((all, [, ms]) => all + Number(ms), 0);
      expect(kernelTimeMs as number).toBeCloseTo(sum, 6);
    }
  });

  it('of tf.time are there, too, also where tfjs uploads amid the call', async () => {
    if (!isTimed()) return pending(`${environment}: this machine has no timer queries`);
    const bias = tf.tensor1d(new Float32Array(8)); // Not on the GPU.
    const { strides, dilations } = l;
    const { kernelMs, wallMs } = (await tf.time(() =>
      fused.conv2dTranspose({ x, filter, bias, strides, dilations, pad: 'valid', activation: 'relu' }).dispose(),
    )) as { kernelMs: number; wallMs: number };
    expect(kernelMs).toBeGreaterThan(0);
    expect(wallMs).toBeGreaterThan(0);
    const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
    expect(gl.getError()).toBe(gl.NO_ERROR);
    bias.dispose();
  });

  it('end where a draw throws: the next call is timed as well', async () => {
    if (!isTimed()) return pending(`${environment}: this machine has no timer queries`);
    const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
    const failing = spyOn(gl, 'drawArrays').and.throwError('no such luck');
    await tf.profile(() => {
      expect(() => run('subpixel')).toThrowError(/no such luck/);
      failing.and.callThrough();
      run('subpixel').dispose();
    });
    expect(gl.getError()).toBe(gl.NO_ERROR); // A query that runs while another begins is an error.
    expect((await profiled(() => run('subpixel'))).kernelTimeMs).toBeGreaterThan(0);
  });

  it('where the machine has no timers are those of the whole call, as for every kernel of tfjs', async () => {
    const reliable = tf.env().get('WEBGL_DISJOINT_QUERY_TIMER_EXTENSION_RELIABLE');
    tf.env().set('WEBGL_DISJOINT_QUERY_TIMER_EXTENSION_RELIABLE', false);
    try {
      const { name, kernelTimeMs } = await profiled(() => run('subpixel'));
      expect(name).toBe(KERNEL_OF_VARIANT.subpixel);
      expect(kernelTimeMs).toBeGreaterThan(0);
      const { kernelMs, wallMs } = await tf.time(() => run('subpixel').dispose());
      expect(kernelMs).toEqual({ error: jasmine.stringMatching(/timers are not supported/) } as unknown as number);
      expect(wallMs).toBeGreaterThan(0);
    } finally {
      tf.env().set('WEBGL_DISJOINT_QUERY_TIMER_EXTENSION_RELIABLE', reliable);
    }
  });
}
