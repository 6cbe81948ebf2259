// SPDX-License-Identifier: Apache-2.0
/**
 * Turns a plan into a program for the SIMD engine: who lies where in memory, the runs as ./simd/products.as.ts reads
 * them, and the calls to make one after another. Made once for each plan. Addresses in it count from where a block
 * begins: the tensors, each wherever it is, and one piece of scratch memory.
 *
 * The filter may be the largest operand by far. Where tensors are copied in, one of at most `CHUNK_FLOATS` is copied as
 * a whole. A larger one passes through in chunks of channels (of terms), which stay in the second-level cache. Where
 * enough pixels meet it, it is packed into panels of 8 channels, so that it is read in order.
 */
import {
  type Block,
  type ChannelProduct,
  type ChannelSum,
  type ClearScratch,
  type Grid,
  type GroupProduct,
  type GroupSum,
  type Operand,
  type OuterProduct,
  type PixelMove,
  type PixelPairs,
  type Plan,
  type Run,
  type Step,
  type TapProduct,
  pixelsIn,
} from './engine';
import { Layout, type Memory } from './memory';
import type { Programs } from './programs';
import {
  A,
  A_BATCH_STEP,
  A_COL,
  A_ROW_STEP,
  COLS,
  OUT,
  OUT_BATCH_STEP,
  OUT_COL,
  OUT_ROW_STEP,
  PIXELS,
  ROWS,
  TAPS,
  TAP_COUNT,
} from './simd/run_layout';

/** Floats of filter that are worked on at a time: half a megabyte, half of the second-level cache of most machines. */
const CHUNK_FLOATS = 1 << 17;
/** A chunk of 8 channels may be larger than that, up to here; then the taps are divided as well. */
const MOST_CHUNK_FLOATS = 1 << 20;
/** Pixels from which on packing the filter pays: measured on 64 → 32 channels, Node 20, 2026-11. */
const PACKING_PIXELS = 24;
/** Channels of a packed panel, and rows of a packed tile of a sum over pixels: the 4×8 micro-kernel. */
const PANEL = 8;
const TILE = 4;

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

/** A plan made ready. */
export interface Program {
  /** Bytes of scratch memory that it takes. */
  readonly bytes: number;
  /** Where tensors that are copied go, after where scratch memory begins; but a filter may pass through in chunks. */
  readonly copies?: { readonly first: number; readonly second: number | undefined; readonly out: number };
  /** All its runs, and where they go. */
  readonly runs: Int32Array;
  readonly runsAt: number;
  /** Which words of the runs count from the beginning of a block. */
  readonly counted: Readonly<Record<Block, readonly number[]>>;
  readonly commands: readonly ((call: Call) => void)[];
}

/** @param tensors Whether they are copied into scratch memory first, or worked on where they lie. */
export function compile(plan: Plan, tensors: 'copied' | 'in place'): Program {
  return new Compiler(plan, tensors === 'copied').program();
}

/** An address, counted from the beginning of a block. */
interface Address {
  readonly block: Block;
  readonly offset: number;
}

/** Where the pixels of an operand lie. */
interface Place extends Address {
  readonly batch: number;
  readonly row: number;
  readonly col: number;
}

/** Rows of a matrix of the filter in memory: where they begin, and how far apart they are. */
interface Matrix extends Address {
  readonly rowBytes: number;
}

/** What a run's taps are in memory: by how many bytes each moves a, and where its part of the other operand begins. */
type Tap = readonly [moves: number, at: number];

class Compiler {
  private readonly layout = new Layout();
  private readonly copies: Program['copies'];
  /** Where the scratch memory of the plan begins in that of the program. */
  private readonly scratch: number;
  /** Whether the second operand is in memory as a whole. */
  private readonly isWhole: boolean;
  private readonly words: number[] = [];
  private readonly counted: Record<Block, number[]> = { first: [], second: [], out: [], scratch: [] };
  private readonly commands: ((call: Call) => void)[] = [];

  constructor(
    private readonly plan: Plan,
    isCopied: boolean,
  ) {
    const { lengths, steps } = plan;
    const { layout } = this;
    this.isWhole =
      !isCopied || lengths.second <= CHUNK_FLOATS || steps.some((step) => blocksReadBy(step).includes('second'));
    if (isCopied) {
      this.copies = {
        first: layout.allocate(lengths.first),
        second: this.isWhole ? layout.allocate(lengths.second) : undefined,
        out: layout.allocate(lengths.out),
      };
    }
    this.scratch = layout.allocate(lengths.scratch);
  }

  program(): Program {
    for (const step of this.plan.steps) this.layout.scoped(() => this.step(step));
    // Behind everything else: only now is it known how much that is, and how many runs there are.
    const runsAt = this.layout.allocateLast(this.words.length);
    return {
      bytes: this.layout.bytes,
      copies: this.copies,
      runs: Int32Array.from(this.words),
      runsAt,
      counted: this.counted,
      commands: this.commands,
    };
  }

