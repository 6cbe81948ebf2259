// SPDX-License-Identifier: Apache-2.0
/**
 * The engine in WebAssembly SIMD. It computes in a memory of its own: operands are copied in, the result out. Or in the
 * heap that the tensors lie in already (`Heap`), if it is given one: then nothing is copied, and scratch memory is
 * allocated there for each call.
 *
 * Nothing is kept from one call to the next but memory of its own, at most `RETAINED_BYTES`: there is nothing that
 * could be stale. What is kept with a plan is its program (./compile), which holds addresses and no values.
 *
 * Memory of a call, in its own: for the sub-pixel variant and the input gradient the bytes of x and y, and at most
 * 16 MB. The filter gradient needs its tensors twice, because it packs them. In a heap: so much less the tensors.
 *
 * What it saves on wasm (one thread, Node 20, 2026-11): copies took 2 to 10 % of most calls, 28 % with a filter of
 * 34 MB, up to 42 % of a depthwise gradient. But who reads an operand first waits for main memory, copying or
 * computing: whole networks run 1.00 to 1.06 times as fast, 1.02 in geometric mean over 9.
 */
import { compile } from './compile';
import { runCommands, stageFrom } from './commands';
import { copyIn, makeRoom, resultAt } from './copies';
import type { Addresses, Program } from './draft';
import type { Curves, Engine, Heap, Plan, TensorsAt } from './engine';
import { type Instance, instantiate, writeWords } from './instance';
import { MOST_BYTES, OutOfMemory, READ_PAST_END } from './memory';
import { plainEngine } from './plain_engine';
import { Experience } from './threads/experience';
import { Pool } from './threads/pool';
import { mayBeWorth } from './threads/worth';

/**
 * What may be kept from one call to the next. WebAssembly memory never shrinks: what has grown larger is given up as a
 * whole. A heap can't be given up, so no call takes more scratch memory there.
 */
const RETAINED_BYTES = 64 * 1024 * 1024;
/** Addresses of scratch memory are multiples of this; so is the first in a memory of its own, where 0 is left alone. */
const ALIGNMENT = 16;

/**
 * @param bytes The module, as it is before it is compiled: threads need another.
 * @throws what the platform does if it can make no memory or no instance.
 */
export function createSimdEngine(name: string, module: WebAssembly.Module, bytes: () => Uint8Array): Engine {
  const ownInstance = (): Instance => instantiate(module, new WebAssembly.Memory({ initial: 1 }));
  let instance: Instance | undefined = ownInstance();
  /** By their memory. `undefined` for one that the module can't be run in: that of threads, for instance. */
  let inHeaps = new WeakMap<WebAssembly.Memory, Instance | undefined>();
  const instanceIn = ({ memory }: Heap): Instance | undefined => {
    if (!inHeaps.has(memory))
      inHeaps.set(
        memory,
        attempt(() => instantiate(module, memory)),
      );
    return inHeaps.get(memory);
  };
  const copying = new WeakMap<Plan, Program>();
  /** For the threads that there are. */
  let sharing = new WeakMap<Plan, Program>();
  const inPlace = new WeakMap<Plan, Program>();
  const shared = (plan: Plan): Program => keptFor(plan, sharing, () => compile(plan, 'copied', pool!.threads));
  const noted = (bytes: number): void => void (engine.peakScratchBytes = Math.max(engine.peakScratchBytes, bytes));
  /** Where there is no memory for a program. */
  const runPlain: Engine['run'] = (plan, ...rest) => {
    noted(plan.lengths.scratch * 4);
    return plainEngine.run(plan, ...rest);
  };
  let pool: Pool | undefined;
  /** Of plans in a heap, where one thread may compute on tensors where they lie, and of others: it is faster there. */
  let experiences = { inHeap: new WeakMap<Plan, Experience>(), elsewhere: new WeakMap<Plan, Experience>() };
  /** What is known of a plan on threads; `undefined` if there are none, or it can't be worth them. */
  const experienceOf = (plan: Plan, where: keyof typeof experiences): Experience | undefined => {
    if (!pool || engine.rests) return undefined;
    const { work, barriers } = shared(plan);
    if (!mayBeWorth(work, barriers, pool.threads)) return undefined;
    return keptFor(plan, experiences[where], () => new Experience());
  };
  const endThreads = (): void => {
    pool?.end();
    pool = undefined;
    sharing = new WeakMap();
    experiences = { inHeap: new WeakMap(), elsewhere: new WeakMap() };
  };
  /** The result that threads make; `undefined` if one is to: there is no memory, or they are lost. */
  const byThreads = (experience: Experience, plan: Plan, ...call: Call): ReturnType<Pool['run']> | undefined => {
    try {
      const result = pool!.run(shared(plan), plan.lengths.out, ...call);
      noted(shared(plan).bytes);
      return result;
    } catch (error) {
      if (error instanceof OutOfMemory) {
        experience.forgo();
      } else {
        endThreads();
        engine.lostThreads?.((error as Error).message);
      }
      return undefined;
    }
  };
  const runAlone: Engine['run'] = (plan, first, second, take) => {
    instance ??= attempt(ownInstance);
    // There was memory once, and may be again.
    if (instance === undefined) return runPlain(plan, first, second, take);
    const program = keptFor(plan, copying, () => compile(plan, 'copied'));
    try {
      const values = executeOnCopies(program, plan, instance, first, second);
      noted(program.bytes);
      return take(values);
    } catch (error) {
      if (error instanceof OutOfMemory) return runPlain(plan, first, second, take);
      throw error;
    } finally {
      if (instance.memory.bytes > RETAINED_BYTES) instance = undefined;
    }
  };
  const engine: Engine = {
    name,
    peakScratchBytes: 0,
    rests: false,
    get threads() {
      return pool?.threads ?? 1;
    },
    async startThreads(count) {
      endThreads();
      if (count === 1) return;
      pool = await Pool.start(bytes(), count, (reason) => {
        if (!pool) return;
        endThreads();
        engine.lostThreads?.(reason);
      });
    },
    run(plan, first, second, take, makesRoom = false) {
      const experience = experienceOf(plan, makesRoom ? 'elsewhere' : 'inHeap');
      if (!experience) return runAlone(plan, first, second, take);
      const begun = performance.now();
      const result = experience.way === 'together' ? byThreads(experience, plan, first, second, makesRoom) : undefined;
      const taken = result ? take(result.values, result.room) : runAlone(plan, first, second, take);
      experience.note(result ? 'together' : 'alone', performance.now() - begun);
      return taken;
    },
    prefersThreads: (plan) => experienceOf(plan, 'inHeap')?.way === 'together',
    inPlace(heap) {
      const there = instanceIn(heap);
      return (
        there &&
        ((plan, at) => {
          const program = keptFor(plan, inPlace, () => compile(plan, 'in place'));
          const experience = experienceOf(plan, 'inHeap');
          const begun = experience && performance.now();
          const isDone = executeInPlace(program, plan, there, heap, at);
          if (isDone) {
            noted(program.bytes);
            experience?.note('alone', performance.now() - begun!);
          }
          return isDone;
        })
      );
    },
    fuseInPlace(heap) {
      const there = instanceIn(heap);
      return there && ((...sums) => fuseCurves(there, heap, ...sums));
    },
    get retainedBytes() {
      return (instance?.memory.bytes ?? 0) + (pool?.bytes ?? 0);
    },
    release() {
      instance = undefined;
      inHeaps = new WeakMap();
    },
  };
  return engine;
}

