// SPDX-License-Identifier: Apache-2.0
/** The tables of `npm run bench`. */
import { significant } from './numbers';
import { type Outcome, timedOf } from './race';
import { ALONE, EXACT } from './peers/peers';
import { type Column as ColumnOf, ratioTable } from './ratio_table';
import { workloadNamed } from './workloads';

/** Who took what for a pass of a layer, by its name. */
export type LayerTimes = Map<string, Outcome<string>>;

type Column = ColumnOf<Outcome<string>>;

/** How many times as fast as `other` somebody is; NaN if one of them took no part. */
function ratio(outcome: Outcome<string>, who: string, other: string, of: 'ms' | 'hotMs' = 'ms'): number {
  const [own, others] = [timedOf(outcome, who), timedOf(outcome, other)];
  return own && others ? others[of]! / own[of]! : NaN;
}

function msColumn(head: string, who: string, of: 'ms' | 'hotMs' = 'ms'): Column {
  return [head, (outcome) => significant(timedOf(outcome, who)?.[of] ?? NaN)];
}

function gflopsOf(outcome: Outcome<string>, layer: string, who: string): number {
  return workloadNamed(layer).flops / (timedOf(outcome, who)?.ms ?? NaN) / 1e6;
}

const against = (who: string, other: string, of: 'ms' | 'hotMs' = 'ms'): Column => [
  `× ${other}`,
  (outcome) => ratio(outcome, who, other, of),
];

/** Whom ours on a backend is compared with: who took part, on that backend or everywhere. */
function othersOf(times: LayerTimes, backend: string): string[] {
  const names = new Set([...times.values()].flatMap((outcome) => Object.keys(outcome)));
  const own = [`stock ${backend}`, `${EXACT} ${backend}`];
  return [...names].filter((name) => name.startsWith('onnxruntime') || own.includes(name));
}

/**
 * Ours on each backend, against those who took part.
 *
 * @param peak GFLOP/s that loops on registers have reached; a layer that has reached more is the peak.
 */
export function forwardTable(times: LayerTimes, backends: readonly string[], peak: number): string {
  const [first] = backends;
  const ceiling = Math.max(
    peak,
    ...[...times]
      .map(([layer, outcome]) => gflopsOf(outcome, layer, `ours ${first}`))
      .filter((gflops) => Number.isFinite(gflops)),
  );
  const columns = backends.flatMap((backend): Column[] => {
    const own = `ours ${backend}`;
    const gflops: Column[] = [
      ['GFLOP/s', (outcome, layer) => significant(gflopsOf(outcome, layer, own))],
      ['of peak', (outcome, layer) => `${Math.round((100 * gflopsOf(outcome, layer, own)) / ceiling)} %`],
    ];
    return [
      msColumn(`${own} ms`, own),
      ...(backend === first ? gflops : []),
      ...othersOf(times, backend).map((other) => against(own, other)),
      msColumn('hot ms', own, 'hotMs'),
      ['× onnxruntime-web, hot', (outcome) => ratio(outcome, own, 'onnxruntime-web', 'hotMs')],
    ];
  });
  const difference: Column = [
    'largest difference',
    (outcome) => {
      const found = Object.keys(outcome).flatMap((name) => timedOf(outcome, name)?.difference ?? []);
      return Math.max(...found).toExponential(1);
    },
  ];
  return `peak ${significant(ceiling)} GFLOP/s\n${ratioTable('layer', times, [...columns, difference])}`;
}

/** Ours on several threads, on each backend: hot, against one, and against onnxruntime-web with as many. */
export function threadsTable(times: LayerTimes, backends: readonly string[]): string {
  const columns = backends.flatMap((backend): Column[] => {
    const own = `ours ${backend}`;
    return [
      msColumn(`${own} ms`, own, 'hotMs'),
      ['× one thread', (outcome) => ratio(outcome, own, `${ALONE} ${backend}`, 'hotMs')],
      ...othersOf(times, backend).map((other) => against(own, other, 'hotMs')),
    ];
  });
  const samples: Column = [
    'quiet samples',
    (outcome) => {
      const counts = Object.keys(outcome).map((name) => timedOf(outcome, name)?.quietSamples ?? 0);
      return String(Math.min(...counts));
    },
  ];
  return ratioTable('layer', times, [...columns, samples]);
}

/** Ours on each backend, against those who took part. */
export function gradientTable(times: LayerTimes, backends: readonly string[]): string {
  const columns = backends.flatMap((backend): Column[] => {
    const own = `ours ${backend}`;
    const gflops: Column = ['GFLOP/s', (outcome, layer) => significant(gflopsOf(outcome, layer, own))];
    return [msColumn(`${own} ms`, own), gflops, ...othersOf(times, backend).map((other) => against(own, other))];
  });
  const extrapolated = (outcome: Outcome<string>): string =>
    Object.keys(outcome)
      .filter((name) => timedOf(outcome, name)?.runs === 0)
      .join(', ');
  const isAny = [...times.values()].some((outcome) => extrapolated(outcome) !== '');
  return ratioTable('layer', times, isAny ? [...columns, ['extrapolated', extrapolated]] : columns);
}
