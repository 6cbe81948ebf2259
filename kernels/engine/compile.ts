// SPDX-License-Identifier: Apache-2.0
/**
 * Turns a plan into a program for the SIMD engine: who lies where in memory, the runs as ./simd/products.as.ts reads
 * them, and the calls to make one after another. Made once for each plan. Addresses in it count from where a block
 * begins: the tensors, each wherever it is, and one piece of scratch memory.
 */
import type {
  Block,
  ChannelProduct,
  ChannelSum,
  ClearScratch,
  GroupProduct,
  GroupSum,
  Operand,
  OuterProduct,
  PixelMove,
  Plan,
  Step,
} from './engine';
import { Draft, type Program } from './draft';
import type { Place } from './runs';
import { CHUNK_FLOATS, PANEL, broadcastProducts, dotProducts } from './tap_products';

/** Rows of a packed tile of a sum over pixels, by panels of columns: the 4×8 micro-kernel. */
const TILE = 4;

/** @param tensors Whether they are copied into scratch memory first, or worked on where they lie. */
export function compile({ lengths, steps }: Plan, tensors: 'copied' | 'in place'): Program {
  const isCopied = tensors === 'copied';
  const isWhole =
    !isCopied || lengths.second <= CHUNK_FLOATS || steps.some((step) => blocksReadBy(step).includes('second'));
  const draft = new Draft(lengths, isCopied, isWhole);
  for (const step of steps) draft.layout.scoped(() => compileStep(draft, step));
  return draft.finished();
}

function compileStep(draft: Draft, step: Step): void {
  switch (step.kind) {
    case 'dotProducts':
      return dotProducts(draft, step);
    case 'broadcastProducts':
      return broadcastProducts(draft, step);
    case 'channelProducts':
      return channelProducts(draft, step);
    case 'groupProducts':
      return groupProducts(draft, step);
    case 'channelSums':
      return channelSums(draft, step);
    case 'groupSums':
      return groupSums(draft, step);
    case 'outerProducts':
      return outerProducts(draft, step);
    case 'addPixels':
    case 'copyPixels':
      return movePixels(draft, step);
    case 'clearScratch':
      return clearScratch(draft, step);
  }
}

function channelProducts(draft: Draft, { filter: block, taps, channels, runs }: ChannelProduct): void {
  const inMemory = draft.runs.ofTaps(runs, (tap) => taps[tap] * 4);
  const filter = draft.runs.offset(block, 0);
  draft.commands.push(({ programs, at, runs: from }) =>
    programs.channelProducts(from + inMemory, runs.length, at[block] + filter, channels),
  );
}

function groupProducts(draft: Draft, product: GroupProduct): void {
  const { filter: block, taps, filterRow, groups, depth, channels, runs } = product;
  const inMemory = draft.runs.ofTaps(runs, (tap) => taps[tap] * 4);
  const offset = draft.runs.offset(block, 0);
  draft.commands.push(({ programs, at, runs: from }) => {
    const filter = at[block] + offset;
    programs.groupProducts(from + inMemory, runs.length, filter, filterRow * 4, depth, channels, groups);
  });
}

function channelSums(draft: Draft, { out: block, runs, channels }: ChannelSum): void {
  const inMemory = draft.runs.ofPairs(runs);
  const out = draft.runs.offset(block, 0);
  draft.commands.push(({ programs, at, runs: from }) =>
    programs.channelSums(from + inMemory, runs.length, at[block] + out, channels),
  );
}

function groupSums(draft: Draft, { runs, groups, rows, cols, outRow }: GroupSum): void {
  const inMemory = draft.runs.ofPairs(runs);
  draft.commands.push(({ programs, at, runs: from }) =>
    programs.groupSums(from + inMemory, runs.length, at.out, outRow * 4, rows, cols, groups),
  );
}

function outerProducts({ lengths, layout, runs, commands }: Draft, { taps, rows, cols, outRow }: OuterProduct): void {
  if (taps.length === 0) return;
  const [a, b] = [taps[0].a, taps[0].b].map(({ block, channels, first }) => ({
    block,
    offset: runs.offset(block, first % channels),
    pixels: lengths[block] / channels,
    rowBytes: channels * 4,
  }));
  const aPanelBytes = a.pixels * TILE * 4;
  const bPanelBytes = b.pixels * PANEL * 4;
  const panelsAtOnce = Math.max(1, Math.floor((2 * CHUNK_FLOATS) / bPanelBytes));
  const chunk = Math.min(Math.ceil(cols / PANEL), panelsAtOnce) * PANEL;
  const packedA = layout.allocate((Math.ceil(rows / TILE) * aPanelBytes) / 4);
  const packedB = layout.allocate(((chunk / PANEL) * bPanelBytes) / 4);
  const inMemory = runs.begin();
  for (const { grid, a: pixelsOfA, b: pixelsOfB, outFirst } of taps) {
    const [from, by] = [packedPlace(pixelsOfA, packedA, TILE), packedPlace(pixelsOfB, packedB, PANEL)];
    runs.add(grid, from, by, [[0, outFirst * 4]]);
  }
  commands.push(({ programs, at }) => {
    const from = at[a.block] + a.offset;
    programs.packRows(from, a.rowBytes, a.pixels, rows, TILE, at.scratch + packedA, aPanelBytes);
  });
  for (let col = 0; col < cols; col += chunk) {
    const width = Math.min(chunk, cols - col);
    commands.push(({ programs, at, runs: from }) => {
      const columns = at[b.block] + b.offset + col * 4;
      programs.packRows(columns, b.rowBytes, b.pixels, width, PANEL, at.scratch + packedB, bPanelBytes);
      const out = at.out + col * 4;
      programs.outerSums(from + inMemory, taps.length, out, outRow * 4, rows, width, aPanelBytes, bPanelBytes);
    });
  }
}

function movePixels({ runs, commands }: Draft, { kind, grid, from, to, channels }: PixelMove): void {
  const run = runs.begin();
  runs.add(grid, runs.place(from), runs.place(to), []);
  const accumulate = kind === 'addPixels' ? 1 : 0;
  commands.push((call) => call.programs.movePixels(call.runs + run, channels, accumulate));
}

function clearScratch({ runs, commands }: Draft, { floats }: ClearScratch): void {
  const scratch = runs.offset('scratch', 0);
  commands.push(({ memory, at }) => {
    const begin = (at.scratch + scratch) >> 2;
    memory.floats.fill(0, begin, begin + floats);
  });
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
