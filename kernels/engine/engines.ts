// SPDX-License-Identifier: Apache-2.0
/**
 * Which engine runs: the fastest that a probe finds, or the one that the flag names,
 * `tf.env().set('CONV2D_TRANSPOSE_CPU_ENGINE', 'plain' | 'simd' | 'relaxed' | 'auto')`.
 */
import { env } from '@tensorflow/tfjs-core';
import type { Engine } from './engine';
import { plainEngine } from './plain_engine';
import { RELAXED_MODULE, SIMD_MODULE } from './simd/products.generated';
import { createSimdEngine } from './simd_engine';

export const ENGINE_FLAG = 'CONV2D_TRANSPOSE_CPU_ENGINE';
const MODULES = { relaxed: RELAXED_MODULE, simd: SIMD_MODULE };
/** Fastest first. */
const NAMES = ['relaxed', 'simd', 'plain'] as const;
export type EngineName = (typeof NAMES)[number];

const engines = new Map<EngineName, Engine | undefined>([['plain', plainEngine]]);

/** The engine of that name, or `undefined` where it cannot run. */
function engineOf(name: EngineName): Engine | undefined {
  if (!engines.has(name)) engines.set(name, name === 'plain' ? plainEngine : probe(name));
  return engines.get(name);
}

/**
 * Compiles a module, if the platform has WebAssembly with its instructions and allows it. Old browsers compile no
 * module of this size at once on the main thread, only in the background: there the next slower engine runs until that
 * is done.
 */
function probe(name: 'relaxed' | 'simd'): Engine | undefined {
  try {
    const bytes = Uint8Array.from(atob(MODULES[name]), (char) => char.charCodeAt(0));
    if (!WebAssembly.validate(bytes)) return undefined;
    try {
      return createSimdEngine(name, new WebAssembly.Module(bytes));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const keep = (module: WebAssembly.Module): unknown => engines.set(name, createSimdEngine(name, module));
      void WebAssembly.compile(bytes).then(keep, () => undefined);
      return undefined;
    }
  } catch {
    return undefined; // No WebAssembly, or a content-security policy forbids it.
  }
}

/** The names of the engines that can run here, fastest first. */
export function availableEngines(): EngineName[] {
  return NAMES.filter((name) => engineOf(name) !== undefined);
}

/**
 * The engine to run on.
 * @throws Error if the flag names none, or one that cannot run here.
 */
export function currentEngine(): Engine {
  const asked = env().get(ENGINE_FLAG) as EngineName | 'auto';
  if (asked === 'auto') return engineOf('relaxed') ?? engineOf('simd') ?? plainEngine;
  const engine = NAMES.includes(asked) ? engineOf(asked) : undefined;
  if (engine === undefined) {
    const choices = ['auto', ...availableEngines()].map((name) => `'${name}'`).join(', ');
    throw new Error(`The flag ${ENGINE_FLAG} is '${asked}', which cannot run here; ${choices} can`);
  }
  return engine;
}

/** Gives back the memory that engines keep between calls. */
export function releaseEngines(): void {
  for (const engine of engines.values()) engine?.release();
}

env().registerFlag(ENGINE_FLAG, () => 'auto');
