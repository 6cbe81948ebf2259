// SPDX-License-Identifier: Apache-2.0
/**
 * The engine in WebAssembly SIMD. Operands are copied into its memory, and the result out of it; the filter, which may be the
 * largest operand by far, is not: it passes through in chunks that stay in the second-level cache (`CHUNK_FLOATS`),
 * packed into panels of 8 channels when enough pixels meet it for that to pay. Nothing is kept from one call to the
 * next but memory, at most `RETAINED_BYTES`: there is nothing that could be stale.
 *
 * Memory of a call: for the sub-pixel variant and the input gradient the bytes of x and y, and at most 16 MB. The filter gradient
 * needs its tensors twice, because it packs them.
 */
import type { Engine, Grid, Operand, OuterProduct, Run, TapProduct, Workspace } from './engine';
import { plainEngine } from './plain_engine';
import { Arena, OutOfMemory, RETAINED_BYTES, type WasmBlock } from './arena';

/** What ./products.as.ts exports. Addresses and distances in bytes. */
interface Programs {
  setGrid(batch: number, rows: number, cols: number, a: number, aBatch: number, aRow: number, aCol: number, out: number, outBatch: number, outRow: number, outCol: number): void; // prettier-ignore
  packedProducts(tapCount: number, taps: number, depth: number, panels: number, panelBytes: number, channels: number, channelAt: number, tile: number): void; // prettier-ignore
  dotProducts(tapCount: number, taps: number, depth: number, filter: number, rowBytes: number, channels: number, channelAt: number, tile: number): void; // prettier-ignore
  packChannelRows(
    from: number,
    rowBytes: number,
    depth: number,
    channels: number,
    to: number,
    panelBytes: number,
  ): void;
  packRows(from: number, rowBytes: number, depth: number, channels: number, width: number, to: number, panelBytes: number): void; // prettier-ignore
  outerSums(out: number, rowBytes: number, height: number, width: number, aPanelBytes: number, bPanelBytes: number, tile: number): void; // prettier-ignore
  movePixels(channels: number, accumulate: number): void;
}

/** Floats of filter that are worked on at a time: half a megabyte. */
const CHUNK_FLOATS = 1 << 17;
/** A chunk of 8 channels may be larger than that, up to here; then the taps are divided as well. */
const MOST_CHUNK_FLOATS = 1 << 20;
/** Pixels from which on packing the filter pays. */
const PACKING_PIXELS = 24;
/** Channels of a packed panel; and rows of a packed tile of a sum over pixels. */
const PANEL = 8;
const TILE = 4;
const TILE_FLOATS = 64;

export function createWasmEngine(name: string, module: WebAssembly.Module): Engine {
  let instance: { arena: Arena; programs: Programs } | undefined;
  const engine: Engine = {
    name,
    peakScratchBytes: 0,
    run(body, take) {
      if (instance === undefined) {
        const arena = new Arena();
        const { exports } = new WebAssembly.Instance(module, { env: { memory: arena.memory } });
        instance = { arena, programs: exports as unknown as Programs };
      }
      const { arena, programs } = instance;
      try {
        return take(body(new WasmWorkspace(arena, programs)).values);
      } catch (error) {
        if (error instanceof OutOfMemory) return plainEngine.run(body, take);
        throw error;
      } finally {
        engine.peakScratchBytes = Math.max(engine.peakScratchBytes, arena.reset());
        if (arena.bytes > RETAINED_BYTES) instance = undefined;
      }
    },
    get retainedBytes() {
      return instance?.arena.bytes ?? 0;
    },
    release() {
      instance = undefined;
    },
  };
  return engine;
}

class WasmWorkspace implements Workspace {
  private readonly tile: WasmBlock;

  constructor(
    private readonly arena: Arena,
    private readonly programs: Programs,
  ) {
    this.tile = arena.allocate(TILE_FLOATS);
  }

  input(values: Float32Array): WasmBlock {
    const block = this.arena.allocate(values.length);
    block.values.set(values);
    return block;
  }

  block(length: number): WasmBlock {
    return this.arena.allocate(length);
  }

  zeros(length: number): WasmBlock {
    const block = this.arena.allocate(length);
    block.values.fill(0);
    return block;
  }

