// SPDX-License-Identifier: Apache-2.0
/** The backends of tfjs in a worker of a page, with this library's kernels on them. */
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
// eslint-disable-next-line no-restricted-imports -- files to be served, not modules
import wasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
// eslint-disable-next-line no-restricted-imports -- files to be served, not modules
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
// eslint-disable-next-line no-restricted-imports -- files to be served, not modules
import wasmThreaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import '../../kernels/cpu';
import '../../kernels/wasm';
import '../../kernels/webgl';

const WASM_FILES = {
  'tfjs-backend-wasm.wasm': wasm,
  'tfjs-backend-wasm-simd.wasm': wasmSimd,
  'tfjs-backend-wasm-threaded-simd.wasm': wasmThreaded,
};
setWasmPaths(
  Object.fromEntries(Object.entries(WASM_FILES).map(([name, url]) => [name, new URL(url, import.meta.url).href])),
);

/** Sets a backend; resolves to whether it can be had. */
export async function setBackend(name: string): Promise<boolean> {
  tf.enableProdMode();
  // Small tensors would be computed on the CPU, which is not what was asked for.
  tf.env().set('WEBGL_CPU_FORWARD', false);
  try {
    if (!(await tf.setBackend(name))) return false;
    await tf.ready();
    return true;
  } catch {
    return false;
  }
}

/** Those of `names` that can be had in this browser. */
export async function available(names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await setBackend(name)) found.push(name);
  return found;
}

/** What the backend that is set runs on, in words. */
export function deviceOf(name: string): string {
  if (name === 'webgl') {
    const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  }
  return name === 'webgpu' ? 'WebGPU' : 'one thread of the CPU';
}
