// SPDX-License-Identifier: Apache-2.0
/**
 * A context that is lost: kernels say so, and work on a backend registered anew. ./karma.mjs runs this last, for what
 * comes after it has to compile all programs once more.
 */
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { descriptor, programCount } from '../kernels/webgl';
import { conv2dTranspose } from '../src';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, describeOnEveryBackend, hasKernels, isDrawn } from './support/environments';
import { opArguments, runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';

const backend = (): MathBackendWebGL => tf.backend() as MathBackendWebGL;

describeOnEveryBackend(
  'a lost context of webgl',
  specs,
  (environment) => isDrawn(environment) && hasKernels(environment),
);

function specs(): void {
  const l = layer({ inChannels: 6, outChannels: 5, pads: [1, 0, 0, 1], batch: 2 });
  const { x, filter, dy } = randomOperands(l, 'webgl');
  const truth = oracle.forward(l, x, filter);

  it('refuses a context that is lost, or was, and works on a backend registered anew', async () => {
    expect(mismatch(runForward(l, x, filter, 'subpixel'), truth)).toBe('');
    const [$x, $filter] = [tf.mul(tf.tensor4d(x, xShape(l)), 1), tf.mul(tf.tensor4d(filter, filterShape(l)), 1)];
    const gl = backend().gpgpu.gl;
    const canvas = gl.canvas as EventTarget;
    const removed = spyOn(canvas, 'removeEventListener').and.callThrough();
    const losing = gl.getExtension('WEBGL_lose_context')!;
    const happens = (event: string): Promise<unknown> =>
      // Later than its listeners: tfjs's says that the context is to be restored.
      new Promise((resume) => canvas.addEventListener(event, () => setTimeout(resume), { once: true }));
    const allThrow = (message: RegExp): void => {
      for (const variant of EXACT_VARIANTS) {
        expect(() =>
          conv2dTranspose($x as tf.Tensor4D, $filter as tf.Tensor4D, ...opArguments(l, variant)),
        ).toThrowError(message);
      }
      expect(() => runBackpropInput(l, dy, filter)).toThrowError(message);
      expect(() => runBackpropFilter(l, x, dy)).toThrowError(message);
    };
    const device = descriptor.device(backend());
    const lost = happens('webglcontextlost');
    losing.loseContext();
    allThrow(/WebGL context of tfjs is lost.*tf.findBackendFactory\('webgl'\); tf.removeBackend\('webgl'\)/);
    await lost;
    allThrow(/WebGL context of tfjs is lost/);
    const restored = happens('webglcontextrestored');
    losing.restoreContext();
    await restored;
    expect(gl.isContextLost()).toBe(false);
    allThrow(
      /WebGL context of tfjs was lost.*restored it, but not what.*tf.setBackend\('webgl'\); and make its tensors again/,
    );
    expect(descriptor.device(backend())).toContain(device.split(',')[0]);
    expect(removed).not.toHaveBeenCalled();
    descriptor.release!(backend());
    expect(removed.calls.allArgs().map(([event]) => event)).toEqual(['webglcontextlost']);
    allThrow(/WebGL context of tfjs was lost/); // Nothing of ours has seen it.
    await tf.setBackend('cpu');
    tf.env().set('IS_TEST', false); // Else tfjs keeps the programs of the lost context.
    tf.removeBackend('webgl');
    tf.env().set('IS_TEST', true);
    tf.registerBackend('webgl', () => new MathBackendWebGL(), 2);
    await tf.setBackend('webgl');
    expect(backend().gpgpu.gl).not.toBe(gl);
    expect(programCount(backend())).toBe(0);
    for (const variant of EXACT_VARIANTS) expect(mismatch(runForward(l, x, filter, variant), truth)).toBe('');
    expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
    expect(yShape(l)).toEqual([2, 8, 10, 5]);
  });
}
