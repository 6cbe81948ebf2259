// SPDX-License-Identifier: Apache-2.0
/**
 * The dense correlation of ./correlation, for GPUs that a CPU simulates. There an invocation is a lane of a SIMD
 * register, and whatever it reads, from any memory, is read lane by lane: it costs as much as ten multiply-adds. A
 * workgroup that shares what it reads gains nothing by it, and waits at barriers. So an invocation has a large tile of
 * its own, pixels × channels, and reads both operands from where they are: pixels + channels reads for pixels ×
 * channels multiply-adds.
 *
 * Pixels and channels beyond the last compute what is never written; they read in place of the last.
 */
import { ADDRESSES, decodeTerms, filterByChannels, filterByTerms, imageTerms } from './correlation_terms';
import type { CorrelationKind } from './correlation_kind';
import { writePixel } from './correlation_result';
import { PHASE_OF_WORK, takenByTiles } from './correlation_work';
import { LANES, type LaneTile } from './lanes';
import { NEXT, placesOfPixels, placesOfTap } from './lane_places';
import { firstRead, forRow, laneWork, nameOf, placeOfSum, readBy, readByOther } from './lane_quads';
import { type Lanes, type ProgramSource, QUOTIENT, each, range } from './program';
import { tapsCode } from './taps';

export interface LaneKind extends Omit<CorrelationKind, 'tile'> {
  /** Rows are pixels that follow each other, columns channels: a multiple of four. */
  readonly tile: LaneTile;
  /** Whether sums run tap by tap, as those of quads do; else through all terms, of which a tap may have one. */
  readonly byTap: boolean;
}

/** What the index of an invocation counts. */
const WORK = [
  ['pixelTile', 'uniforms.pixelTiles'],
  ['channelTile', 'uniforms.channelTiles'],
  ['phase', 'uniforms.phases'],
] as const;

export function laneCorrelationSource(kind: LaneKind): ProgramSource {
  const { tile, order, phased, image, filter, result, adds, byTap } = kind;
  const { rows: pixels, cols: channels } = tile;
  const quads = channels / 4;
  const name = nameOf(tile, 'correlation');
  return {
    key: `${name} ${[pixels, channels, order, phased, image, filter, result, adds, byTap].join(' ')}`,
    invocations: LANES,
    subgroups: tile.quad,
    ...takenByTiles(kind),
    code: () => `${QUOTIENT}${tapsCode(phased)}
${ADDRESSES}${NEXT}
fn main(index: i32) {
${laneWork(tile, WORK, 'group')}
${PHASE_OF_WORK}
  if (group >= groups) { return; }
  let firstPixel = ${firstRead(tile, 'row', `pixelTile * ${pixels}`)};
  let firstChannel = ${firstRead(tile, 'col', `channelTile * ${channels}`)};
  let firstDepth = group * uniforms.depth;
${placesOfPixels(readBy(tile, pixels))}
${each(range(pixels * quads), (n) => `  var sum${n} = vec4<f32>(0.);`)}
${byTap ? tapByTap(kind) : termByTerm(kind)}
  var sums: array<vec4<f32>, ${pixels * quads}>;
${each(range(pixels * quads), (n) => `  sums[${n}] = sum${n};`)}
  let channel = channelTile * ${channels};
  for (var n = 0; n < ${pixels}; n++) {
${writePixel(
  kind,
  `pixelTile * ${pixels} + n`,
  range(quads).map((c) => `sums[${quads} * ${placeOfSum(tile, 'row', 'n')} + ${placeOfSum(tile, 'col', `${c}`)}]`),
)}
  }
}`,
  };
}

