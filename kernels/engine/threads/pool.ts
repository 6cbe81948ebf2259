// SPDX-License-Identifier: Apache-2.0
/**
 * Threads of an engine: workers that were started ahead of use, and the memory that all of them share.
 *
 * That memory grows with the calls and is kept as long as the threads are: who else could tell the workers of another?
 */
import { stageFrom } from '../commands';
import { copyIn, makeRoom, resultAt } from '../copies';
import type { Program } from '../draft';
import { type Instance, instantiate, writeWords } from '../instance';
import { Room } from './room';
import { sharing } from './shared_module';
import { Member, scratchOf } from './team';
import { type RunningWorker, startWorker } from './workers';

/** Pages of 64 kB that the memory may grow to: as many as the platform grants. iOS refuses large ones. */
const MOST_PAGES = [32767, 16384, 8192, 4096];

/** Why there can't be threads, or `undefined`. */
export function whyNoThreads(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined' || globalThis.crossOriginIsolated === false)
    return 'this page is not cross-origin isolated';
  return undefined;
}

/** Values, good until the next call, and an array that they can be copied to. */
interface Result {
  readonly values: Float32Array;
  readonly room?: Float32Array;
}

export class Pool {
  private readonly workers: RunningWorker[] = [];
  private readonly member: Member;
  /** Where what the threads work on begins. */
  private readonly firstByte: number;

  private constructor(
    private readonly instance: Instance,
    readonly threads: number,
  ) {
    this.member = new Member(instance, 0, threads);
    this.firstByte = scratchOf(instance, threads);
  }

  /**
   * Starts all threads but the caller's.
   *
   * @param bytes The engine's module.
   * @throws Error if there can't be such a memory, or such workers
   */
  static async start(bytes: Uint8Array, threads: number, lost: (reason: string) => void): Promise<Pool> {
    const module = new WebAssembly.Module(sharing(bytes));
    const memory = sharedMemory();
    const pool = new Pool(instantiate(module, memory), threads);
    const starts = Array.from({ length: threads - 1 }, (_, n) =>
      startWorker({ module, memory, index: n + 1, threads }, lost),
    );
    const outcomes = await Promise.allSettled(starts);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') pool.workers.push(outcome.value);
    try {
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      pool.member.lead(0, 0);
    } catch (error) {
      pool.end();
      throw error;
    }
    return pool;
  }

  /**
   * Runs a program.
   *
   * @param makesRoom Whether the caller makes room for the result meanwhile.
   * @throws OutOfMemory, and TeamBroken if a thread is lost; then there is no result.
   */
  run(program: Program, length: number, first: Float32Array, second: Float32Array, makesRoom: boolean): Result {
    this.member.wake();
    const { memory } = this.instance;
    const at = makeRoom(program, memory, this.firstByte);
    const copy = (): void => copyIn(program, memory, at, first, second);
    if (!program.copiesMeanwhile) copy();
    const commands = writeWords(program, memory, at);
    const room = makesRoom ? new Room(length, program.turns) : undefined;
    const stage = stageFrom(second, memory.floats);
    this.member.lead(commands, program.commandCount, { stage, copy, makeRoom: room && ((): void => room.make()) });
    return { values: resultAt(memory, at, length), room: room?.array };
  }

  end(): void {
    for (const worker of this.workers) worker.end();
  }

  get bytes(): number {
    return this.instance.memory.bytes;
  }
}

/** @throws Error if the platform makes none */
function sharedMemory(): WebAssembly.Memory {
  let reason: unknown;
  for (const maximum of MOST_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}
