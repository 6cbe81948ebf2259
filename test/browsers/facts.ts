// SPDX-License-Identifier: Apache-2.0
/** What a browser has for us: WebAssembly, engines, a renderer; and the reasons that it gives for what it lacks. */
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { availableEngines, unavailableEngines } from '../../kernels/cpu';
import { conv2dTranspose } from '../../src';

export interface Facts {
  agent: string;
  webAssembly: boolean;
  /** Engines of ours that run, fastest first. */
  engines: string[];
  /** Why the others don't. */
  engineReasons: Record<string, string>;
  /** Why a backend of tfjs cannot be had; those that can are left out. */
  missing: Record<string, string>;
  /** The renderer of WebGL, or '' where there is none. */
  renderer: string;
  inWorker: boolean;
  /** Whether tfjs's wasm backend has threads here, and so its tensors in memory that is shared. */
  hasThreads: boolean;
  /** Whether the content-security policy lets WebAssembly be compiled. */
  mayCompile: boolean;
}

export async function findFacts(): Promise<Facts> {
  setWasmPaths(`${location.origin}/`);
  const missing: Record<string, string> = {};
  for (const backend of ['wasm', 'webgl', 'webgpu']) {
    const reason = await whyNot(backend);
    if (reason !== '') missing[backend] = reason;
  }
  await tf.setBackend('cpu');
  return {
    agent: navigator.userAgent,
    webAssembly: typeof WebAssembly !== 'undefined',
    engines: availableEngines().map(({ name }) => name),
    engineReasons: unavailableEngines(),
    missing,
    renderer: renderer(),
    inWorker: typeof document === 'undefined',
    hasThreads: missing.wasm === undefined && Boolean(await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')),
    mayCompile: mayCompile(),
  };
}

function mayCompile(): boolean {
  try {
    return Boolean(new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))); // An empty module.
  } catch {
    return false;
  }
}

/** What tfjs prints before a reason. */
const TITLE = /^Initialization of backend/;

/** Why a backend cannot be had, in the words of who refuses it, or ''. */
async function whyNot(backend: string): Promise<string> {
  const said: string[] = [];
  const warn = console.warn;
  console.warn = (...args: unknown[]) => void said.push(args.join(' ').split('\n')[0]);
  tf.env().set('IS_TEST', false); // Which silences tfjs.
  try {
    if (!(await tf.setBackend(backend))) return said.find((text) => !TITLE.test(text)) ?? 'it gives no reason';
    conv2dTranspose([[[[1]]]], [[[[1]]]], undefined, 1, 'same').dispose();
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    tf.env().set('IS_TEST', true);
    console.warn = warn;
  }
}

function renderer(): string {
  // As tfjs asks: a browser may refuse the one and not the other.
  const hasOffscreen = typeof OffscreenCanvas !== 'undefined';
  const canvas = hasOffscreen ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
  const gl = canvas.getContext('webgl2') as WebGL2RenderingContext | null;
  if (!gl) return '';
  const unmasked = gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
  const name = gl.getParameter(unmasked ?? gl.RENDERER) as string;
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return name;
}