/** Four terms of a tap at a time; where these don't lie together, the last four may be filled up with zeros. */
function tapByTap(kind: LaneKind): string {
  const { tile, order, image, filter } = kind;
  const { rows: pixels, cols: channels } = tile;
  const forward = order === 'forward';
  const [pixelsRead, channelsRead] = [readBy(tile, pixels), readBy(tile, channels)];
  const quadOf = (at: string, lanes: Lanes): string => (lanes === 4 ? `(${at}) >> 2u` : at);
  const filterAt = (n: number): string =>
    forward
      ? `(tap * uniforms.channels + min(firstChannel + ${n}, uniforms.channels - 1)) * uniforms.filterChannels
        + firstDepth`
      : `tap * uniforms.depth * uniforms.filterChannels + group * uniforms.channels
        + min(firstChannel + ${n}, uniforms.channels - ${filter})`;
  // Terms beyond the last are zeros of both operands: an infinite weight by a zero is NaN.
  const ofFilter = (n: number): string => {
    if (forward) {
      if (filter === 4) return `weights[filterAt${n} + d]`;
      return `select(vec4<f32>(0.), ${fourOf('weights', (k) => `filterAt${n} + term${k}`)}, counts)`;
    }
    const [first, k] = [n - (n % 4), n % 4];
    const four =
      filter === 4
        ? `weights[filterAt${first} + line${k}]`
        : fourOf('weights', (lane) => `filterAt${first + lane} + line${k}`);
    return image === 4 ? four : `select(vec4<f32>(0.), ${four}, counts.${'xyzw'[k]})`;
  };
  const ofImage = (n: number): string =>
    image === 4
      ? `select(vec4<f32>(0.), image[imageAt${n} + d], inside${n})`
      : `select(vec4<f32>(0.), ${fourOf('image', (k) => `imageAt${n} + term${k}`)}, counts & vec4<bool>(inside${n}))`;
  const filterLine = `uniforms.filterChannels${filter === 4 ? ' >> 2u' : ''}`;
  const term = (k: number): string => (image === 4 ? `4 * d + ${k}` : `min(4 * d + ${k}, uniforms.depth - 1)`);
  return `  for (var tapRow = 0; tapRow < rowTaps.count; tapRow++) {
    for (var tapCol = 0; tapCol < colTaps.count; tapCol++) {
      let tap = tapAt(rowTaps, tapRow, colTaps, tapCol);
${placesOfTap(pixelsRead, image)}
${each(
  range(forward || filter === 1 ? channelsRead : channelsRead / 4).map((n) => (forward || filter === 1 ? n : 4 * n)),
  (n) => `      let filterAt${n} = ${quadOf(filterAt(n), filter)};`,
)}
      for (var d = 0; d < ((uniforms.depth + 3) >> 2u); d++) {
${image === 4 ? '' : `        let counts = vec4<i32>(4 * d) + vec4<i32>(0, 1, 2, 3) < vec4<i32>(uniforms.depth);`}
${each(
  range(4),
  (k) => `        let term${k} = ${term(k)};
        let line${k} = term${k} * (${filterLine});`,
)}
${each(range(channelsRead), (n) => `        let of${n} = ${ofFilter(n)};`)}
${readByOther(tile, 'col', 'of', channels)}
${each(
  range(pixelsRead),
  (n) => `        {
          let value = ${ofImage(n)};
${forRow(tile, n, (row) => multiply(kind, row))}
        }`,
)}
      }
    }
  }`;
}

/** Four elements of a buffer that don't lie together. */
function fourOf(buffer: string, at: (k: number) => string): string {
  return `vec4<f32>(${range(4)
    .map((k) => `${buffer}[${at(k)}]`)
    .join(', ')})`;
}

/** Four terms at a time, counted through all taps. */
function termByTerm(kind: LaneKind): string {
  const { tile, order, image, filter } = kind;
  const { rows: pixels, cols: channels } = tile;
  const load = (n: number): string =>
    order === 'forward'
      ? `      let channel = firstChannel + ${n};
      let term = first;
      let counts = channel < uniforms.channels;
      ${decodeTerms(filter)}
${filterByTerms(filter)}`
      : `      let channel = firstChannel + ${n - (n % 4)};
      let term = first + ${n % 4};
      let counts = term < terms;
${filterByChannels(filter)}`;
  return `  let terms = rowTaps.count * colTaps.count * uniforms.depth;
  for (var first = 0; first < terms; first += 4) {
${each(
  range(channels),
  (n) => `    var of${n}: vec4<f32>;
    {
${load(n)}
      of${n} = value;
    }`,
)}
    let term = first;
    ${decodeTerms(image)}
${each(
  range(pixels),
  (n) => `    {
${imageTerms(n, image)}
${multiply(kind, n)}
    }`,
)}
  }`;
}

/** Four terms of pixel n, `value`, by all channels: of0, of1 … are terms of a channel each, or channels of a term. */
function multiply({ tile: { cols: channels }, order }: LaneKind, n: number): string {
  const quads = channels / 4;
  const product = (c: number): string =>
    order === 'forward'
      ? `vec4<f32>(${range(4)
          .map((k) => `dot(value, of${4 * c + k})`)
          .join(', ')})`
      : range(4)
          .map((k) => `value.${'xyzw'[k]} * of${4 * c + k}`)
          .join(' + ');
  return each(range(quads), (c) => `          sum${n * quads + c} += ${product(c)};`);
}
