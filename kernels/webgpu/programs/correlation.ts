// SPDX-License-Identifier: Apache-2.0
/**
 * A dense correlation as a matrix product: pixels × terms by terms × channels, where a term is a tap and an input
 * channel. A workgroup computes a tile of pixels × channels of one phase and group. Through its memory go, chunk by
 * chunk, the terms of its pixels (gathered: zero outside the image) and of its channels; an invocation multiplies a
 * tile of its own, `pixels` × 4 channels, in registers.
 *
 *     image terms [tile pixel][quad of terms]      filter terms [tile channel][quad of terms]   ('forward': terms
 *                                                                                        of a channel lie together)
 *                                                  or [term][quad of channels]           ('input gradient')
 *
 * The phase is one and the same across a workgroup, so no invocation waits for another's taps. Each output element is
 * written once, by one invocation.
 */
import { tapIntegers, tapsCode } from './taps';
import { each, type ProgramSource, QUOTIENT, WORKGROUP, range, readIf, shifted, within } from './program';

/** Of an invocation and a workgroup: `across` invocations by channels, `WORKGROUP / across` by pixels. */
export interface Tile {
  readonly across: number;
  /** Pixels of an invocation. */
  readonly pixels: number;
  /** Quads of terms of a chunk. */
  readonly quads: number;
}

export function tilePixels({ across, pixels }: Tile): number {
  return (WORKGROUP / across) * pixels;
}

export function tileChannels({ across }: Tile): number {
  return 4 * across;
}

/** What differs from program to program. */
export interface CorrelationKind {
  readonly tile: Tile;
  readonly order: 'forward' | 'input gradient';
  /** Taps of each phase of the output, or the same for all pixels. */
  readonly phased: boolean;
  /** Whether four terms of the image, four of the filter as it lies, four channels of the result lie together. */
  readonly image: 1 | 4;
  readonly filter: 1 | 4;
  readonly result: 1 | 4;
  /** Adds to what the result holds. */
  readonly adds: boolean;
}

export const INTEGERS = [
  // The grid of pixels of a phase.
  'batch',
  'rows',
  'cols',
  'phaseCols',
  'phases',
  // What is read.
  'imageHeight',
  'imageWidth',
  'imageChannels',
  'stepRows',
  'stepCols',
  'depth',
  'filterCols',
  'filterChannels',
  // What is written: pixel (r, c) of phase (a, b) at row outRow + a + r · outRowStep.
  'channels',
  'outHeight',
  'outWidth',
  'outChannels',
  'outRow',
  'outCol',
  'outRowStep',
  'outColStep',
];

export function correlationSource(kind: CorrelationKind): ProgramSource {
  const { tile, order, phased, image, filter, result, adds } = kind;
  const { across, pixels, quads } = tile;
  const filterQuads = order === 'forward' ? tileChannels(tile) * (quads + 1) : 4 * quads * across;
  return {
    key: `correlation ${[across, pixels, quads, order, phased, image, filter, result, adds].join(' ')}`,
    inputs: [
      { name: 'image', lanes: image },
      { name: 'weights', lanes: filter },
    ],
    outputLanes: result,
    // Tiles of a phase and group.
    integers: ['pixelTiles', 'channelTiles', ...INTEGERS, ...tapIntegers(phased)],
    code: () => `${QUOTIENT}${tapsCode(phased)}
const ROWS = ${tilePixels(tile)};
const CHANNELS = ${tileChannels(tile)};
const QUADS = ${quads};
/** One more, so that neighbours lie in other banks. */
const LINE = ${quads + 1};
var<workgroup> imageTerms: array<vec4<f32>, ${tilePixels(tile) * (quads + 1)}>;
var<workgroup> filterTerms: array<vec4<f32>, ${filterQuads}>;
var<workgroup> termsOfTile: i32;
${ADDRESSES}

fn main(index: i32) {
  let thread = i32(localIndex);
  let work = ${shifted('index', WORKGROUP)};
  let ofChannels = quotient(work, uniforms.channelTiles);
  let channelTile = work - ofChannels * uniforms.channelTiles;
  let ofPixels = quotient(ofChannels, uniforms.pixelTiles);
  let pixelTile = ofChannels - ofPixels * uniforms.pixelTiles;
  let group = quotient(ofPixels, uniforms.phases);
  let phase = ofPixels - group * uniforms.phases;
  let groups = uniforms.outChannels / uniforms.channels;
  let phaseRow = phase / uniforms.phaseCols;
  let phaseCol = phase - phaseRow * uniforms.phaseCols;
  let rowTaps = rowTapsOf(phaseRow);
  let colTaps = colTapsOf(phaseCol);
  let pixelCount = uniforms.batch * uniforms.rows * uniforms.cols;
  if (thread == 0) {
    termsOfTile = select(0, rowTaps.count * colTaps.count * uniforms.depth, group < groups);
  }
  let terms = workgroupUniformLoad(&termsOfTile);
  let quad = thread & (QUADS - 1);
  let lineOfTerms = ${shifted('thread', quads)};
  let ownPixels = ${shifted('thread', across)} * ${pixels};
  let ownQuad = thread & ${across - 1};
${each(pixelSlots(tile), (_, n) => decodePixel(`${n}`, `pixelTile * ROWS + lineOfTerms + ${(n * WORKGROUP) / quads}`))}
${each(range(pixels), (n) => `  var sum${n} = vec4<f32>(0.);`)}
  let firstChannel = channelTile * CHANNELS;
  let firstDepth = group * uniforms.depth;
  for (var first = 0; first < terms; first += 4 * QUADS) {
${loadImage(kind)}
${order === 'forward' ? loadFilterByTerms(kind) : loadFilterByChannels(kind)}
    workgroupBarrier();
    for (var k = 0; k < QUADS; k++) {
${multiply(kind)}
    }
    workgroupBarrier();
  }
  let channel = firstChannel + 4 * (ownQuad);
  if (channel < uniforms.channels && group < groups) {
${each(range(pixels), (n) => write(kind, n))}
  }
}`,
  };
}

