// SPDX-License-Identifier: Apache-2.0
/** Plans of forward passes to few channels where a CPU simulates the GPU (programs/lane_phases, programs/lane_rows). */
import { heightAxis, widthAxis } from '../../src/geometry/geometry';
import { type Taps, tapsOfPhases } from '../../src/geometry/taps';
import type { Correlation, CorrelationRequest } from './correlate';
import { PIXELS_OF_PHASES, isForPhases, lanePhasesSource, phaseUniforms } from './programs/lane_phases';
import { colTapsOf, laneRowsSource } from './programs/lane_rows';
import { LANES } from './programs/lanes';
import { lanesOf } from './programs/program';
import { tapUniforms } from './programs/taps';
import { runOf } from './programs/tile';

/** Taps of a row of the filter × channels that are part of a program at most, and how far apart they read. */
const MOST_OF_LINE = 16;
const FARTHEST = 8;
/** Pixels of a tile that lie in a row. */
const IN_A_ROW = [16, 8] as const;

/** A plan that reads what phases have in common once; `undefined` where none of these programs fits. */
export function toFewChannels(
  request: CorrelationRequest,
  integers: Readonly<Record<string, number>>,
): Correlation | undefined {
  const { depth, taps, channels } = request;
  if (!('phasesOf' in taps) || depth % 4 !== 0) return undefined;
  const [rows, cols] = [tapsOfPhases(heightAxis(taps.phasesOf)), tapsOfPhases(widthAxis(taps.phasesOf))];
  return isForPhases(rows, cols, channels)
    ? allPhases(request, integers, rows, cols)
    : rowByRow(request, integers, rows.length, cols);
}

function allPhases(
  { batch, groups, channels, rows: height, cols: width }: CorrelationRequest,
  integers: Readonly<Record<string, number>>,
  rows: readonly Taps[],
  cols: readonly Taps[],
): Correlation {
  const pixelTiles = Math.ceil((batch * height * width) / PIXELS_OF_PHASES);
  return {
    source: lanePhasesSource({ phaseRows: rows.length, phaseCols: cols.length, channels, result: lanesOf(channels) }),
    workgroups: Math.ceil((pixelTiles * groups) / LANES),
    uniforms: {
      ...integers,
      ...tapUniforms({ rows: rows[0], cols: cols[0] }),
      ...phaseUniforms(rows, cols),
      pixelTiles,
    },
  };
}

function rowByRow(
  { batch, groups, channels, rows, cols: width }: CorrelationRequest,
  integers: Readonly<Record<string, number>>,
  phaseRows: number,
  cols: readonly Taps[],
): Correlation | undefined {
  const { taps } = colTapsOf(cols);
  const isFew = channels < 4 && taps.length > 0 && taps.length * channels <= MOST_OF_LINE;
  if (!isFew || Math.max(...taps.map(({ move }) => move)) > FARTHEST) return undefined;
  const pixels = runOf(IN_A_ROW, width);
  if (pixels === undefined) return undefined;
  const colTiles = Math.ceil(width / pixels);
  return {
    source: laneRowsSource({ pixels, channels, cols, result: lanesOf(channels) }),
    workgroups: Math.ceil((colTiles * batch * rows * phaseRows * groups) / LANES),
    uniforms: { ...integers, colTiles, phaseRows },
  };
}
