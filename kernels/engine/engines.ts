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

/** An engine, or why there is none. */
type Found = { readonly engine: Engine } | { readonly reason: string };

const found = new Map<EngineName, Found>([['plain', { engine: plainEngine }]]);
/** Why nothing compiles here; asked once, for browsers log each attempt that a content-security policy forbids. */
let forbidden: string | undefined;

function find(name: EngineName): Found {
  let outcome = found.get(name);
  if (outcome === undefined) {
    outcome = name === 'plain' ? { engine: plainEngine } : probe(name);
    found.set(name, outcome);
  }
  return outcome;
}

/** The engine of that name, or `undefined` where it cannot run. */
function engineOf(name: EngineName): Engine | undefined {
  const outcome = find(name);
  return 'engine' in outcome ? outcome.engine : undefined;
}

/**
 * Compiles a module, if the platform has WebAssembly with its instructions and allows it. Old browsers compile no
 * module of this size at once on the main thread, only in the background: there the next slower engine runs until that
 * is done.
 */
function probe(name: 'relaxed' | 'simd'): Found {
  if (forbidden !== undefined) return { reason: forbidden };
  if (typeof WebAssembly === 'undefined') return { reason: 'there is no WebAssembly here' };
  const bytes = moduleBytes(name);
  if (!WebAssembly.validate(bytes)) return { reason: `WebAssembly has no ${INSTRUCTIONS[name]} here` };
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (error) {
    if (error instanceof RangeError) {
      WebAssembly.compile(bytes).then(
        (compiled) => found.set(name, start(name, compiled)),
        (reason: Error) => found.set(name, { reason: `WebAssembly may not be compiled here: ${reason.message}` }),
      );
      return { reason: 'it is being compiled in the background' };
    }
    forbidden = `WebAssembly may not be compiled here: ${(error as Error).message}`;
    return { reason: forbidden };
  }
  return start(name, module);
}

/** The module of an engine. */
export function moduleBytes(name: keyof typeof MODULES): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(MODULES[name]), (char) => char.charCodeAt(0));
}
const INSTRUCTIONS = { relaxed: 'relaxed SIMD', simd: 'SIMD' };

function start(name: keyof typeof MODULES, module: WebAssembly.Module): Found {
  try {
    return { engine: createSimdEngine(name, module, () => moduleBytes(name)) };
  } catch (error) {
    return { reason: `its memory or instance cannot be made: ${(error as Error).message}` };
  }
}

/** An engine that can run here. */
export interface AvailableEngine {
  readonly name: EngineName;
  /** How many threads it has: 1, unless `setThreads` has started others. */
  readonly threads: number;
  /** Why they are fewer than were asked for. */
  readonly reason?: string;
}

/** The engines that can run here, fastest first. */
export function availableEngines(): AvailableEngine[] {
  return NAMES.flatMap((name) => {
    const engine = engineOf(name);
    if (engine === undefined) return [];
    const { threads = 1, whyFewer: reason } = engine;
    return [reason === undefined ? { name, threads } : { name, threads, reason }];
  });
}

/** Why engines cannot run here, by name; those that can are left out. */
export function unavailableEngines(): Partial<Record<EngineName, string>> {
  const outcomes = NAMES.map((name) => [name, find(name)] as const);
  return Object.fromEntries(
    outcomes.flatMap(([name, outcome]) => ('reason' in outcome ? [[name, outcome.reason]] : [])),
  );
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
    const choices = ['auto', ...NAMES.filter(engineOf)].map((name) => `'${name}'`).join(', ');
    const reason = unavailableEngines()[asked as EngineName];
    const why = reason === undefined ? '' : ` (${reason})`;
    throw new Error(`The flag ${ENGINE_FLAG} is '${asked}', which cannot run here${why}; ${choices} can`);
  }
  return engine;
}

/** The engines that were made. */
export function enginesMade(): Engine[] {
  return [...found.values()].flatMap((outcome) => ('engine' in outcome ? [outcome.engine] : []));
}

/** Gives back the memory that engines keep between calls. */
export function releaseEngines(): void {
  for (const engine of enginesMade()) engine.release();
}

env().registerFlag(ENGINE_FLAG, () => 'auto');
