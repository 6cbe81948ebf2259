// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to x, ∂Φ/∂x: a strided, dilated convolution of dy with the filter. The input pixels are cut
 * into runs with the same taps inside the output; in each run dx[p] = Σ over taps and channels c of dy[p, tap, c] ·
 * filter[tap, c].
 *
 * Where the taps of a row are neighbours (no dilation, no groups), their channels follow one another in dy as well as
 * in the filter: one tap of greater depth. With few output channels that is worth a product for every run of columns.
 */
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { type Run as AxisRun, inputRuns } from '../../src/geometry/phases';
import type { Plan, Run, Step } from '../engine/engine';
import { type Group, type Tap, filterTap, groupsOf, imageOfX, outputImage, pixels, planOf, tapNumber } from './layout';
import { type Spread, gatherX, spreadFilter, spreadOf } from './spread';

/** Output channels below which the taps of a row are joined. */
const FEW_CHANNELS = 8;

export function backpropInput(g: Conv2DTransposeGeometry): Plan {
  const joins = g.groups === 1 && g.dilationWidth === 1 && g.outChannels < FEW_CHANNELS;
  const cols = inputRuns(widthAxis(g)).filter(({ taps }) => taps.length > 0); // Others reach no output.
  const [tapRows, tapCols] = [g.filterHeight, g.filterWidth].map(upTo);
  const spread = spreadOf(g);
  const steps = groupsOf(g, spread).flatMap((group) =>
    joins
      ? cols.map((run) => sumsOf(g, group, [run], { tapRows, tapCols: run.taps.slice(0, 1), joined: run.taps.length }))
      : [sumsOf(g, group, cols, { tapRows, tapCols, joined: 1 })],
  );
  if (spread?.image) {
    steps.unshift({ kind: 'clearScratch', floats: spread.floats }, ...spreadFilter(g));
    steps.push(...gatherX(g, spread));
  }
  return planOf('input gradient', g, steps, { scratch: spread?.image && spread.floats });
}

/** What comes through some of the taps. */
export function inputSums(
  g: Conv2DTransposeGeometry,
  group: Group,
  tapRows: readonly number[],
  tapCols: readonly number[],
): Step {
  return sumsOf(g, group, inputRuns(widthAxis(g)), { tapRows, tapCols, joined: 1 });
}

/** Taps of so many rows and columns, each of which stands for `joined` taps. */
interface TapsOf {
  readonly tapRows: readonly number[];
  readonly tapCols: readonly number[];
  readonly joined: number;
}

/** Some columns of dx get what comes through some taps. */
function sumsOf(
  g: Conv2DTransposeGeometry,
  group: Group,
  colRuns: readonly AxisRun<number>[],
  { tapRows, tapCols, joined }: TapsOf,
): Step {
  const rowRuns = inputRuns(heightAxis(g)).filter(({ taps }) => taps.length > 0);
  const runs = rowRuns.flatMap((rows) =>
    colRuns.map((cols): Run => ({
      grid: { batch: g.batch, rows: rows.count, cols: cols.count },
      a: pixels('first', outputImage(g), {
        row: rows.first * g.strideHeight - g.padTop,
        col: cols.first * g.strideWidth - g.padLeft,
        rowStep: g.strideHeight,
        colStep: g.strideWidth,
        channel: group.outChannel,
      }),
      taps: tapRows
        .filter((tapRow) => rows.taps.includes(tapRow))
        .flatMap((tapRow) =>
          tapCols
            .filter((tapCol) => cols.taps.includes(tapCol))
            .map((tapCol) => ({
              tap: tapRows.indexOf(tapRow) * tapCols.length + tapCols.indexOf(tapCol),
              offset: (tapRow * g.dilationHeight * g.outWidth + tapCol * g.dilationWidth) * g.outChannels,
            })),
        ),
      out: imageOfX('out', g, group, { row: rows.first, col: cols.first }),
    })),
  );
  const taps = tapRows.flatMap((tapRow) => tapCols.map((tapCol) => ({ tapRow, tapCol })));
  const { inDepth: channels, spread } = group;
  if (spread?.image) return inPlanes(g, spread, taps, runs);
  const [first, depth] = [taps.map((tap) => filterTap(g, tap, group)), joined * group.outDepth];
  const product = { taps: first, runs };
  if (group.isChannelwise) return { ...product, kind: 'channelProducts', filter: 'second', channels: g.inChannels };
  const matrices = { ...product, filterRow: g.inChannels, depth, channels };
  if (spread) return { ...matrices, kind: 'groupProducts', filter: 'second', groups: group.count };
  return { ...matrices, kind: 'broadcastProducts' };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** Each channel of dy meets one of the spread x in every plane. */
function inPlanes(g: Conv2DTransposeGeometry, spread: Spread, taps: readonly Tap[], runs: readonly Run[]): Step {
  const channels = g.outChannels;
  const planes = Array.from({ length: spread.planes }, (_, plane) => plane);
  return {
    kind: 'channelProducts',
    filter: 'scratch',
    taps: planes.flatMap((plane) => taps.map((tap) => tapNumber(g, tap) * spread.channels + plane * channels)),
    channels,
    runs: planes.flatMap((plane) =>
      runs.map((run) => ({
        ...run,
        taps: run.taps.map(({ tap, offset }) => ({ tap: tap + plane * taps.length, offset })),
        out: { ...run.out, first: run.out.first + plane * channels },
      })),
    ),
  };
}
