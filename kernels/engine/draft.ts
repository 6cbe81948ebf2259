// SPDX-License-Identifier: Apache-2.0
/** A program of the SIMD engine: a plan made ready. And one in the making (./compile makes it). */
import { BARRIER, COMMAND_WORDS, MEANWHILE, type ProgramName, STAGE, UNITS, numberOf } from './commands';
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
  /** How often the caller makes room for the result meanwhile; and whether it copies operands meanwhile. */
  readonly turns: number;
  readonly copiesMeanwhile: boolean;
  readonly work: Work;
}

/** The address of a run. */
interface RunAt {
  readonly run: number;
}

/** The address of a float of a chunk of the filter: a slot, and bytes after it begins. */
export interface Staged {
  readonly slot: number;
  readonly offset: number;
}

/** An argument of a command. */
type Argument = number | Address | RunAt | Staged;
type Arguments<T extends readonly number[]> = { readonly [K in keyof T]: Argument };

/** Units of work for each thread to claim. */
const UNITS_OF_THREAD = 8;

/** A program in the making. */
export class Draft {
  readonly layout = new Layout();
  readonly runs: Runs;
  /** Whether one thread copies a chunk of the second operand while others work on the one before. */
  readonly overlaps: boolean;
  private readonly commands: Argument[][] = [];
  private readonly copies?: Copies;
  /** Floats of the slots that chunks of the filter lie in by turns. */
  private readonly slots: number[];
  /** How many chunks there were. */
  chunks = 0;
  /** The command before which chunks are copied that are needed after the next barrier. */
  private ahead: number | undefined;

  /**
   * @param isCopied Whether tensors are copied into scratch memory first.
   * @param isWhole Whether the second operand is in memory as a whole.
   * @param threads How many it is for.
   */
  constructor(
    readonly lengths: Plan['lengths'],
    isCopied: boolean,
    readonly isWhole: boolean,
    readonly threads: number,
  ) {
    this.overlaps = threads > 1 && !isWhole;
    this.slots = this.overlaps ? [0, 0] : [0];
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
    this.ahead = undefined;
    this.commands.push([numberOf(name), ...args]);
  }

  /** The slot of the next chunk of the filter: there is room for so many floats. */
  slotFor(floats: number): number {
    const slot = this.chunks++ % this.slots.length;
    this.slots[slot] = Math.max(this.slots[slot], floats);
    return slot;
  }

  /** Copies rows of the filter, `row` floats apart, to a slot, where they are `toRow` apart. */
  stage(from: number, rows: number, width: number, row: number, toRow: number, to: Staged): void {
    const command = [STAGE, from, rows, width, row, toRow, to];
    if (this.ahead === undefined) this.commands.push(command);
    else this.commands.splice(this.ahead++, 0, command);
  }

  /**
   * What `calls` calls is divided into units, which threads claim, each whole: who copies, or has been asleep, has time
   * for fewer of them. Barriers are before it and after it, none within.
   *
   * @param count Default: enough, for programs that can be divided into any number.
   * @param meanwhile What the caller does before that. It makes room where there is most to do.
   */
  divided(
    calls: () => void,
    count = UNITS_OF_THREAD * this.threads,
    meanwhile: keyof typeof MEANWHILE = 'makesRoom',
  ): void {
    if (this.threads === 1) return calls();
    const { commands } = this;
    const at = commands.push([UNITS, count, 0, MEANWHILE[meanwhile]]) - 1;
    calls();
    commands[at][2] = commands.length - at - 1;
    this.barrier();
    this.ahead = at;
  }

  /** What follows needs what was before, or writes where that reads. */
  barrier(): void {
    const last = this.commands.at(-1);
    if (last && last[0] !== BARRIER) this.commands.push([BARRIER]);
  }

  finished(work: Work): Program {
    const { layout, copies, commands } = this;
    const { words, counted } = this.runs;
    const begin = words.length;
    const slots = this.slots.map((floats) => layout.allocateLast(floats));
    // Behind everything else: only now is it known how much that is, and how many runs there are.
    const wordsAt = layout.allocateLast(begin + commands.length * COMMAND_WORDS);
    const wordOf = (argument: Argument): number => {
      if (typeof argument === 'number') return argument;
      const { block, offset } =
        'run' in argument
          ? inScratch(wordsAt + argument.run)
          : 'slot' in argument
            ? inScratch(slots[argument.slot] + argument.offset)
            : argument;
      counted[block].push(words.length);
      return offset;
    };
    for (const command of commands) {
      for (let n = 0; n < COMMAND_WORDS; n++) words.push(n < command.length ? wordOf(command[n]) : 0);
    }
    const turnsOf = (what: keyof typeof MEANWHILE): number =>
      commands.filter(([command, , , meanwhile]) => command === UNITS && meanwhile === MEANWHILE[what]).length;
    return {
      bytes: layout.bytes,
      copies,
      words: Int32Array.from(words),
      wordsAt,
      counted,
      commands: begin,
      commandCount: commands.length,
      barriers: commands.filter(([command]) => command === BARRIER).length,
      turns: turnsOf('makesRoom'),
      copiesMeanwhile: turnsOf('copies') > 0,
      work,
    };
  }
}

function inScratch(offset: number): Address {
  return { block: 'scratch', offset };
}