  private step(step: Step): void {
    switch (step.kind) {
      case 'dotProducts':
        return this.eachPart(step, PANEL * rowFloatsOf(step.filterRow, step.depth), (part) => this.dotProducts(part));
      case 'broadcastProducts':
        return this.eachPart(step, rowFloatsOf(step.filterRow, step.channels), (part) => this.broadcastProducts(part));
      case 'channelProducts':
        return this.channelProducts(step);
      case 'groupProducts':
        return this.groupProducts(step);
      case 'channelSums':
        return this.channelSums(step);
      case 'groupSums':
        return this.groupSums(step);
      case 'outerProducts':
        return this.outerProducts(step);
      case 'addPixels':
      case 'copyPixels':
        return this.movePixels(step);
      case 'clearScratch':
        return this.clearScratch(step);
    }
  }

  /** Divides the taps of a product so that a chunk, of `floats` per tap at least, is never larger than it may be. */
  private eachPart(product: TapProduct, floats: number, body: (part: TapProduct) => void): void {
    const most = Math.max(1, Math.floor(MOST_CHUNK_FLOATS / floats));
    for (let begin = 0; begin < product.taps.length; begin += most) {
      const taps = product.taps.slice(begin, begin + most);
      const runs = product.runs
        .map((run) => ({ ...run, taps: run.taps.map(({ tap, offset }) => ({ tap: tap - begin, offset })) }))
        .map((run) => ({ ...run, taps: run.taps.filter(({ tap }) => tap >= 0 && tap < taps.length) }))
        .filter((run) => run.taps.length > 0);
      this.layout.scoped(() => body({ ...product, taps, runs }));
    }
  }

  private dotProducts(product: TapProduct): void {
    const { taps, filterRow, depth, channels, runs } = product;
    const rowFloats = rowFloatsOf(filterRow, depth);
    const perChannel = taps.length * rowFloats;
    const chunk = Math.min(channels, Math.max(PANEL, Math.floor(CHUNK_FLOATS / perChannel / PANEL) * PANEL));
    const packs = sumOf(runs, ({ grid }) => pixelsIn(grid)) >= PACKING_PIXELS && chunk >= PANEL / 2;
    const panelBytes = taps.length * depth * PANEL * 4;
    const staged = this.isWhole ? 0 : this.layout.allocate(chunk * perChannel);
    const panels = packs ? this.layout.allocate((Math.ceil(chunk / PANEL) * panelBytes) / 4) : 0;
    const packedRuns = packs ? this.tapRuns(runs, (tap) => tap * depth * PANEL * 4) : 0;
    for (let first = 0; first < channels; first += chunk) {
      const count = Math.min(chunk, channels - first);
      // A few channels that are left over are better off as dot products than in a panel that is nearly empty.
      const left = count % PANEL;
      const packed = !packs ? 0 : left >= PANEL / 2 ? count : count - left;
      const matrices = taps.map((tap, n) =>
        this.matrix(tap + first * filterRow, filterRow, depth, count, staged + n * count * rowFloats * 4),
      );
      if (packed > 0) {
        matrices.forEach(({ block, offset, rowBytes }, n) => {
          const to = panels + n * depth * PANEL * 4;
          this.commands.push(({ programs, at }) =>
            programs.packChannelRows(at[block] + offset, rowBytes, depth, packed, at.scratch + to, panelBytes),
          );
        });
        this.commands.push(({ programs, at, runs: from }) => {
          const packedAt = at.scratch + panels;
          programs.packedProducts(from + packedRuns, runs.length, depth, packedAt, panelBytes, packed, first);
        });
      }
      if (packed < count) {
        const [{ block, offset, rowBytes }] = matrices;
        const rest = this.tapRuns(runs, (tap) => matrices[tap].offset - offset);
        this.commands.push(({ programs, at, runs: from }) => {
          const rows = at[block] + offset + packed * rowBytes;
          programs.dotProducts(from + rest, runs.length, depth, rows, rowBytes, count - packed, first + packed);
        });
      }
    }
  }

