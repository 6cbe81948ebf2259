// SPDX-License-Identifier: Apache-2.0
/**
 * The engine in WebAssembly SIMD. Operands are copied into its memory, and the result out of it. Nothing is kept from
 * one call to the next but memory, at most `RETAINED_BYTES`: there is nothing that could be stale. What is kept with a
 * plan is its program (./compile), which holds addresses and no values.
 *
 * Memory of a call: for the sub-pixel variant and the input gradient the bytes of x and y, and at most 16 MB. The
 * filter gradient needs its tensors twice, because it packs them.
 */
import { type Program, compile } from './compile';
import type { Engine, Plan } from './engine';
import { Memory, OutOfMemory } from './memory';
import { plainEngine } from './plain_engine';
import type { Programs } from './programs';

/**
 * What may be kept from one call to the next. WebAssembly memory never shrinks: what has grown larger is given up as a
 * whole.
 */
const RETAINED_BYTES = 64 * 1024 * 1024;
/** The first address: 0 is left alone. */
const SCRATCH_AT = 16;

interface Instance {
  readonly memory: Memory;
  readonly programs: Programs;
}

/** @throws what the platform does if it can make no memory or no instance. */
export function createSimdEngine(name: string, module: WebAssembly.Module): Engine {
  let instance: Instance | undefined = instantiate(module);
  const compiled = new WeakMap<Plan, Program>();
  const programOf = (plan: Plan, { SCRATCH_BYTES }: Programs): Program => {
    let program = compiled.get(plan);
    if (program === undefined) {
      program = compile(plan, SCRATCH_AT + (SCRATCH_BYTES.value as number));
      compiled.set(plan, program);
    }
    return program;
  };
  const engine: Engine = {
    name,
    peakScratchBytes: 0,
    run(plan, first, second, take) {
      try {
        instance ??= instantiate(module);
      } catch {
        return plainEngine.run(plan, first, second, take); // There was memory once, and may be again.
      }
      const program = programOf(plan, instance.programs);
      try {
        return take(execute(program, plan, instance, first, second));
      } catch (error) {
        if (error instanceof OutOfMemory) return plainEngine.run(plan, first, second, take);
        throw error;
      } finally {
        engine.peakScratchBytes = Math.max(engine.peakScratchBytes, program.bytes);
        if (instance.memory.bytes > RETAINED_BYTES) instance = undefined;
      }
    },
    get retainedBytes() {
      return instance?.memory.bytes ?? 0;
    },
    release() {
      instance = undefined;
    },
  };
  return engine;
}

function instantiate(module: WebAssembly.Module): Instance {
  const memory = new Memory();
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.wasm } });
  const programs = exports as unknown as Programs;
  programs.useScratch(SCRATCH_AT);
  return { memory, programs };
}

/** Runs a program; returns a view of the result. @throws OutOfMemory if there is not enough for it. */
function execute(
  program: Program,
  { lengths, zeros }: Plan,
  { memory, programs }: Instance,
  first: Float32Array,
  second: Float32Array,
): Float32Array {
  memory.reserve(program.bytes);
  const { floats, integers } = memory;
  integers.set(program.runs, program.runsAt >> 2);
  floats.set(first, program.first >> 2);
  if (program.second !== undefined) floats.set(second, program.second >> 2);
  const out = program.out >> 2;
  if (zeros) floats.fill(0, out, out + lengths.out);
  const call = { programs, memory, runs: program.runsAt, filter: second };
  for (const command of program.commands) command(call);
  return floats.subarray(out, out + lengths.out);
}
