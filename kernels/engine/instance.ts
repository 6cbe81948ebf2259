// SPDX-License-Identifier: Apache-2.0
/** The engine's module on a memory, and what a call writes there before it runs. */
import { type Programs } from './programs';
import { tableOf } from './commands';
import type { Addresses, Program } from './draft';
import { Memory } from './memory';

export interface Instance {
  readonly memory: Memory;
  readonly programs: Programs;
  /** Bytes of scratch memory that the programs need. */
  readonly scratchBytes: number;
  /** The programs by the numbers that commands have for them. */
  readonly table: ReturnType<typeof tableOf>;
}

/** @throws what the platform does if it can make none. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Instance {
  const programs = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Programs;
  const scratchBytes = programs.SCRATCH_BYTES.value as number;
  return { memory: new Memory(memory), programs, scratchBytes, table: tableOf(programs) };
}

/** Writes runs and commands of a program, its blocks being where they are. Returns the word its commands begin with. */
export function writeWords(program: Program, { integers }: Memory, at: Addresses): number {
  const begin = (at.scratch + program.wordsAt) >> 2;
  integers.set(program.words, begin);
  for (const block of BLOCKS) {
    const words = program.counted[block];
    for (let n = 0; n < words.length; n++) integers[begin + words[n]] += at[block];
  }
  return begin + program.commands;
}
const BLOCKS = ['first', 'second', 'out', 'scratch'] as const;
