// SPDX-License-Identifier: Apache-2.0
/** The results as text tables: one of all rows, one of geometric means. */
import Table from 'cli-table3';
import { geometricMean } from './averages';
import { errorText, significant, timesText } from './numbers';
import { PASSES, type Pass } from '../src/contract';
import type { Results, Row } from './results';

export const BORDERS = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [] },
};

export function renderTables(results: Results): string {
  return [
    rowsTable(results.rows),
    'err/bound: worst sampled |y − y64| over ε32·K·Σ|products|; above 1 is wrong.',
    footnotes(results.rows),
    '',
    'Geometric mean over the layers, times as fast as stock:',
    meansTable(results.rows),
    `${results.machine}; tfjs ${results.versions.tfjs}; ${results.seconds.toFixed(0)} s`,
  ]
    .filter((text) => text !== undefined)
    .join('\n');
}

function rowsTable(rows: readonly Row[]): string {
  const table = new Table({
    ...BORDERS,
    head: ['backend', 'layer', 'pass', 'by', 'ms', 'GFLOP/s', '× stock', 'err/bound', 'scratch'],
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'],
  });
  let previous: Row | undefined;
  for (const row of rows) {
    const samePass =
      previous?.workload === row.workload && previous.pass === row.pass && previous.backend === row.backend;
    table.push([
      samePass ? '' : row.backend,
      samePass ? '' : row.workload,
      samePass ? '' : row.pass,
      row.contender,
      `${mark(row)}${milliseconds(row.ms)}`,
      significant(row.gflops),
      row.ratio === undefined ? '' : timesText(row.ratio),
      row.error === undefined ? 'not run' : errorText(row.error),
      row.scratchBytes === undefined ? '' : bytes(row.scratchBytes),
    ]);
    previous = row;
  }
  return table.toString();
}

/** ~ for an extrapolated time, ! for a single run. */
function mark({ note, runs }: Row): string {
  if (note === '') return '';
  return runs === 0 ? '~' : '!';
}

function footnotes(rows: readonly Row[]): string {
  const extrapolated = rows.filter((row) => mark(row) === '~');
  const single = rows.filter((row) => mark(row) === '!');
  return [
    extrapolated.length > 0 &&
      '~ extrapolated from the time of a single input channel, not run in full: too slow for the time budget; ' +
        '--time-budget gives it more.',
    single.length > 0 && '! from the warm-up only: no time for more.',
  ]
    .filter(Boolean)
    .join('\n');
}

export interface Mean {
  backend: string;
  pass: Pass;
  contender: string;
  ratio: number;
  worst: number;
  worstLayer: string;
  gflops: number;
}

/** Geometric means over the layers, per backend, pass and contender. */
export function means(rows: readonly Row[]): Mean[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.backend}|${row.pass}|${row.contender}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => {
    const worst = group.reduce((a, b) => ((b.ratio ?? Infinity) < (a.ratio ?? Infinity) ? b : a));
    return {
      backend: group[0].backend,
      pass: group[0].pass,
      contender: group[0].contender,
      ratio: geometricMean(group.map(({ ratio }) => ratio ?? NaN)),
      worst: worst.ratio ?? NaN,
      worstLayer: worst.ratio === undefined ? '' : worst.workload,
      gflops: geometricMean(group.map(({ gflops }) => gflops)),
    };
  });
}

function meansTable(rows: readonly Row[]): string {
  const table = new Table({
    ...BORDERS,
    head: ['backend', 'pass', 'by', '× stock', 'least', 'on', 'GFLOP/s'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'left', 'right'],
  });
  const sorted = means(rows).sort((a, b) => PASSES.indexOf(a.pass) - PASSES.indexOf(b.pass));
  for (const { backend, pass, contender, ratio, worst, worstLayer, gflops } of sorted) {
    table.push([backend, pass, contender, timesText(ratio), timesText(worst), worstLayer, significant(gflops)]);
  }
  return table.toString();
}

function milliseconds(ms: number): string {
  return ms >= 10000 ? `${significant(ms / 1000)} s` : significant(ms);
}

function bytes(count: number): string {
  if (count === 0) return '0';
  return count < 1 << 20 ? `${significant(count / 1024)} KB` : `${significant(count / (1 << 20))} MB`;
}
