// SPDX-License-Identifier: Apache-2.0
/**
 * Where the time of a call goes, kernel by kernel, on any backend. tf.profile tells less: its timers see tfjs's own
 * webgl programs only. Here each kernel is timed where it is registered, and the GPU is waited for after it.
 */
import * as tf from '@tensorflow/tfjs';

/** Milliseconds of a call by kernel, the most first. A kernel that calls another has its own part only. */
export type KernelTimes = readonly (readonly [kernel: string, ms: number])[];

/** Waits for all that was drawn: a pixel of the canvas is read, and a queue is worked off in order. */
function waitForDrawings(): void {
  const { gpgpu } = tf.backend() as { gpgpu?: { gl: WebGL2RenderingContext } };
  if (!gpgpu) return;
  const { gl } = gpgpu;
  const bound = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  gl.bindFramebuffer(gl.FRAMEBUFFER, bound);
}

/** Times the kernels of the backend that is set, as they are registered now, while `body` runs. */
export async function kernelTimes(body: () => unknown): Promise<KernelTimes> {
  const times = new Map<string, number>();
  /** Milliseconds of the kernels that each kernel that is running has called. */
  const called: number[] = [];
  const timed =
    ({ kernelName, kernelFunc }: tf.KernelConfig): tf.KernelFunc =>
    (call) => {
      const begin = performance.now();
      called.push(0);
      const result = kernelFunc(call);
      waitForDrawings();
      const ms = performance.now() - begin;
      times.set(kernelName, (times.get(kernelName) ?? 0) + ms - called.pop()!);
      if (called.length > 0) called[called.length - 1] += ms;
      return result;
    };
  const put = (configs: readonly tf.KernelConfig[]): void => {
    for (const config of configs) {
      tf.unregisterKernel(config.kernelName, config.backendName);
      tf.registerKernel(config);
    }
  };
  const configs = tf.getKernelsForBackend(tf.getBackend());
  put(configs.map((config) => ({ ...config, kernelFunc: timed(config) })));
  try {
    await body();
  } finally {
    put(configs);
  }
  return [...times].sort(([, a], [, b]) => b - a);
}
