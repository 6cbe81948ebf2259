// SPDX-License-Identifier: Apache-2.0
/**
 * Sub-pixel: the output pixels of one phase all meet the same taps, so each phase is a dense correlation of stride 1,
 * written interleaved. Phases and their taps: src/geometry/phases. Where taps fall outside the input the phase is cut
 * into runs, so that exactly the multiplications of the definition are made, and no pixel is written twice. No scratch,
 * except where small groups are computed at once (./spread).
 */
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { type PhaseRun, phaseRuns } from '../../src/geometry/phases';
import type { Plan, Run, Step } from '../engine/engine';
import { type Group, forwardProduct, groupsOf, outputImage, pixels, imageOfX, planOf } from './layout';
import { spreadFilter, spreadOf, spreadX } from './spread';

export function subpixel(g: Conv2DTransposeGeometry): Plan {
  const rowPhases = byPhase(phaseRuns(heightAxis(g)));
  const colPhases = byPhase(phaseRuns(widthAxis(g)));
  const spread = spreadOf(g);
  const steps = groupsOf(g, spread).flatMap((group) =>
    rowPhases.flatMap((rowRuns) => colPhases.map((colRuns) => onePhase(g, group, rowRuns, colRuns))),
  );
  if (spread) steps.unshift(...spreadFilter(g), ...(spread.image ? spreadX(g, spread) : []));
  return planOf('forward', g, steps, { scratch: spread?.floats, areApart: !spread });
}

/** Groups runs by the phase they belong to, and drops those that meet no tap: their pixels stay 0. */
function byPhase(runs: readonly PhaseRun[]): PhaseRun[][] {
  const phases = new Map<number, PhaseRun[]>();
  for (const run of runs) {
    if (run.taps.length > 0) phases.set(run.phase, [...(phases.get(run.phase) ?? []), run]);
  }
  return [...phases.values()];
}

function onePhase(
  g: Conv2DTransposeGeometry,
  group: Group,
  rowRuns: readonly PhaseRun[],
  colRuns: readonly PhaseRun[],
): Step {
  const tapRows = [...new Set(rowRuns.flatMap(({ taps }) => taps.map(({ tap }) => tap)))];
  const tapCols = [...new Set(colRuns.flatMap(({ taps }) => taps.map(({ tap }) => tap)))];
  const xChannels = group.spread?.image?.channels ?? g.inChannels;
  const runs = rowRuns.flatMap((rows) =>
    colRuns.map((cols): Run => {
      const out = { row: rows.firstOut, col: cols.firstOut, rowStep: g.strideHeight, colStep: g.strideWidth };
      return {
        grid: { batch: g.batch, rows: rows.count, cols: cols.count },
        a: imageOfX('first', g, group, { row: rows.first, col: cols.first }),
        taps: rows.taps.flatMap((row) =>
          cols.taps.map((col) => ({
            tap: tapRows.indexOf(row.tap) * tapCols.length + tapCols.indexOf(col.tap),
            offset: -(row.inputOffset * g.inWidth + col.inputOffset) * xChannels,
          })),
        ),
        out: pixels('out', outputImage(g), { ...out, channel: group.outChannel }),
      };
    }),
  );
  return forwardProduct(
    g,
    group,
    tapRows.flatMap((tapRow) => tapCols.map((tapCol) => ({ tapRow, tapCol }))),
    runs,
  );
}