/** Elements of the image and taps of the filter. */
const ADDRESSES = `
fn imageAt(image: i32, row: i32, col: i32) -> i32 {
  return ((image * uniforms.imageHeight + row) * uniforms.imageWidth + col) * uniforms.imageChannels;
}
fn tapAt(rows: Taps, row: i32, cols: Taps, col: i32) -> i32 {
  return (rows.tap + row * rows.tapStep) * uniforms.filterCols + cols.tap + col * cols.tapStep;
}`;

/** The pixels whose terms an invocation loads. */
function pixelSlots(tile: Tile): number[] {
  return range((tilePixels(tile) * tile.quads) / WORKGROUP);
}

/** Where pixel `at` reads without a tap; far outside if there is none. */
function decodePixel(n: string, at: string): string {
  return `  let pixel${n} = ${at};
  let image${n} = quotient(pixel${n}, uniforms.rows * uniforms.cols);
  let within${n} = pixel${n} - image${n} * uniforms.rows * uniforms.cols;
  let line${n} = quotient(within${n}, uniforms.cols);
  let row${n} = select(-0x10000000, line${n} * uniforms.stepRows + rowTaps.offset, pixel${n} < pixelCount);
  let col${n} = (within${n} - line${n} * uniforms.cols) * uniforms.stepCols + colTaps.offset;`;
}

/** `term` → tapRow, tapCol (counted within the phase), depth. */
function decodeTerm(term: string, suffix: string): string {
  return `let tap${suffix} = smallQuotient(${term}, uniforms.depth);
      let depth${suffix} = ${term} - tap${suffix} * uniforms.depth;
      let tapRow${suffix} = smallQuotient(tap${suffix}, max(colTaps.count, 1));
      let tapCol${suffix} = tap${suffix} - tapRow${suffix} * colTaps.count;`;
}

function loadImage({ tile, image }: CorrelationKind): string {
  const lane = (n: number, lane: number | undefined): string => {
    const suffix = lane === undefined ? '' : `${lane}`;
    const to = lane === undefined ? 'value' : `value.${'xyzw'[lane]}`;
    const term = lane === undefined ? 'term' : `term + ${lane}`;
    const element = `imageAt(image${n}, row, col) + firstDepth + depth${suffix}`;
    const at = lane === undefined ? `(${element}) >> 2u` : element;
    return `      {
        let row = row${n} + tapRow${suffix} * rowTaps.offsetStep;
        let col = col${n} + tapCol${suffix} * colTaps.offsetStep;
        let inside = (${term} < terms)
          & ${within('row', 'uniforms.imageHeight')} & ${within('col', 'uniforms.imageWidth')};
        ${to} = ${readIf('inside', 'image', at, lane === undefined ? 4 : 1)};
      }`;
  };
  const lanes = image === 4 ? [undefined] : [0, 1, 2, 3];
  return `    {
      let term = first + 4 * quad;
      ${each(lanes, (of) => (of === undefined ? decodeTerm('term', '') : decodeTerm(`(term + ${of})`, `${of}`)))}
${each(
  pixelSlots(tile),
  (_, n) => `      {
      var value: vec4<f32>;
${each(lanes, (of) => lane(n, of))}
      imageTerms[(lineOfTerms + ${(n * WORKGROUP) / tile.quads}) * LINE + quad] = value;
      }`,
)}
    }`;
}

