// SPDX-License-Identifier: Apache-2.0
/**
 * The commands of a program: which of ./programs to call, one after another, and with what. They are words in the
 * engine's memory, so that every thread can read them: a name's number and its arguments.
 *
 *     word   0         1 … 8
 *            program   arguments
 *            STAGE     from  rows  width  rowFloats  toRow  to     rows of the filter are copied to memory
 *            BARRIER                                               all threads meet
 *            UNITS     units  commands  meanwhile                  threads claim units of the commands that follow
 */
import type { Programs } from './programs';

const NAMES = [
  'packedProducts',
  'dotProducts',
  'packChannelRows',
  'packRows',
  'outerSums',
  'channelProducts',
  'groupProducts',
  'channelSums',
  'groupSums',
  'movePixels',
  'clear',
  'transformPixels',
  'transformFilter',
  'transformSums',
] as const;
export type ProgramName = (typeof NAMES)[number];

export const COMMAND_WORDS = 9;
export const STAGE = NAMES.length;
export const BARRIER = STAGE + 1;
export const UNITS = BARRIER + 1;
/** While others do units the caller copies operands that these don't read, makes room for the result, or does units. */
export const MEANWHILE = { copies: 2, makesRoom: 1, nothing: 0 } as const;

export function numberOf(name: ProgramName): number {
  return NAMES.indexOf(name);
}

type Call = (...args: number[]) => void;

/** The programs in the order of their numbers. */
export function tableOf(programs: Programs): readonly Call[] {
  return NAMES.map((name) => programs[name] as Call);
}

/** What commands need besides memory and programs. */
export interface Hooks {
  /** Copies rows of the filter: those of the command whose arguments begin at this word. */
  stage?(words: Int32Array, at: number): void;
  /** Waits for all threads. */
  barrier?(): void;
  /**
   * Does units of `count` commands that begin at a word, each whole, as long as any is left. Absent: all are done.
   *
   * @param meanwhile What the caller does before it does any (MEANWHILE).
   */
  units?(units: number, begin: number, count: number, meanwhile: number): void;
}

/** Runs `count` commands, which begin at a word. */
export function runCommands(
  table: readonly Call[],
  words: Int32Array,
  begin: number,
  count: number,
  { stage, barrier, units }: Hooks,
): void {
  const end = begin + count * COMMAND_WORDS;
  for (let at = begin; at < end; at += COMMAND_WORDS) {
    const command = words[at];
    if (command === BARRIER) barrier?.();
    else if (command === STAGE) stage?.(words, at + 1);
    else if (command === UNITS) {
      if (!units) continue;
      units(words[at + 1], at + COMMAND_WORDS, words[at + 2], words[at + 3]);
      at += words[at + 2] * COMMAND_WORDS;
    } else {
      table[command](
        words[at + 1],
        words[at + 2],
        words[at + 3],
        words[at + 4],
        words[at + 5],
        words[at + 6],
        words[at + 7],
        words[at + 8],
      );
    }
  }
}

/** What `Hooks.stage` does where the filter is at hand. */
export function stageFrom(filter: Float32Array, floats: Float32Array): (words: Int32Array, at: number) => void {
  return (words, at) => {
    const [from, rows, width, row, toRow] = words.subarray(at, at + 5);
    const to = words[at + 5] >> 2;
    if (row === toRow) {
      floats.set(filter.subarray(from, from + (rows - 1) * row + width), to);
      return;
    }
    for (let n = 0; n < rows; n++) {
      const begin = from + n * row;
      floats.set(filter.subarray(begin, begin + width), to + n * toRow);
    }
  };
}
