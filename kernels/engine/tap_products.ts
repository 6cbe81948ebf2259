// SPDX-License-Identifier: Apache-2.0
/**
 * Products over taps made ready: how their filter gets to the micro-kernels.
 *
 * The filter may be the largest operand by far. Where tensors are copied in, one of at most `CHUNK_FLOATS` is copied as
 * a whole. A larger one passes through in chunks of channels (of terms), which stay in the second-level cache. Where
 * enough pixels meet it, it is packed into panels of 8 channels, so that it is read in order.
 *
 * Only the caller can read a filter that is to be shared. It copies a chunk while other threads work on the one before:
 *
 *     caller    copies 0 | copies 1, units of 0 | copies 2, units of 1 | … | units of n
 *     others             | units of 0           | units of 1           | … | units of n
 */
import { type Run, type Step, type TapProduct, pixelsIn } from './engine';
import type { Draft, Staged } from './draft';
import type { Address } from './runs';

/** Floats of filter that are worked on at a time: half a megabyte, half of the second-level cache of most machines. */
export const CHUNK_FLOATS = 1 << 17;
/**
 * The same where threads meet after each chunk, and wait there for whoever has the last unit: 2 MB. Until all of them
 * are at work chunks are small, and each is twice the one before.
 */
const SHARED_CHUNK_FLOATS = 1 << 19;
/** A chunk of 8 channels may be larger than that, up to here; then the taps are divided as well. */
const MOST_CHUNK_FLOATS = 1 << 20;
/** Pixels from which on packing the filter pays: measured on 64 → 32 channels, Node 20, 2026-11. */
const PACKING_PIXELS = 24;
/** Channels of a packed panel: those of the 4×8 micro-kernel. */
export const PANEL = 8;
/** Channels that are divided among threads where nothing is packed. */
const QUAD = 4;

/** Units of a chunk that threads claim, at most: of channels, and of terms, where each unit reads all pixels anew. */
const MOST_UNITS = { channels: 32, terms: 16 };

/** Rows of a matrix of the filter in memory: where they begin, and how far apart they are. */
export interface Matrix {
  readonly from: Address | Staged;
  readonly rowBytes: number;
}

export function dotProducts(draft: Draft, product: TapProduct): void {
  const floats = PANEL * rowFloatsOf(product.filterRow, product.depth);
  for (const part of partsOf(product, floats)) draft.layout.scoped(() => dotPart(draft, part));
}

export function broadcastProducts(draft: Draft, product: TapProduct): void {
  const floats = rowFloatsOf(product.filterRow, product.channels);
  for (const part of partsOf(product, floats)) draft.layout.scoped(() => broadcastPart(draft, part));
}

/** One product that is all of some; `undefined` if there is none that is computed in the same way. */
export function inOne(steps: readonly Step[]): TapProduct | undefined {
  const [first] = steps;
  if (steps.length < 2 || first.kind !== 'dotProducts') return undefined;
  const { filterRow, depth, channels } = first;
  const taps: number[] = [];
  const runs: Run[] = [];
  for (const step of steps) {
    const isAlike = step.kind === 'dotProducts' && step.depth === depth && step.channels === channels;
    if (!isAlike || step.filterRow !== filterRow || !hasManyPixels(step.runs)) return undefined;
    const before = taps.length;
    taps.push(...step.taps);
    const moved = (run: Run): Run => ({ ...run, taps: run.taps.map((one) => ({ ...one, tap: one.tap + before })) });
    runs.push(...step.runs.map(moved));
  }
  const joined = { ...first, taps, runs };
  // What divides taps divides sums.
  return partsOf(joined, PANEL * rowFloatsOf(filterRow, depth)).length === 1 ? joined : undefined;
}

function hasManyPixels(runs: readonly Run[]): boolean {
  return sumOf(runs, ({ grid }) => pixelsIn(grid)) >= PACKING_PIXELS;
}

/** Divides the taps of a product so that a chunk, of `floats` per tap at least, is never larger than it may be. */
function partsOf(product: TapProduct, floats: number): TapProduct[] {
  const most = Math.max(1, Math.floor(MOST_CHUNK_FLOATS / floats));
  const parts: TapProduct[] = [];
  for (let begin = 0; begin < product.taps.length; begin += most) {
    const taps = product.taps.slice(begin, begin + most);
    const runs = product.runs
      .map((run) => ({ ...run, taps: run.taps.map(({ tap, offset }) => ({ tap: tap - begin, offset })) }))
      .map((run) => ({ ...run, taps: run.taps.filter(({ tap }) => tap >= 0 && tap < taps.length) }))
      .filter((run) => run.taps.length > 0);
    parts.push({ ...product, taps, runs });
  }
  return parts;
}