/** A quad of terms of a channel: they lie together. */
function loadFilterByTerms({ tile, filter }: CorrelationKind): string {
  const items = tileChannels(tile) * tile.quads;
  const element = (suffix: string): string =>
    `(tapAt(rowTaps, tapRow${suffix}, colTaps, tapCol${suffix}) * uniforms.channels + channel) * uniforms.filterChannels
      + firstDepth + depth${suffix}`;
  return `    {
      let term = first + 4 * quad;
      ${filter === 4 ? decodeTerm('term', '') : each(range(4), (n) => decodeTerm(`(term + ${n})`, `${n}`))}
${each(
  range(Math.ceil(items / WORKGROUP)),
  (n) => `      {
        let item = lineOfTerms + ${(n * WORKGROUP) / tile.quads};
        let channel = firstChannel + item;
        var value: vec4<f32>;
        let counts = ${items < WORKGROUP ? '(item < CHANNELS) & ' : ''}(channel < uniforms.channels);
${
  filter === 4
    ? `        value = ${readIf('counts & (term < terms)', 'weights', `(${element('')}) >> 2u`, 4)};`
    : each(
        range(4),
        (k) =>
          `        value.${'xyzw'[k]} = ${readIf(`counts & (term + ${k} < terms)`, 'weights', element(`${k}`), 1)};`,
      )
}
        ${items < WORKGROUP ? 'if (item < CHANNELS) {' : '{'} filterTerms[item * LINE + quad] = value; }
      }`,
)}
    }`;
}

/** A quad of channels of a term: they lie together. */
function loadFilterByChannels({ tile, filter }: CorrelationKind): string {
  const items = 4 * tile.quads * tile.across;
  const element = `(tapAt(rowTaps, tapRow, colTaps, tapCol) * uniforms.depth + depth) * uniforms.filterChannels
      + group * uniforms.channels + channel`;
  const counts = (channel: string): string => `(term < terms) & (${channel} < uniforms.channels)`;
  return each(
    range(Math.ceil(items / WORKGROUP)),
    (n) => `    {
      let item = thread + ${n * WORKGROUP};
      let line = ${shifted('item', tile.across)};
      let channel = firstChannel + 4 * (item & ${tile.across - 1});
      let term = first + line;
      ${decodeTerm('term', '')}
      var value: vec4<f32>;
${
  filter === 4
    ? `      value = ${readIf(counts('channel'), 'weights', `(${element}) >> 2u`, 4)};`
    : each(
        range(4),
        (k) => `      value.${'xyzw'[k]} = ${readIf(counts(`channel + ${k}`), 'weights', `${element} + ${k}`, 1)};`,
      )
}
      ${items % WORKGROUP === 0 ? '{' : `if (item < ${items}) {`} filterTerms[item] = value; }
    }`,
  );
}

/** A quad of terms: each by 4 channels, onto all pixels. */
function multiply({ tile: { across, pixels }, order }: CorrelationKind): string {
  const load =
    order === 'forward'
      ? `${each(range(4), (c) => `      let of${c} = filterTerms[(4 * ownQuad + ${c}) * LINE + k];`)}
${each(
  range(4),
  (k) =>
    `      let by${k} = vec4<f32>(${range(4)
      .map((c) => `of${c}.${'xyzw'[k]}`)
      .join(', ')});`,
)}`
      : each(range(4), (k) => `      let by${k} = filterTerms[(4 * k + ${k}) * ${across} + ownQuad];`);
  return `${load}
${each(
  range(pixels),
  (n) => `      let a${n} = imageTerms[(ownPixels + ${n}) * LINE + k];
      sum${n} = sum${n} + a${n}.x * by0;
      sum${n} = sum${n} + a${n}.y * by1;
      sum${n} = sum${n} + a${n}.z * by2;
      sum${n} = sum${n} + a${n}.w * by3;`,
)}`;
}

function write({ result, adds }: CorrelationKind, n: number): string {
  const value = (at: string, of: string): string => (adds ? `result[${at}] + ${of}` : of);
  return `    {
      let pixel = pixelTile * ROWS + ownPixels + ${n};
      let image = quotient(pixel, uniforms.rows * uniforms.cols);
      let within = pixel - image * uniforms.rows * uniforms.cols;
      let line = quotient(within, uniforms.cols);
      let row = uniforms.outRow + phaseRow + line * uniforms.outRowStep;
      let col = uniforms.outCol + phaseCol + (within - line * uniforms.cols) * uniforms.outColStep;
      if ((pixel < pixelCount) & (row < uniforms.outHeight) & (col < uniforms.outWidth)) {
        let first = group * uniforms.channels + channel;
        let at = ((image * uniforms.outHeight + row) * uniforms.outWidth + col) * uniforms.outChannels + first;
        let value = finish(sum${n}, first);
${
  result === 4
    ? `        result[at >> 2u] = ${value('at >> 2u', 'value')};`
    : each(
        range(4),
        (k) => `        if (channel + ${k} < uniforms.channels) {
          result[at + ${k}] = ${value(`at + ${k}`, `value.${'xyzw'[k]}`)};
        }`,
      )
}
      }
    }`;
}
