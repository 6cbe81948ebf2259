// SPDX-License-Identifier: Apache-2.0
/** A program of the SIMD engine: a plan made ready. And one in the making (./compile makes it). */
import { BARRIER, COMMAND_WORDS, type ProgramName, STAGE, numberOf } from './commands';
import type { Block, Plan } from './engine';
import { Layout } from './memory';
import type { Programs } from './programs';
import { type Address, Runs } from './runs';
import type { Work } from './threads/worth';

/** Where the blocks of a call begin. Scratch memory holds all that a program has besides tensors. */
export type Addresses = Readonly<Record<Block, number>>;

/** Where tensors that are copied go, after where scratch memory begins; but a filter may pass through in chunks. */
export interface Copies {
  readonly first: number;
  readonly second: number | undefined;
  readonly out: number;
}

/** A plan made ready. */
export interface Program {
  /** Bytes of scratch memory that it takes. */
  readonly bytes: number;
  readonly copies?: Copies;
  /** All its runs, and behind them its commands (./commands); and where they go. */
  readonly words: Int32Array;
  readonly wordsAt: number;
  /** Which words count from the beginning of a block. */
  readonly counted: Readonly<Record<Block, readonly number[]>>;
  /** Which word the commands begin with, and how many there are. */
  readonly commands: number;
  readonly commandCount: number;
  /** For threads: where they meet, and how much there is to do. */
  readonly barriers: number;
  readonly work: Work;
}

/** The address of a run. */
interface RunAt {
  readonly run: number;
}

/** An argument of a command. */
type Argument = number | Address | RunAt;
type Arguments<T extends readonly number[]> = { readonly [K in keyof T]: Argument };

/** A program in the making. */
export class Draft {
  readonly layout = new Layout();
  readonly runs: Runs;
  private readonly commands: Argument[][] = [];
  private readonly copies?: Copies;

  /**
   * @param isCopied Whether tensors are copied into scratch memory first.
   * @param isWhole Whether the second operand is in memory as a whole.
   */
  constructor(
    readonly lengths: Plan['lengths'],
    isCopied: boolean,
    readonly isWhole: boolean,
  ) {
    const { layout } = this;
    if (isCopied) {
      this.copies = {
        first: layout.allocate(lengths.first),
        second: isWhole ? layout.allocate(lengths.second) : undefined,
        out: layout.allocate(lengths.out),
      };
    }
    this.runs = new Runs(layout.allocate(lengths.scratch));
  }

  /** Calls a program. */
  call<N extends ProgramName>(name: N, ...args: Arguments<Parameters<Programs[N]>>): void {
    this.commands.push([numberOf(name), ...args]);
  }

  /** Copies rows of the filter, `row` floats apart, to memory, where they are `toRow` apart. */
  stage(from: number, rows: number, width: number, row: number, toRow: number, to: Address): void {
    this.commands.push([STAGE, from, rows, width, row, toRow, to]);
  }

  /**
   * What follows needs what was before, or writes where that reads.
   *
   * @param panels It needs of so many panels only those that the same thread has packed, if they are divided evenly.
   */
  barrier(panels = 0): void {
    const last = this.commands.at(-1);
    if (last?.[0] === BARRIER) last[1] = 0;
    else if (last) this.commands.push([BARRIER, panels]);
  }

  finished(work: Work): Program {
    const { layout, copies, commands } = this;
    const { words, counted } = this.runs;
    const begin = words.length;
    // Behind everything else: only now is it known how much that is, and how many runs there are.
    const wordsAt = layout.allocateLast(begin + commands.length * COMMAND_WORDS);
    const wordOf = (argument: Argument): number => {
      if (typeof argument === 'number') return argument;
      const { block, offset } = 'run' in argument ? inWords(argument, wordsAt) : argument;
      counted[block].push(words.length);
      return offset;
    };
    for (const command of commands) {
      for (let n = 0; n < COMMAND_WORDS; n++) words.push(n < command.length ? wordOf(command[n]) : 0);
    }
    return {
      bytes: layout.bytes,
      copies,
      words: Int32Array.from(words),
      wordsAt,
      counted,
      commands: begin,
      commandCount: commands.length,
      barriers: commands.filter(([command]) => command === BARRIER).length,
      work,
    };
  }
}

function inWords({ run }: RunAt, wordsAt: number): Address {
  return { block: 'scratch', offset: wordsAt + run };
}
