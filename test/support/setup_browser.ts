// SPDX-License-Identifier: Apache-2.0
/** What specs run on in a browser: the engines of the cpu backend, WebGL as different machines have it, and WebGPU. */
import * as tf from '@tensorflow/tfjs';
import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import '../../kernels';
import { type Environment, environments } from './environments';
import { onEveryEngine } from './memory_backends';
import { webgpu } from './webgpu_environment';

tf.env().set('IS_TEST', true);

/**
 * A backend `webgl` with flags of its own. All suites on it have the same, and what it has compiled, until its context
 * is lost.
 */
function webgl(name: string, flags: tf.Environment['flags'], more: Partial<Environment> = {}): Environment {
  let kept: MathBackendWebGL | undefined;
  return {
    name,
    backend: 'webgl',
    setUp: async () => {
      await withoutWebgl();
      tf.env().setFlags({ IS_TEST: true, WEBGL_CPU_FORWARD: false, ...flags });
      const backend = (kept ??= new MathBackendWebGL());
      const canvas = backend.gpgpu.gl.canvas as EventTarget;
      canvas.addEventListener('webglcontextlost', () => (kept = undefined));
      tf.registerBackend('webgl', () => backend, 2);
    },
    tearDown: withoutWebgl,
    ...more,
  };
}

/** Takes the backend away as it is; `tf.removeBackend` would dispose of it. */
async function withoutWebgl(): Promise<void> {
  await tf.setBackend('cpu');
  const { registry, registryFactory } = tf.engine();
  delete registry.webgl;
  delete registryFactory.webgl;
  tf.env().reset();
  tf.env().set('IS_TEST', true);
}

const halfFloats = { WEBGL_RENDER_FLOAT32_CAPABLE: false, WEBGL_FORCE_F16_TEXTURES: true };
const withoutKernels = 'our kernels need WebGL 2: the op is composed of core ops';
/** What is composed of core ops is so on `cpu` too, where all is tried; here, that core ops of the old kind do it. */
const ofCoreOps = [
  "'auto' without kernels",
  'conv2dTranspose',
  'errors',
  'fused.conv2dTranspose',
  'gradients',
  'install',
  'kernels',
];

/** What only WebGPU has, and of all backends' specs those that find most in a second. */
const ofWebGPU = [
  'conv2dTranspose',
  'errors',
  'install, where sizes do not fit',
  'kernels',
  'second-order gradients',
  'settings of its own',
  'webgpu',
  'webgpu with subgroups',
  'webgpu, buffers',
  'webgpu, groups of few channels',
  'webgpu, programs',
  'webgpu, sums in parts',
];
console.warn('webgpu: some suites alone, with some of their cases; npm run test:webgpu has all');

environments.push(
  // The engines are the same in Node, where all is tried on each.
  ...onEveryEngine('cpu').map((environment, n) => ({ ...environment, isVariation: n > 0 })),
  webgl('webgl 2', { WEBGL_VERSION: 2 }),
  webgl('webgl 2, packing off', { WEBGL_VERSION: 2, WEBGL_PACK: false }, { isVariation: true }),
  webgl('webgl 2, half floats', { WEBGL_VERSION: 2, ...halfFloats }, { precision: 16, isVariation: true }),
  { ...webgpu, specs: ofWebGPU },
  webgl('webgl 1', { WEBGL_VERSION: 1 }, { withoutKernels, isVariation: true, specs: ofCoreOps }),
);
