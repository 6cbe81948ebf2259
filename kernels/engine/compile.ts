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
import { CHUNK_FLOATS, PANEL, broadcastProducts, dotProducts, inOne } from './tap_products';
import { workOf } from './threads/worth';
import { windowProducts } from './window_products';

/** Rows of a packed tile of a sum over pixels, by panels of columns: the 4×8 micro-kernel. */
const TILE = 4;

/**
 * @param tensors Whether they are copied into scratch memory first, or worked on where they lie.
 * @param threads For how many it is; results do not depend on it.
 */
export function compile(plan: Plan, tensors: 'copied' | 'in place', threads = 1): Program {
  const { lengths, zeros, steps } = plan;
  const isCopied = tensors === 'copied';
  const isWhole =
    !isCopied || lengths.second <= CHUNK_FLOATS || steps.some((step) => blocksReadBy(step).includes('second'));
  const draft = new Draft(lengths, isCopied, isWhole, threads);
  if (zeros) draft.divided(() => draft.call('clear', draft.runs.address('out', 0), lengths.out), undefined, 'copies');
  // Threads meet less often.
  const joined = threads > 1 && isWhole && plan.areApart ? inOne(steps) : undefined;
  for (const step of joined ? [joined] : steps) {
    draft.barrier();
    draft.layout.scoped(() => compileStep(draft, step));
  }
  return draft.finished(workOf(plan, isWhole));
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
    case 'windowProducts':
      return windowProducts(draft, step);
    case 'addPixels':
    case 'copyPixels':
      return movePixels(draft, step);
    case 'clearScratch':
      return clearScratch(draft, step);
  }
}

function channelProducts(draft: Draft, { filter: block, taps, channels, runs }: ChannelProduct): void {
  const run = draft.runs.ofTaps(runs, (tap) => taps[tap] * 4);
  draft.call('channelProducts', { run }, runs.length, draft.runs.address(block, 0), channels);
}

function groupProducts(draft: Draft, product: GroupProduct): void {
  const { filter: block, taps, filterRow, groups, depth, channels, runs } = product;
  const run = draft.runs.ofTaps(runs, (tap) => taps[tap] * 4);
  const filter = draft.runs.address(block, 0);
  draft.call('groupProducts', { run }, runs.length, filter, filterRow * 4, depth, channels, groups);
}

function channelSums(draft: Draft, { out, runs, channels }: ChannelSum): void {
  const run = draft.runs.ofPairs(runs);
  draft.call('channelSums', { run }, runs.length, draft.runs.address(out, 0), channels);
}

function groupSums(draft: Draft, { runs, groups, rows, cols, outRow }: GroupSum): void {
  const run = draft.runs.ofPairs(runs);
  draft.call('groupSums', { run }, runs.length, draft.runs.address('out', 0), outRow * 4, rows, cols, groups);
}

function outerProducts(draft: Draft, { taps, rows, cols, outRow }: OuterProduct): void {
  if (taps.length === 0) return;
  const { lengths, layout, runs } = draft;
  const [a, b] = [taps[0].a, taps[0].b].map(({ block, channels, first }) => ({
    block,
    first: first % channels,
    pixels: lengths[block] / channels,
    rowBytes: channels * 4,
  }));
  const aPanelBytes = a.pixels * TILE * 4;
  const bPanelBytes = b.pixels * PANEL * 4;
  const panelsAtOnce = Math.max(1, Math.floor((2 * CHUNK_FLOATS) / bPanelBytes));
  const chunk = Math.min(Math.ceil(cols / PANEL), panelsAtOnce) * PANEL;
  const packedA = layout.allocate((Math.ceil(rows / TILE) * aPanelBytes) / 4);
  const packedB = layout.allocate(((chunk / PANEL) * bPanelBytes) / 4);
  const run = runs.begin();
  for (const { grid, a: pixelsOfA, b: pixelsOfB, outFirst } of taps) {
    const [from, by] = [packedPlace(pixelsOfA, packedA, TILE), packedPlace(pixelsOfB, packedB, PANEL)];
    runs.add(grid, from, by, [[0, outFirst * 4]]);
  }
  const toA = { block: 'scratch', offset: packedA } as const;
  const toB = { block: 'scratch', offset: packedB } as const;
  for (let col = 0; col < cols; col += chunk) {
    const width = Math.min(chunk, cols - col);
    const pack = (): void => {
      const [rowsOfA, columns] = [runs.address(a.block, a.first), runs.address(b.block, b.first + col)];
      if (col === 0) draft.call('packRows', rowsOfA, a.rowBytes, a.pixels, rows, TILE, toA, aPanelBytes);
      draft.call('packRows', columns, b.rowBytes, b.pixels, width, PANEL, toB, bPanelBytes);
    };
    draft.divided(pack, undefined, 'nothing');
    const out = runs.address('out', col);
    draft.divided(() =>
      draft.call('outerSums', { run }, taps.length, out, outRow * 4, rows, width, aPanelBytes, bPanelBytes),
    );
  }
}

function movePixels(draft: Draft, { kind, grid, from, to, channels }: PixelMove): void {
  const { runs } = draft;
  const run = runs.begin();
  runs.add(grid, runs.place(from), runs.place(to), []);
  draft.call('movePixels', { run }, channels, kind === 'addPixels' ? 1 : 0);
}

function clearScratch(draft: Draft, { floats }: ClearScratch): void {
  draft.call('clear', draft.runs.address('scratch', 0), floats);
}

const SECOND = ['second'] as const;

/** What a step reads where it lies. That leaves out the filter of sums over taps, which can pass in chunks. */
function blocksReadBy(step: Step): readonly Block[] {
  switch (step.kind) {
    case 'dotProducts':
    case 'broadcastProducts':
      return step.runs.map(({ a }) => a.block);
    case 'channelProducts':
    case 'groupProducts':
      return [step.filter, ...step.runs.map(({ a }) => a.block)];
    case 'windowProducts':
      // Rows of some channels are short, and would be copied one by one.
      return [...step.sources.map(({ cells }) => cells.at.block), ...(step.rowsHold === 'channels' ? SECOND : [])];
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