type Call = [first: Float32Array, second: Float32Array, makesRoom: boolean];

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** What is kept for a plan; made if there is none. */
function keptFor<T>(plan: Plan, kept: WeakMap<Plan, T>, make: () => T): T {
  let value = kept.get(plan);
  if (value === undefined) {
    value = make();
    kept.set(plan, value);
  }
  return value;
}

/** Runs a program; returns a view of the result. @throws OutOfMemory if there is not enough for it. */
function executeOnCopies(
  program: Program,
  { lengths }: Plan,
  instance: Instance,
  first: Float32Array,
  second: Float32Array,
): Float32Array {
  const { memory, scratchBytes } = instance;
  const at = makeRoom(program, memory, ALIGNMENT + scratchBytes);
  copyIn(program, memory, at, first, second);
  execute(program, instance, at, second);
  return resultAt(memory, at, lengths.out);
}

/** Runs a program on tensors where they lie. Returns whether there was memory for it: if not, nothing has changed. */
function executeInPlace(program: Program, plan: Plan, instance: Instance, heap: Heap, tensors: TensorsAt): boolean {
  if (program.bytes > RETAINED_BYTES) return false;
  const room = heap.allocate(ALIGNMENT + instance.scratchBytes + program.bytes);
  if (room === 0) return false;
  try {
    instance.memory.renew();
    const scratch = Math.ceil(room / ALIGNMENT) * ALIGNMENT + instance.scratchBytes;
    const at = { ...tensors, scratch };
    const end = Math.min(instance.memory.bytes, MOST_BYTES);
    if (!tensorsEndBefore(end, plan, at) || scratch + program.bytes > end) return false;
    execute(program, instance, at);
    return true;
  } finally {
    heap.free(room);
  }
}

/** Returns whether there was memory for it: if not, nothing has changed. */
function fuseCurves(
  { memory, programs }: Instance,
  heap: Heap,
  sums: number,
  count: number,
  { biases, slopes, most }: Curves,
): boolean {
  const times = [1, 4, 2, 4][biases.length % 4];
  const period = biases.length * times;
  // Before memory is allocated: they may be views of the heap.
  const patterns = new Float32Array(2 * period);
  for (let n = 0; n < times; n++) {
    patterns.set(biases, n * biases.length);
    patterns.set(slopes, period + n * biases.length);
  }
  const room = heap.allocate(patterns.byteLength);
  if (room === 0) return false;
  try {
    memory.renew();
    const end = Math.min(memory.bytes, MOST_BYTES);
    if (sums <= 0 || sums + count * 4 > end || room + patterns.byteLength > end) return false;
    memory.floats.set(patterns, room >> 2);
    programs.fuseCurves(sums, count, room, room + period * 4, period, most);
    return true;
  } finally {
    heap.free(room);
  }
}

/** Whether tensors end before an address, and what is read past their ends. At address 0 there is none. */
function tensorsEndBefore(end: number, { lengths }: Plan, at: Addresses): boolean {
  const endsBefore = (address: number, floats: number): boolean =>
    address > 0 && address + floats * 4 + READ_PAST_END <= end;
  return (
    endsBefore(at.first, lengths.first) && endsBefore(at.second, lengths.second) && endsBefore(at.out, lengths.out)
  );
}

/** Runs a program whose operands are in memory. The scratch memory of the programs ends at `at.scratch`. */
function execute(
  program: Program,
  { memory, programs, table, scratchBytes }: Instance,
  at: Addresses,
  filter?: Float32Array,
): void {
  programs.useScratch(at.scratch - scratchBytes);
  const commands = writeWords(program, memory, at);
  const stage = filter && stageFrom(filter, memory.floats);
  runCommands(table, memory.integers, commands, program.commandCount, { stage });
}
