// SPDX-License-Identifier: Apache-2.0
/**
 * The correlations of all phases at once, for GPUs that a CPU simulates (./lane_correlation): where their outputs are
 * few, and the taps of each phase read the same pixels, an invocation sums all phases of its pixels up, and reads what
 * they have in common once. Columns of its tile are phases × channels.
 *
 *     stride 2, kernel 2, one channel: 4 columns, which are the cells of a 2 × 2 block of the output
 */
import type { Taps } from '../../../src/geometry/taps';
import { ADDRESSES } from './correlation_terms';
import { CORRELATION_INTEGERS, type CorrelationKind } from './correlation_kind';
import { writeCell } from './lane_cells';
import { LANES } from './lanes';
import { NEXT, placesOfPixels, placesOfTap } from './lane_places';
import { type ProgramSource, QUOTIENT, each, range, takenApart } from './program';
import { tapIntegers, tapsCode } from './taps';

/** Columns of a tile at most. */
const MOST_COLUMNS = 16;
/** Pixels of a tile. */
export const PIXELS_OF_PHASES = 16;

export interface PhasesKind extends Pick<CorrelationKind, 'result'> {
  readonly phaseRows: number;
  readonly phaseCols: number;
  /** Of a group. */
  readonly channels: number;
}

/** Whether phases with these taps, of an axis each, and so many channels are summed up at once. */
export function isForPhases(rows: readonly Taps[], cols: readonly Taps[], channels: number): boolean {
  const readTheSame = (phases: readonly Taps[]): boolean =>
    phases.every(({ count, offset, offsetStep }) => {
      const [first] = phases;
      return count > 0 && count === first.count && offset === first.offset && offsetStep === first.offsetStep;
    });
  const phases = rows.length * cols.length;
  return phases > 1 && phases * channels <= MOST_COLUMNS && readTheSame(rows) && readTheSame(cols);
}

/** The first taps of phases, in uniforms. */
const rowTap = (phase: number): string => `rowTap${phase}`;
const colTap = (phase: number): string => `colTap${phase}`;

export function phaseUniforms(rows: readonly Taps[], cols: readonly Taps[]): Record<string, number> {
  return Object.fromEntries([
    ...rows.map(({ tap }, phase) => [rowTap(phase), tap] as const),
    ...cols.map(({ tap }, phase) => [colTap(phase), tap] as const),
  ]);
}

export function lanePhasesSource(kind: PhasesKind): ProgramSource {
  const { phaseRows, phaseCols, channels, result } = kind;
  const pixels = range(PIXELS_OF_PHASES);
  const columns = range(phaseRows * phaseCols * channels);
  return {
    key: `lane phases ${[phaseRows, phaseCols, channels].join(' ')}`,
    invocations: LANES,
    inputs: [
      { name: 'image', lanes: 4 },
      { name: 'weights', lanes: 4 },
    ],
    outputLanes: result,
    integers: [
      'pixelTiles',
      ...CORRELATION_INTEGERS,
      ...tapIntegers(false),
      ...range(phaseRows).map(rowTap),
      ...range(phaseCols).map(colTap),
    ],
    code: () => `${QUOTIENT}${tapsCode(false)}
${ADDRESSES}${NEXT}
fn main(index: i32) {
${takenApart('index', [['pixelTile', 'uniforms.pixelTiles']], 'group')}
  if (group >= uniforms.outChannels / ${channels}) { return; }
  let rowTaps = rowTapsOf(0);
  let colTaps = colTapsOf(0);
  let pixelCount = uniforms.batch * uniforms.rows * uniforms.cols;
  let firstPixel = pixelTile * ${PIXELS_OF_PHASES};
  let firstDepth = group * uniforms.depth;
${placesOfPixels(PIXELS_OF_PHASES)}
${each(pixels, (n) => each(columns, (c) => `  var sum${n}_${c} = 0.;`))}
  for (var tapRow = 0; tapRow < rowTaps.count; tapRow++) {
    for (var tapCol = 0; tapCol < colTaps.count; tapCol++) {
${placesOfTap(PIXELS_OF_PHASES)}
${each(columns, (c) => columnOfFilter(kind, c))}
      for (var d = 0; d < (uniforms.depth >> 2u); d++) {
${each(columns, (c) => `        let of${c} = weights[filterAt${c} + d];`)}
${each(
  pixels,
  (n) => `        {
          let value = select(vec4<f32>(0.), image[imageAt${n} + d], inside${n});
${each(columns, (c) => `          sum${n}_${c} += dot(value, of${c});`)}
        }`,
)}
      }
    }
  }
  var sums: array<f32, ${pixels.length * columns.length}>;
${each(pixels, (n) => each(columns, (c) => `  sums[${n * columns.length + c}] = sum${n}_${c};`))}
  let ofAll = group * ${channels};
  var pixel = place0;
  for (var n = 0; n < min(${PIXELS_OF_PHASES}, pixelCount - firstPixel); n++) {
${each(
  range(phaseRows * phaseCols),
  (phase) => `    {
      let place = pixel.z;
      let row = uniforms.outRow + ${Math.floor(phase / phaseCols)} + pixel.y * uniforms.outRowStep;
      let col = uniforms.outCol + ${phase % phaseCols} + pixel.x * uniforms.outColStep;
${writeCell(channels, result, (channel) => `sums[${columns.length} * n + ${phase * channels + channel}]`)}
    }`,
)}
    pixel = next(pixel);
  }
}`,
  };
}

/** Where a column lies in the filter. */
function columnOfFilter({ phaseCols, channels }: PhasesKind, column: number): string {
  const [phase, channel] = [Math.floor(column / channels), column % channels];
  const row = `uniforms.${rowTap(Math.floor(phase / phaseCols))} + tapRow * rowTaps.tapStep`;
  const col = `uniforms.${colTap(phase % phaseCols)} + tapCol * colTaps.tapStep`;
  return `      let filterAt${column} = ((((${row}) * uniforms.filterCols + ${col}) * ${channels} + ${channel})
        * uniforms.filterChannels + firstDepth) >> 2u;`;
}
