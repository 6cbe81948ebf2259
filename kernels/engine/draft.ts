// SPDX-License-Identifier: Apache-2.0
/** A program of the SIMD engine: a plan made ready. And one in the making (./compile makes it). */
import type { Block, Plan } from './engine';
import { Layout, type Memory } from './memory';
import type { Programs } from './programs';
import { Runs } from './runs';

/** Where the blocks of a call begin. Scratch memory holds all that a program has besides tensors. */
export type Addresses = Readonly<Record<Block, number>>;

/** What a call of a program has. */
export interface Call {
  readonly programs: Programs;
  readonly memory: Memory;
  readonly at: Addresses;
  /** The address of the runs. */
  readonly runs: number;
  /** The second operand, if it is to be copied in in chunks. */
  readonly filter?: Float32Array;
}

export type Command = (call: Call) => void;

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
  /** All its runs, and where they go. */
  readonly runs: Int32Array;
  readonly runsAt: number;
  /** Which words of the runs count from the beginning of a block. */
  readonly counted: Readonly<Record<Block, readonly number[]>>;
  readonly commands: readonly Command[];
}

/** A program in the making. */
export class Draft {
  readonly layout = new Layout();
  readonly runs: Runs;
  /** The calls to make, one after another. */
  readonly commands: Command[] = [];
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

  finished(): Program {
    const { layout, copies, commands } = this;
    const { words, counted } = this.runs;
    // Behind everything else: only now is it known how much that is, and how many runs there are.
    const runsAt = layout.allocateLast(words.length);
    return { bytes: layout.bytes, copies, runs: Int32Array.from(words), runsAt, counted, commands };
  }
}
