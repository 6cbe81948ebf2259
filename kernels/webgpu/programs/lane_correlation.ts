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
import { type ProgramSource, QUOTIENT, each, range, takenApart, within } from './program';
import { tapsCode } from './taps';

export interface LaneKind extends Omit<CorrelationKind, 'tile'> {
  /** Rows are pixels that follow each other, columns channels: a multiple of four. */
  readonly tile: LaneTile;
}

/** What the index of an invocation counts. */
const WORK = [
  ['pixelTile', 'uniforms.pixelTiles'],
  ['channelTile', 'uniforms.channelTiles'],
  ['phase', 'uniforms.phases'],
] as const;

export function laneCorrelationSource(kind: LaneKind): ProgramSource {
  const { tile, order, phased, image, filter, result, adds } = kind;
  const { rows: pixels, cols: channels } = tile;
  const quads = channels / 4;
  return {
    key: `lane correlation ${[pixels, channels, order, phased, image, filter, result, adds].join(' ')}`,
    invocations: LANES,
    ...takenByTiles(kind),
    code: () => `${QUOTIENT}${tapsCode(phased)}
${ADDRESSES}
fn next(place: vec3<i32>) -> vec3<i32> {
  let right = place + vec3<i32>(1, 0, 0);
  let below = select(right, vec3<i32>(0, place.y + 1, place.z), right.x == uniforms.cols);
  return select(below, vec3<i32>(0, 0, place.z + 1), below.y == uniforms.rows);
}

fn main(index: i32) {
${takenApart('index', WORK, 'group')}
${PHASE_OF_WORK}
  if (group >= groups) { return; }
  let firstPixel = pixelTile * ${pixels};
  let firstChannel = channelTile * ${channels};
  let firstDepth = group * uniforms.depth;
${placesOfPixels(pixels)}
${each(range(pixels * quads), (n) => `  var sum${n} = vec4<f32>(0.);`)}
${image === 4 && filter === 4 ? tapByTap(kind) : termByTerm(kind)}
  var sums: array<vec4<f32>, ${pixels * quads}>;
${each(range(pixels * quads), (n) => `  sums[${n}] = sum${n};`)}
  let channel = firstChannel;
  for (var n = 0; n < ${pixels}; n++) {
${writePixel(
  kind,
  'firstPixel + n',
  range(quads).map((c) => `sums[${quads} * n + ${c}]`),
)}
  }
}`,
  };
}

/** Where pixel n reads without a tap: `row<n>`, `col<n>` of image `image<n>`. */
function placesOfPixels(pixels: number): string {
  return each(range(pixels), (n) => {
    const [place, before] = [`place${n}`, `place${n - 1}`];
    const first = `vec3<i32>(firstPixel - line * uniforms.cols, line - above * uniforms.rows, above)`;
    const begin =
      n === 0
        ? `  let line = quotient(firstPixel, uniforms.cols);
  let above = quotient(line, uniforms.rows);
  let ${place} = ${first};`
        : `  let ${place} = select(${before}, next(${before}), firstPixel + ${n} < pixelCount);`;
    return `${begin}
  let row${n} = ${place}.y * uniforms.stepRows + rowTaps.offset;
  let col${n} = ${place}.x * uniforms.stepCols + colTaps.offset;
  let image${n} = ${place}.z;`;
  });
}

/** Four terms of a tap at a time, which lie together in both operands. */
function tapByTap(kind: LaneKind): string {
  const { tile, order } = kind;
  const { rows: pixels, cols: channels } = tile;
  const forward = order === 'forward';
  const line = (k: number): string => (forward ? 'd' : `(4 * d + ${k}) * (uniforms.filterChannels >> 2u)`);
  const filterAt = (n: number): string =>
    forward
      ? `(tap * uniforms.channels + min(firstChannel + ${n}, uniforms.channels - 1)) * uniforms.filterChannels
        + firstDepth`
      : `tap * uniforms.depth * uniforms.filterChannels + group * uniforms.channels
        + min(firstChannel + ${4 * n}, uniforms.channels - 4)`;
  return `  for (var tapRow = 0; tapRow < rowTaps.count; tapRow++) {
    for (var tapCol = 0; tapCol < colTaps.count; tapCol++) {
      let tap = tapAt(rowTaps, tapRow, colTaps, tapCol);
      let rowMove = tapRow * rowTaps.offsetStep;
      let colMove = tapCol * colTaps.offsetStep;
${each(
  range(pixels),
  (n) => `      let inside${n} = ${within(`(row${n} + rowMove)`, 'uniforms.imageHeight')}
        & ${within(`(col${n} + colMove)`, 'uniforms.imageWidth')};
      let pixelAt${n} = imageAt(image${n}, row${n} + rowMove, col${n} + colMove);
      let imageAt${n} = select(0, (pixelAt${n} + firstDepth) >> 2u, inside${n});`,
)}
${each(range(forward ? channels : channels / 4), (n) => `      let filterAt${n} = (${filterAt(n)}) >> 2u;`)}
      for (var d = 0; d < (uniforms.depth >> 2u); d++) {
${each(range(4), (k) => `        let line${k} = ${line(k)};`)}
${each(range(channels), (n) => `        let of${n} = weights[filterAt${forward ? n : n >> 2} + line${n % 4}];`)}
${each(
  range(pixels),
  (n) => `        {
          let value = select(vec4<f32>(0.), image[imageAt${n} + d], inside${n});
${multiply(kind, n)}
        }`,
)}
      }
    }
  }`;
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
