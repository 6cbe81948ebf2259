// SPDX-License-Identifier: Apache-2.0
/**
 * How threads work on a program together: what the caller and every worker run, on one shared memory. All go through
 * the same commands, each doing its share (../simd/parts/share.as), and meet at barriers. What they tell each other is
 * in words at the beginning of the memory.
 *
 * Nobody sleeps at once: a barrier takes less than a microsecond if everyone spins, some 50 if someone must be woken.
 * The main thread of a page may not sleep at all.
 */
import { type Hooks, MEANWHILE, runCommands } from '../commands';
import { type Instance } from '../instance';

/** Words: of a barrier, how many have come, and how many barriers there were; who sleeps; whether anything failed. */
const ARRIVED = 0;
const MEETINGS = 1;
const SLEEPERS = 2;
const FAILED = 3;
/** How many calls there were; of the last, the word its commands begin with, and how many they are. */
const CALLS = 4;
const COMMANDS = 5;
const COMMAND_COUNT = 6;
/** How many units have been claimed since the last barrier. */
const CLAIMED = 7;
/** Bytes of those words: threads share no two cache lines, which are fetched in pairs, but where they mean to. */
const CONTROL_BYTES = 128;

/** How often a word is read before its reader sleeps: some 50 µs. */
const SPINS = 1 << 14;
/** Milliseconds of a nap, after which the caller looks at the clock. */
const NAP = 50;
/** Milliseconds that the caller waits for others, and how many times what the call has taken so far. */
const PATIENCE = { ms: 3000, times: 20 };

/** What a worker is told. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly index: number;
  readonly threads: number;
}

/** Thrown where not everyone comes: a worker has died, or its programs have thrown. */
export class TeamBroken extends Error {}

/** Where the scratch memory of a thread begins, behind the words; and what a team works on, behind that of all. */
export function scratchOf({ scratchBytes }: Instance, index: number): number {
  return CONTROL_BYTES * (1 + index * Math.ceil(scratchBytes / CONTROL_BYTES));
}

/** What the caller does while others do units. */
export interface CallersWork {
  /** Copies rows of the filter (Hooks). */
  stage?: Hooks['stage'];
  /** Copies operands. */
  copy?(): void;
  /** Makes room for the result, in turns. */
  makeRoom?(): void;
}

/** One of the threads; the first is the caller's. */
export class Member {
  private readonly words: Int32Array;
  private readonly canSleep: boolean;

  constructor(
    private readonly instance: Instance,
    private readonly index: number,
    private readonly threads: number,
  ) {
    const { memory, programs } = instance;
    this.words = new Int32Array(memory.wasm.buffer, 0, CONTROL_BYTES >> 2);
    this.canSleep = maySleep(this.words);
    programs.useScratch(scratchOf(instance, index));
    programs.useShare(index, threads);
  }

  /** Has everyone wake up, and spin for a while: there will soon be something to do. */
  wake(): void {
    Atomics.notify(this.words, CALLS);
  }

  /**
   * Has everyone work on commands, which begin at a word.
   *
   * @param own What the caller does besides: others claim more units.
   * @throws TeamBroken if not everyone does
   */
  lead(commands: number, count: number, own: CallersWork = {}): void {
    const { words } = this;
    words[COMMANDS] = commands;
    words[COMMAND_COUNT] = count;
    Atomics.add(words, CALLS, 1);
    Atomics.notify(words, CALLS);
    this.work(commands, count, own);
  }

  /** Works on whatever is led, until something fails. */
  follow(): void {
    const { words } = this;
    for (let calls = 0; ; calls = (calls + 1) | 0) {
      this.awaitChange(CALLS, calls, Infinity);
      this.instance.memory.renew();
      this.work(words[COMMANDS], words[COMMAND_COUNT]);
    }
  }

  private work(commands: number, count: number, { stage, copy, makeRoom }: CallersWork = {}): void {
    const { threads, instance, index, words } = this;
    const begun = index === 0 ? performance.now() : Infinity;
    const barrier = (): void => this.meet(begun);
    const { integers } = instance.memory;
    const units = (total: number, first: number, each: number, meanwhile: number): void => {
      if (meanwhile === MEANWHILE.copies) copy?.();
      else if (meanwhile === MEANWHILE.makesRoom) makeRoom?.();
      for (let unit = Atomics.add(words, CLAIMED, 1); unit < total; unit = Atomics.add(words, CLAIMED, 1)) {
        instance.programs.useShare(unit, total);
        runCommands(instance.table, integers, first, each, {});
      }
      instance.programs.useShare(index, threads);
    };
    try {
      runCommands(instance.table, integers, commands, count, { stage, barrier, units });
      this.meet(begun);
    } catch (error) {
      // Whoever waits is told.
      Atomics.store(words, FAILED, 1);
      Atomics.add(words, MEETINGS, 1);
      Atomics.notify(words, MEETINGS);
      throw error;
    }
  }

  /** Waits until everyone is here. */
  private meet(begun: number): void {
    const { words } = this;
    const meetings = Atomics.load(words, MEETINGS);
    if (Atomics.add(words, ARRIVED, 1) === this.threads - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.store(words, CLAIMED, 0);
      Atomics.add(words, MEETINGS, 1);
      if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, MEETINGS);
    } else {
      this.awaitChange(MEETINGS, meetings, begun);
    }
    if (Atomics.load(words, FAILED) !== 0) throw new TeamBroken('a thread has failed');
  }

  /** @param begun When the call has, by the clock; `Infinity` of who waits for ever. */
  private awaitChange(word: number, old: number, begun: number): void {
    const { words, canSleep } = this;
    for (let deadline: number | undefined; ;) {
      for (let n = 0; n < SPINS; n++) if (Atomics.load(words, word) !== old) return;
      const now = performance.now();
      deadline ??= begun === Infinity ? Infinity : now + PATIENCE.ms + PATIENCE.times * (now - begun);
      if (now > deadline) throw new TeamBroken('a thread does not answer');
      if (!canSleep) continue;
      Atomics.add(words, SLEEPERS, 1);
      Atomics.wait(words, word, old, begun === Infinity ? Infinity : NAP);
      Atomics.sub(words, SLEEPERS, 1);
    }
  }
}

function maySleep(words: Int32Array): boolean {
  try {
    Atomics.wait(words, CALLS, -1, 0);
    return true;
  } catch {
    return false;
  }
}