  private broadcastProducts({ taps, filterRow, depth, channels, runs }: TapProduct): void {
    const rowFloats = rowFloatsOf(filterRow, channels);
    const chunk = Math.min(depth, Math.max(1, Math.floor(CHUNK_FLOATS / (taps.length * rowFloats))));
    const staged = this.isWhole ? 0 : this.layout.allocate(chunk * rowFloats);
    const panels = this.layout.allocate(Math.ceil(channels / PANEL) * PANEL * taps.length * chunk);
    for (let first = 0; first < depth; first += chunk) {
      const terms = Math.min(chunk, depth - first);
      const panelBytes = taps.length * terms * PANEL * 4;
      taps.forEach((tap, n) => {
        const matrix = this.matrix(tap + first * filterRow, filterRow, channels, terms, staged);
        const { block, offset, rowBytes } = matrix;
        const to = panels + n * terms * PANEL * 4;
        this.commands.push(({ programs, at }) =>
          programs.packRows(at[block] + offset, rowBytes, terms, channels, PANEL, at.scratch + to, panelBytes),
        );
      });
      const packedRuns = this.tapRuns(runs, (tap) => tap * terms * PANEL * 4, first);
      this.commands.push(({ programs, at, runs: from }) => {
        const packedAt = at.scratch + panels;
        programs.packedProducts(from + packedRuns, runs.length, terms, packedAt, panelBytes, channels, 0);
      });
    }
  }

  private channelProducts({ filter: block, taps, channels, runs }: ChannelProduct): void {
    const inMemory = this.tapRuns(runs, (tap) => taps[tap] * 4);
    const filter = this.offset(block, 0);
    this.commands.push(({ programs, at, runs: from }) =>
      programs.channelProducts(from + inMemory, runs.length, at[block] + filter, channels),
    );
  }

  private groupProducts({ filter: block, taps, filterRow, groups, depth, channels, runs }: GroupProduct): void {
    const inMemory = this.tapRuns(runs, (tap) => taps[tap] * 4);
    const offset = this.offset(block, 0);
    this.commands.push(({ programs, at, runs: from }) => {
      const filter = at[block] + offset;
      programs.groupProducts(from + inMemory, runs.length, filter, filterRow * 4, depth, channels, groups);
    });
  }

  private channelSums({ out: block, runs, channels }: ChannelSum): void {
    const inMemory = this.pairRuns(runs);
    const out = this.offset(block, 0);
    this.commands.push(({ programs, at, runs: from }) =>
      programs.channelSums(from + inMemory, runs.length, at[block] + out, channels),
    );
  }

  private groupSums({ runs, groups, rows, cols, outRow }: GroupSum): void {
    const inMemory = this.pairRuns(runs);
    this.commands.push(({ programs, at, runs: from }) =>
      programs.groupSums(from + inMemory, runs.length, at.out, outRow * 4, rows, cols, groups),
    );
  }

  private outerProducts({ taps, rows, cols, outRow }: OuterProduct): void {
    if (taps.length === 0) return;
    const [a, b] = [taps[0].a, taps[0].b].map(({ block, channels, first }) => ({
      block,
      offset: this.offset(block, first % channels),
      pixels: this.plan.lengths[block] / channels,
      rowBytes: channels * 4,
    }));
    const aPanelBytes = a.pixels * TILE * 4;
    const bPanelBytes = b.pixels * PANEL * 4;
    const panelsAtOnce = Math.max(1, Math.floor((2 * CHUNK_FLOATS) / bPanelBytes));
    const chunk = Math.min(Math.ceil(cols / PANEL), panelsAtOnce) * PANEL;
    const packedA = this.layout.allocate((Math.ceil(rows / TILE) * aPanelBytes) / 4);
    const packedB = this.layout.allocate(((chunk / PANEL) * bPanelBytes) / 4);
    const runs = this.beginRuns();
    for (const { grid, a: pixelsOfA, b: pixelsOfB, outFirst } of taps) {
      const [from, by] = [packedPlace(pixelsOfA, packedA, TILE), packedPlace(pixelsOfB, packedB, PANEL)];
      this.run(grid, from, by, [[0, outFirst * 4]]);
    }
    this.commands.push(({ programs, at }) => {
      const from = at[a.block] + a.offset;
      programs.packRows(from, a.rowBytes, a.pixels, rows, TILE, at.scratch + packedA, aPanelBytes);
    });
    for (let col = 0; col < cols; col += chunk) {
      const width = Math.min(chunk, cols - col);
      this.commands.push(({ programs, at, runs: from }) => {
        const columns = at[b.block] + b.offset + col * 4;
        programs.packRows(columns, b.rowBytes, b.pixels, width, PANEL, at.scratch + packedB, bPanelBytes);
        const out = at.out + col * 4;
        programs.outerSums(from + runs, taps.length, out, outRow * 4, rows, width, aPanelBytes, bPanelBytes);
      });
    }
  }

  private movePixels({ kind, grid, from, to, channels }: PixelMove): void {
    const run = this.beginRuns();
    this.run(grid, this.place(from), this.place(to), []);
    const accumulate = kind === 'addPixels' ? 1 : 0;
    this.commands.push(({ programs, runs }) => programs.movePixels(runs + run, channels, accumulate));
  }

  private clearScratch({ floats }: ClearScratch): void {
    this.commands.push(({ memory, at }) => {
      const begin = (at.scratch + this.scratch) >> 2;
      memory.floats.fill(0, begin, begin + floats);
    });
  }