  dotProducts(product: TapProduct): void {
    const { filter, taps, filterRow, depth, channels, runs } = product;
    const pixels = runs.reduce((sum, { grid }) => sum + grid.batch * grid.rows * grid.cols, 0);
    const rowFloats = rowFloatsOf(filterRow, depth);
    for (const some of divideTaps(taps, runs, PANEL * rowFloats)) {
      const perChannel = some.taps.length * rowFloats;
      const chunk = Math.min(channels, Math.max(PANEL, Math.floor(CHUNK_FLOATS / perChannel / PANEL) * PANEL));
      this.arena.scoped(() => {
        const table = this.arena.allocate(2 * some.taps.length);
        const staged = this.arena.allocate(chunk * perChannel);
        const packs = pixels >= PACKING_PIXELS && chunk >= PANEL / 2;
        const panelFloats = some.taps.length * depth * PANEL;
        const panels = packs ? this.arena.allocate(Math.ceil(chunk / PANEL) * panelFloats) : undefined;
        for (let first = 0; first < channels; first += chunk) {
          const count = Math.min(chunk, channels - first);
          // A few channels that are left over are better off as dot products than in a panel that is nearly empty.
          const left = count % PANEL;
          const packed = panels === undefined ? 0 : left >= PANEL / 2 ? count : count - left;
          const matrix = (tap: number): number => tap * count * rowFloats * 4;
          some.taps.forEach((tap, n) => {
            this.stage(filter, tap + first * filterRow, filterRow, depth, count, staged, n * count * rowFloats);
            if (packed === 0) return;
            const to = panels!.address + n * depth * PANEL * 4;
            this.programs.packChannelRows(
              staged.address + matrix(n),
              rowFloats * 4,
              depth,
              packed,
              to,
              panelFloats * 4,
            );
          });
          for (const run of some.runs) {
            if (packed > 0) {
              this.writeTaps(table, run, (tap) => tap * depth * PANEL * 4);
              this.setGrid(run.grid, run.a, run.out);
              this.programs.packedProducts(run.taps.length, table.address, depth, panels!.address, panelFloats * 4, packed, first, this.tile.address); // prettier-ignore
            }
            if (packed < count) {
              this.writeTaps(table, run, matrix);
              this.setGrid(run.grid, run.a, run.out);
              const from = staged.address + packed * rowFloats * 4;
              this.programs.dotProducts(run.taps.length, table.address, depth, from, rowFloats * 4, count - packed, first + packed, this.tile.address); // prettier-ignore
            }
          }
        }
      });
    }
  }

  broadcastProducts({ filter, taps, filterRow, depth, channels, runs }: TapProduct): void {
    const rowFloats = rowFloatsOf(filterRow, channels);
    for (const some of divideTaps(taps, runs, rowFloats)) {
      const perTerm = some.taps.length * rowFloats;
      const chunk = Math.min(depth, Math.max(1, Math.floor(CHUNK_FLOATS / perTerm)));
      this.arena.scoped(() => {
        const table = this.arena.allocate(2 * some.taps.length);
        const staged = this.arena.allocate(chunk * rowFloats);
        const panels = this.arena.allocate(Math.ceil(channels / PANEL) * PANEL * some.taps.length * chunk);
        for (let first = 0; first < depth; first += chunk) {
          const terms = Math.min(chunk, depth - first);
          const panelFloats = some.taps.length * terms * PANEL;
          some.taps.forEach((tap, n) => {
            this.stage(filter, tap + first * filterRow, filterRow, channels, terms, staged, 0);
            const to = panels.address + n * terms * PANEL * 4;
            this.programs.packRows(staged.address, rowFloats * 4, terms, channels, PANEL, to, panelFloats * 4);
          });
          for (const run of some.runs) {
            this.writeTaps(table, run, (tap) => tap * terms * PANEL * 4, first);
            this.setGrid(run.grid, run.a, run.out);
            this.programs.packedProducts(run.taps.length, table.address, terms, panels.address, panelFloats * 4, channels, 0, this.tile.address); // prettier-ignore
          }
        }
      });
    }
  }