function dotPart(draft: Draft, { taps, filterRow, depth, channels, runs }: TapProduct): void {
  const { layout } = draft;
  const rowFloats = rowFloatsOf(filterRow, depth);
  const perChannel = taps.length * rowFloats;
  const channelsIn = (floats: number): number =>
    Math.min(channels, Math.max(PANEL, Math.floor(floats / perChannel / PANEL) * PANEL));
  const chunk = channelsIn(draft.overlaps ? SHARED_CHUNK_FLOATS : CHUNK_FLOATS);
  const packs = hasManyPixels(runs) && chunk >= PANEL / 2;
  const panelBytes = taps.length * depth * PANEL * 4;
  const panels = packs ? layout.allocate((Math.ceil(chunk / PANEL) * panelBytes) / 4) : 0;
  const packedRuns = packs ? draft.runs.ofTaps(runs, (tap) => tap * depth * PANEL * 4) : 0;
  for (let first = 0, count: number; first < channels; first += count) {
    count = Math.min(chunk, channelsIn(CHUNK_FLOATS * 2 ** draft.chunks), channels - first);
    // A few channels that are left over are better off as dot products than in a panel that is nearly empty.
    const left = count % PANEL;
    const packed = !packs ? 0 : left >= PANEL / 2 ? count : count - left;
    draft.barrier();
    const slot = draft.isWhole ? 0 : draft.slotFor(count * perChannel);
    const matrices = taps.map((tap, n) =>
      matrixOf(draft, tap + first * filterRow, filterRow, depth, count, { slot, offset: n * count * rowFloats * 4 }),
    );
    if (!draft.isWhole) draft.barrier();
    const pack = (): void =>
      matrices.forEach(({ from, rowBytes }, n) =>
        draft.call('packChannelRows', from, rowBytes, depth, packed, at(panels + n * depth * PANEL * 4), panelBytes),
      );
    const multiply = (): void => {
      const run = packedRuns;
      if (packed > 0) draft.call('packedProducts', { run }, runs.length, depth, at(panels), panelBytes, packed, first);
      if (packed < count) {
        const [{ from, rowBytes }] = matrices;
        const run = draft.runs.ofTaps(runs, (tap) => matrices[tap].from.offset - from.offset);
        const rows = { ...from, offset: from.offset + packed * rowBytes };
        draft.call('dotProducts', { run }, runs.length, depth, rows, rowBytes, count - packed, first + packed);
      }
    };
    const units = unitsOf(Math.ceil(packed / PANEL || count / QUAD), MOST_UNITS.channels);
    packAndMultiply(draft, packed > 0 ? pack : undefined, multiply, units);
  }
}

function broadcastPart(draft: Draft, { taps, filterRow, depth, channels, runs }: TapProduct): void {
  const { layout } = draft;
  const rowFloats = rowFloatsOf(filterRow, channels);
  const chunk = Math.min(depth, Math.max(1, Math.floor(CHUNK_FLOATS / (taps.length * rowFloats))));
  const width = Math.ceil(channels / PANEL);
  const panels = layout.allocate(width * PANEL * taps.length * chunk);
  const units = unitsOf(width, MOST_UNITS.terms);
  for (let first = 0; first < depth; first += chunk) {
    const terms = Math.min(chunk, depth - first);
    const panelBytes = taps.length * terms * PANEL * 4;
    const stage = (tap: number, to: Staged): Matrix =>
      matrixOf(draft, tap + first * filterRow, filterRow, channels, terms, to);
    const pack = ({ from, rowBytes }: Matrix, n: number): void =>
      draft.call('packRows', from, rowBytes, terms, channels, PANEL, at(panels + n * terms * PANEL * 4), panelBytes);
    const run = draft.runs.ofTaps(runs, (tap) => tap * terms * PANEL * 4, first);
    const multiply = (): void =>
      draft.call('packedProducts', { run }, runs.length, terms, at(panels), panelBytes, channels, 0);
    draft.barrier();
    if (draft.overlaps) {
      const slot = draft.slotFor(taps.length * chunk * rowFloats);
      const matrices = taps.map((tap, n) => stage(tap, { slot, offset: n * terms * rowFloats * 4 }));
      draft.barrier();
      packAndMultiply(draft, () => matrices.forEach(pack), multiply, units);
    } else {
      const slot = draft.isWhole ? 0 : draft.slotFor(chunk * rowFloats);
      // Each tap is packed as long as it is in the first-level cache.
      const packAll = (): void => taps.forEach((tap, n) => pack(stage(tap, { slot, offset: 0 }), n));
      packAndMultiply(draft, packAll, multiply, units);
    }
  }
}

/** Of a chunk, what is packed is multiplied by the same thread; of a filter that is there as a whole, by any. */
function packAndMultiply(draft: Draft, pack: (() => void) | undefined, multiply: () => void, units: number): void {
  if (draft.overlaps) {
    return draft.divided(() => {
      pack?.();
      multiply();
    }, units);
  }
  if (pack) draft.divided(pack, units, 'nothing');
  draft.divided(multiply);
}

/** Into how many units so many panels are divided: evenly, in the sense of ./simd/parts/share.as. */
function unitsOf(panels: number, most: number): number {
  if (panels <= most) return panels;
  for (let units = most; ; units--) if (panels % units === 0 || panels >= 6 * units) return units;
}

/** `count` rows of `width` floats of the filter: as they lie in memory, or copied to a slot, `rowFloatsOf` apart. */
export function matrixOf(
  draft: Draft,
  from: number,
  filterRow: number,
  width: number,
  count: number,
  to: Staged,
): Matrix {
  if (draft.isWhole) return { from: { block: 'second', offset: from * 4 }, rowBytes: filterRow * 4 };
  const rowFloats = rowFloatsOf(filterRow, width);
  draft.stage(from, count, width, filterRow, rowFloats, to);
  return { from: to, rowBytes: rowFloats * 4 };
}

/** An address in scratch memory. */
export function at(offset: number): Address {
  return { block: 'scratch', offset };
}

/** Rows of a group that is less than half of all channels are copied one by one, others with what lies between them. */
export function rowFloatsOf(filterRow: number, width: number): number {
  return width * 2 < filterRow ? width : filterRow;
}

function sumOf<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((sum, item) => sum + value(item), 0);
}
