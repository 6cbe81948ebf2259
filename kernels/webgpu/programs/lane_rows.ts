// SPDX-License-Identifier: Apache-2.0
/**
 * The correlations of all phases of a row of the output at once, to few channels, for GPUs that a CPU simulates
 * (./lane_correlation). The pixels of an invocation follow each other in a row, and what its taps read overlaps: each
 * element is read once for all taps of a row of the filter and all phases. These taps are part of the code.
 *
 *     stride 2, kernel 4, pixels 0 … 3: phase 0 reads columns −1 … 3 by taps 3 and 1, phase 1 reads 0 … 4 by 2 and 0:
 *     6 elements for 16 products
 */
import type { Taps } from '../../../src/geometry/taps';
import { ADDRESSES } from './correlation_terms';
import { CORRELATION_INTEGERS, type CorrelationKind } from './correlation_kind';
import { writeCell } from './lane_cells';
import { LANES } from './lanes';
import { type ProgramSource, QUOTIENT, each, range, takenApart, within } from './program';
import { tapIntegers, tapsCode } from './taps';

export interface RowsKind extends Pick<CorrelationKind, 'result'> {
  readonly pixels: number;
  /** Of a group. */
  readonly channels: number;
  /** Of each phase of the columns. */
  readonly cols: readonly Taps[];
}

/** A tap of a phase of the columns, and how far from the leftmost it reads. */
interface ColTap {
  readonly phase: number;
  readonly tap: number;
  readonly move: number;
}

/** All of them, and where the leftmost reads. */
export function colTapsOf(cols: readonly Taps[]): { readonly taps: readonly ColTap[]; readonly leftmost: number } {
  const read = cols.flatMap(({ count, offset, offsetStep, tap, tapStep }, phase) =>
    range(count).map((n) => ({ phase, tap: tap + n * tapStep, move: offset + n * offsetStep })),
  );
  const leftmost = Math.min(...read.map(({ move }) => move));
  return { taps: read.map((one) => ({ ...one, move: one.move - leftmost })), leftmost };
}

/** What the index of an invocation counts. */
const WORK = [
  ['colTile', 'uniforms.colTiles'],
  ['line', '(uniforms.batch * uniforms.rows)'],
  ['phaseRow', 'uniforms.phaseRows'],
] as const;

export function laneRowsSource(kind: RowsKind): ProgramSource {
  const { pixels, channels, cols, result } = kind;
  const { taps, leftmost } = colTapsOf(cols);
  const slots = range(pixels + Math.max(...taps.map(({ move }) => move)));
  const columns = cols.length * channels;
  const sumOf = (pixel: number, phase: number, channel: number): string => `sum${pixel}_${phase * channels + channel}`;
  /** Each tap and channel: a name for it. */
  const weights = taps.flatMap((tap, n) =>
    range(channels).map((channel) => ({ ...tap, channel, name: `${n}_${channel}` })),
  );
  return {
    key: `lane rows ${[pixels, channels, leftmost, cols.length].join(' ')} ${taps
      .map(({ phase, tap, move }) => [phase, tap, move].join('.'))
      .join(' ')}`,
    invocations: LANES,
    inputs: [
      { name: 'image', lanes: 4 },
      { name: 'weights', lanes: 4 },
    ],
    outputLanes: result,
    integers: ['colTiles', 'phaseRows', ...CORRELATION_INTEGERS, ...tapIntegers(true)],
    code: () => `${QUOTIENT}${tapsCode(true)}
${ADDRESSES}
fn main(index: i32) {
${takenApart('index', WORK, 'group')}
  if (group >= uniforms.outChannels / ${channels}) { return; }
  let rowTaps = rowTapsOf(phaseRow);
  let place = quotient(line, uniforms.rows);
  let r = line - place * uniforms.rows;
  let firstCol = colTile * ${pixels};
  let firstDepth = group * uniforms.depth;
${each(range(pixels * columns), (n) => `  var sum${Math.floor(n / columns)}_${n % columns} = 0.;`)}
  for (var tapRow = 0; tapRow < rowTaps.count; tapRow++) {
    let rowRead = r + rowTaps.offset + tapRow * rowTaps.offsetStep;
    let rowInside = ${within('rowRead', 'uniforms.imageHeight')};
    let lineAt = imageAt(place, rowRead, firstCol + ${leftmost}) + firstDepth;
${each(
  slots,
  (m) => `    let inside${m} = rowInside & ${within(`(firstCol + ${leftmost + m})`, 'uniforms.imageWidth')};
    let imageAt${m} = select(0, (lineAt + ${m} * uniforms.imageChannels) >> 2u, inside${m});`,
)}
    let tapLine = (rowTaps.tap + tapRow * rowTaps.tapStep) * uniforms.filterCols;
${each(
  weights,
  ({ tap, channel, name }) =>
    `    let filterAt${name} = (((tapLine + ${tap}) * ${channels} + ${channel})
      * uniforms.filterChannels + firstDepth) >> 2u;`,
)}
    for (var d = 0; d < (uniforms.depth >> 2u); d++) {
${each(weights, ({ name }) => `      let of${name} = weights[filterAt${name} + d];`)}
${each(
  slots,
  (m) => `      {
        let value = select(vec4<f32>(0.), image[imageAt${m} + d], inside${m});
${each(
  weights.filter(({ move }) => m >= move && m - move < pixels),
  ({ phase, channel, move, name }) => `        ${sumOf(m - move, phase, channel)} += dot(value, of${name});`,
)}
      }`,
)}
    }
  }
  var sums: array<f32, ${pixels * columns}>;
${each(range(pixels * columns), (n) => `  sums[${n}] = sum${Math.floor(n / columns)}_${n % columns};`)}
  let ofAll = group * ${channels};
  let row = uniforms.outRow + phaseRow + r * uniforms.outRowStep;
  for (var n = 0; n < min(${pixels}, uniforms.cols - firstCol); n++) {
${each(
  range(cols.length),
  (phase) => `    {
      let col = uniforms.outCol + ${phase} + (firstCol + n) * uniforms.outColStep;
${writeCell(channels, result, (channel) => `sums[${columns} * n + ${phase * channels + channel}]`)}
    }`,
)}
  }
}`,
  };
}
