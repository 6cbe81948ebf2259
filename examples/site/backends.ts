// SPDX-License-Identifier: Apache-2.0
/** The backends of tfjs in a worker of a page, with this library's kernels on those that have them. */
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
// eslint-disable-next-line no-restricted-imports -- files to be served, not modules
import wasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
// eslint-disable-next-line no-restricted-imports -- files to be served, not modules
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
// eslint-disable-next-line no-restricted-imports -- files to be served, not modules
import wasmThreaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import '@tensorflow/tfjs-backend-webgpu';
import { BACKENDS } from '../../bench/backends';
import { setThreads } from '../../kernels/cpu';
import { descriptorOf, deviceInWords } from '../../src/contract';

const WASM_FILES = {
  'tfjs-backend-wasm.wasm': wasm,
  'tfjs-backend-wasm-simd.wasm': wasmSimd,
  'tfjs-backend-wasm-threaded-simd.wasm': wasmThreaded,
};
setWasmPaths(
  Object.fromEntries(Object.entries(WASM_FILES).map(([name, url]) => [name, new URL(url, import.meta.url).href])),
);

/** A backend that this browser has, and what it runs on, in words. */
export interface Available {
  readonly name: string;
  readonly device: string;
}

let threads: Promise<number> | undefined;

/** Sets a backend, with as many threads as there can be; resolves to whether it can be had. */
export async function setBackend(name: string): Promise<boolean> {
  tf.enableProdMode();
  // Small tensors would be computed on the CPU, which is not what was asked for.
  tf.env().set('WEBGL_CPU_FORWARD', false);
  try {
    if (!(await tf.setBackend(name))) return false;
    await tf.ready();
    await (threads ??= setThreads());
    return true;
  } catch {
    return false;
  }
}

/** All that tfjs knows here, whether or not the browser has it: those with kernels of ours first. */
export function registered(): string[] {
  const others = tf.engine().backendNames();
  return [...BACKENDS.filter((name) => others.includes(name)), ...others.filter((name) => !BACKENDS.includes(name))];
}

/** Those of `names` that can be had in this browser; the last of them is set afterwards. */
export async function available(names: readonly string[]): Promise<Available[]> {
  const found: Available[] = [];
  for (const name of names) {
    if (!(await setBackend(name))) continue;
    const descriptor = descriptorOf(name);
    const device = descriptor ? deviceInWords(descriptor, tf.backend()) : 'no kernels of this library';
    found.push({ name, device });
  }
  // One that cannot be had leaves tfjs without any.
  if (found.length > 0) await setBackend(found.at(-1)!.name);
  return found;
}