  outerProducts({ taps, rows, cols, out, outRow }: OuterProduct): void {
    if (taps.length === 0) return;
    const [a, b] = [taps[0].a, taps[0].b].map(({ block, channels, first }) => {
      const { address, length } = block as WasmBlock;
      return { address: address + (first % channels) * 4, pixels: length / channels, rowBytes: channels * 4 };
    });
    const sums = out as WasmBlock;
    this.arena.scoped(() => {
      const aPanelFloats = a.pixels * TILE;
      const bPanelFloats = b.pixels * PANEL;
      const chunk = Math.min(Math.ceil(cols / PANEL), Math.max(1, Math.floor(CHUNK_FLOATS / 2 / bPanelFloats))) * PANEL;
      const packedA = this.arena.allocate(Math.ceil(rows / TILE) * aPanelFloats);
      const packedB = this.arena.allocate((chunk / PANEL) * bPanelFloats);
      this.programs.packRows(a.address, a.rowBytes, a.pixels, rows, TILE, packedA.address, aPanelFloats * 4);
      for (let col = 0; col < cols; col += chunk) {
        const width = Math.min(chunk, cols - col);
        this.programs.packRows(
          b.address + col * 4,
          b.rowBytes,
          b.pixels,
          width,
          PANEL,
          packedB.address,
          bPanelFloats * 4,
        );
        for (const { grid, outFirst, ...tap } of taps) {
          const from = packed(tap.a, packedA.address, TILE);
          const by = packed(tap.b, packedB.address, PANEL);
          this.programs.setGrid(grid.batch, grid.rows, grid.cols, ...from, ...by);
          const to = sums.address + (outFirst + col) * 4;
          this.programs.outerSums(to, outRow * 4, rows, width, aPanelFloats * 4, bPanelFloats * 4, this.tile.address);
        }
      }
    });
  }

  addPixels(grid: Grid, from: Operand, to: Operand, channels: number): void {
    this.setGrid(grid, from, to);
    this.programs.movePixels(channels, 1);
  }

  copyPixels(grid: Grid, from: Operand, to: Operand, channels: number): void {
    this.setGrid(grid, from, to);
    this.programs.movePixels(channels, 0);
  }

  /** Copies `count` rows of `width` floats from the filter; they end up `rowFloatsOf(filterRow, width)` apart. */
  private stage(
    filter: Float32Array,
    from: number,
    filterRow: number,
    width: number,
    count: number,
    to: WasmBlock,
    at: number,
  ): void {
    // prettier-ignore
    const target = to.values;
    if (rowFloatsOf(filterRow, width) === filterRow) {
      target.set(filter.subarray(from, from + (count - 1) * filterRow + width), at);
      return;
    }
    for (let row = 0; row < count; row++) {
      target.set(filter.subarray(from + row * filterRow, from + row * filterRow + width), at + row * width);
    }
  }

  /** Per tap: by how many bytes it moves a, after `skipped` terms, and where it begins in the filter. */
  private writeTaps(table: WasmBlock, run: Run, matrixOf: (tap: number) => number, skipped = 0): void {
    const entries = this.arena.integers(table.address, table.length);
    run.taps.forEach(({ tap, offset }, n) => {
      entries[2 * n] = (offset + skipped) * 4;
      entries[2 * n + 1] = matrixOf(tap);
    });
  }

  private setGrid(grid: Grid, a: Operand, out: Operand): void {
    this.programs.setGrid(grid.batch, grid.rows, grid.cols, ...inBytes(a), ...inBytes(out));
  }
}

type Place = [address: number, batch: number, row: number, col: number];

function inBytes({ block, first, channels, batch, row, col }: Operand): Place {
  const pixel = channels * 4;
  return [(block as WasmBlock).address + first * 4, batch * pixel, row * pixel, col * pixel];
}

/** Where the pixels of an operand lie once it is packed by `width` channels. */
function packed({ first, channels, batch, row, col }: Operand, address: number, width: number): Place {
  const pixel = width * 4;
  return [address + Math.floor(first / channels) * pixel, batch * pixel, row * pixel, col * pixel];
}

/** Rows of a group that is less than half of all channels are copied one by one, others with what lies between them. */
function rowFloatsOf(filterRow: number, width: number): number {
  return width * 2 < filterRow ? width : filterRow;
}

/** Divides the taps of a product so that a chunk, of `floats` per tap at least, is never larger than it may be. */
function divideTaps(
  taps: readonly number[],
  runs: readonly Run[],
  floats: number,
): { taps: readonly number[]; runs: readonly Run[] }[] {
  // prettier-ignore
  const most = Math.max(1, Math.floor(MOST_CHUNK_FLOATS / floats));
  if (taps.length <= most) return [{ taps, runs }];
  return Array.from({ length: Math.ceil(taps.length / most) }, (_, n) => {
    const [begin, end] = [n * most, Math.min(taps.length, (n + 1) * most)];
    const within = runs.map((run) => ({
      ...run,
      taps: run.taps
        .filter(({ tap }) => tap >= begin && tap < end)
        .map(({ tap, offset }) => ({ tap: tap - begin, offset })),
    }));
    return { taps: taps.slice(begin, end), runs: within.filter((run) => run.taps.length > 0) };
  });
}