  /**
   * `count` rows of `width` floats of the filter: as they lie in memory, or copied to `staged`, `rowFloatsOf` apart.
   */
  private matrix(from: number, filterRow: number, width: number, count: number, staged: number): Matrix {
    if (this.isWhole) return { block: 'second', offset: from * 4, rowBytes: filterRow * 4 };
    const rowFloats = rowFloatsOf(filterRow, width);
    if (rowFloats === filterRow) {
      const end = from + (count - 1) * filterRow + width;
      this.commands.push(({ memory, filter, at }) =>
        memory.floats.set(filter!.subarray(from, end), (at.scratch + staged) >> 2),
      );
    } else {
      this.commands.push(({ memory, filter, at }) => {
        const to = (at.scratch + staged) >> 2;
        for (let row = 0; row < count; row++) {
          const begin = from + row * filterRow;
          memory.floats.set(filter!.subarray(begin, begin + width), to + row * width);
        }
      });
    }
    return { block: 'scratch', offset: staged, rowBytes: rowFloats * 4 };
  }

  /** Writes the runs of a product whose taps skip `skipped` terms; returns where they begin. */
  private tapRuns(runs: readonly Run[], matrixOf: (tap: number) => number, skipped = 0): number {
    const begin = this.beginRuns();
    for (const { grid, a, out, taps } of runs) {
      const inMemory = taps.map(({ tap, offset }): Tap => [(offset + skipped) * 4, matrixOf(tap)]);
      this.run(grid, this.place(a), this.place(out), inMemory);
    }
    return begin;
  }

  /** Writes runs over pairs of pixels; returns where they begin. */
  private pairRuns(runs: readonly PixelPairs[]): number {
    const begin = this.beginRuns();
    for (const { grid, a, b, outFirst } of runs) this.run(grid, this.place(a), this.place(b), [[0, outFirst * 4]]);
    return begin;
  }

  /** Where the next run begins, in bytes after the first. */
  private beginRuns(): number {
    return this.words.length * 4;
  }

  private run({ batch, rows, cols }: Grid, a: Place, out: Place, taps: readonly Tap[]): void {
    const words = new Array<number>(TAPS).fill(0);
    words[ROWS] = rows;
    words[COLS] = cols;
    words[PIXELS] = batch * rows * cols;
    words[A] = a.offset;
    words[A_COL] = a.col;
    words[A_ROW_STEP] = a.row - cols * a.col;
    words[A_BATCH_STEP] = a.batch - rows * a.row;
    words[OUT] = out.offset;
    words[OUT_COL] = out.col;
    words[OUT_ROW_STEP] = out.row - cols * out.col;
    words[OUT_BATCH_STEP] = out.batch - rows * out.row;
    words[TAP_COUNT] = taps.length;
    this.counted[a.block].push(this.words.length + A);
    this.counted[out.block].push(this.words.length + OUT);
    this.words.push(...words);
    for (const [moves, at] of taps) this.words.push(moves, at);
  }

  private place({ block, first, channels, batch, row, col }: Operand): Place {
    const pixel = channels * 4;
    const offset = this.offset(block, first);
    return { block, offset, batch: batch * pixel, row: row * pixel, col: col * pixel };
  }

  /** The offset of a float of a block. */
  private offset(block: Block, float: number): number {
    return (block === 'scratch' ? this.scratch : 0) + float * 4;
  }
}

/** What a step reads where it lies. That leaves out the filter of products over taps, which can pass in chunks. */
function blocksReadBy(step: Step): readonly Block[] {
  switch (step.kind) {
    case 'dotProducts':
    case 'broadcastProducts':
      return step.runs.map(({ a }) => a.block);
    case 'channelProducts':
    case 'groupProducts':
      return [step.filter, ...step.runs.map(({ a }) => a.block)];
    case 'channelSums':
    case 'groupSums':
      return step.runs.flatMap(({ a, b }) => [a.block, b.block]);
    case 'outerProducts':
      return step.taps.flatMap(({ a, b }) => [a.block, b.block]);
    case 'addPixels':
    case 'copyPixels':
      return [step.from.block];
    case 'clearScratch':
      return [];
  }
}

/** Where the pixels of an operand lie once it is packed by `width` channels, from `packed` on in scratch memory. */
function packedPlace({ first, channels, batch, row, col }: Operand, packed: number, width: number): Place {
  const pixel = width * 4;
  const offset = packed + Math.floor(first / channels) * pixel;
  return { block: 'scratch', offset, batch: batch * pixel, row: row * pixel, col: col * pixel };
}

/** Rows of a group that is less than half of all channels are copied one by one, others with what lies between them. */
function rowFloatsOf(filterRow: number, width: number): number {
  return width * 2 < filterRow ? width : filterRow;
}

function sumOf<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((sum, item) => sum + value(item), 0);
}
