// SPDX-License-Identifier: Apache-2.0
/** What specs run on in a browser: the engines of the cpu backend, and WebGL as different machines have it. */
import * as tf from '@tensorflow/tfjs';
import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { ENGINE_FLAG, availableEngines } from '../../kernels/cpu';
import '../../kernels/webgl';
import { type Environment, environments } from './environments';

tf.env().set('IS_TEST', true);

for (const engine of availableEngines()) {
  environments.push({
    name: `cpu, ${engine} engine`,
    backend: 'cpu',
    setUp: () => tf.env().set(ENGINE_FLAG, engine),
    tearDown: () => tf.env().set(ENGINE_FLAG, 'auto'),
  });
}

/** A backend `webgl`, registered anew with flags of its own. */
function webgl(name: string, flags: tf.Environment['flags'], more: Partial<Environment> = {}): Environment {
  return {
    name,
    backend: 'webgl',
    setUp: async () => {
      await tf.setBackend('cpu');
      if (tf.findBackendFactory('webgl')) tf.removeBackend('webgl');
      tf.env().reset();
      tf.env().setFlags({ IS_TEST: true, WEBGL_CPU_FORWARD: false, ...flags });
      tf.registerBackend('webgl', () => new MathBackendWebGL(), 2);
    },
    tearDown: async () => {
      await tf.setBackend('cpu');
      tf.removeBackend('webgl');
      tf.env().reset();
      tf.env().set('IS_TEST', true);
    },
    ...more,
  };
}

environments.push(
  webgl('webgl 2', { WEBGL_VERSION: 2 }),
  webgl('webgl 2, packing off', { WEBGL_VERSION: 2, WEBGL_PACK: false }),
  webgl('webgl 2, half floats', { WEBGL_VERSION: 2, WEBGL_RENDER_FLOAT32_CAPABLE: false, WEBGL_FORCE_F16_TEXTURES: true }, { precision: 16 }), // prettier-ignore
  webgl(
    'webgl 1',
    { WEBGL_VERSION: 1 },
    { withoutKernels: 'our kernels need WebGL 2: the op is composed of core ops' },
  ),
);
