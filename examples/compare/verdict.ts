// SPDX-License-Identifier: Apache-2.0
/**
 * Who is fastest at a pass of a layer on a backend: of the right results with enough samples, and alone only where the
 * intervals keep apart. A few samples tell nothing, whatever they say.
 */
import { ENOUGH_SAMPLES, type Interval, geometricMean } from '../../bench/averages';
import { counted, significant } from '../../bench/numbers';
import { type Row, isWrong } from '../../bench/results';
import { PASSES } from '../../src/contract';

export interface LabRow extends Row {
  /** Why there is no time, if there is none. */
  readonly reason?: string;
}

/** A pass of a layer on a backend, by all contenders. */
export interface Cell {
  readonly backend: string;
  readonly workload: string;
  readonly pass: LabRow['pass'];
  readonly rows: readonly LabRow[];
  /** The fastest, and whoever cannot be told from it; none if there is no verdict. */
  readonly winners: readonly LabRow[];
  /** Why there is no verdict; '' if there is one. */
  readonly why: string;
}

/** Who runs whole models, besides stock. */
export const INSTALLED = 'install()';

/** The rows by cell, in their order. */
export function cellsOf(rows: readonly LabRow[]): Cell[] {
  const cells = new Map<string, LabRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.backend, row.workload, row.pass]);
    cells.set(key, [...(cells.get(key) ?? []), row]);
  }
  return [...cells.values()].map((own) => {
    const { backend, workload, pass } = own[0];
    return { backend, workload, pass, rows: own, ...winnersOf(own) };
  });
}

/** Whether a row is of a whole model. */
export const isModel = ({ contender }: LabRow): boolean => contender === INSTALLED;
/** Whether a row has a time of a right result. */
export const isRight = (row: LabRow): boolean => row.reason === undefined && !isWrong(row) && row.ms > 0;
/** Whether that time is enough to judge by. */
export const isJudged = (row: LabRow): boolean => isRight(row) && row.runs >= ENOUGH_SAMPLES;

function winnersOf(rows: readonly LabRow[]): Pick<Cell, 'winners' | 'why'> {
  const right = rows.filter(isRight);
  if (right.length < 2) return { winners: [], why: right.length === 0 ? 'no right result' : 'nobody to compare with' };
  const judged = right.filter(isJudged).sort((a, b) => a.ms - b.ms);
  const rival = right.find((row) => !isJudged(row) && !(row.ms > judged[0]?.ms));
  if (rival) return { winners: [], why: `too few samples of ${rival.contender}` };
  if (judged.length < 2) return { winners: [], why: 'too few samples of all others' };
  return { winners: judged.filter((row) => isLevel(row, judged[0])), why: '' };
}

const intervalOf = ({ ms, interval = [ms, ms] }: LabRow): Interval => interval;

/** Whether two times cannot be told apart: their intervals overlap. */
function isLevel(a: LabRow, b: LabRow): boolean {
  return intervalOf(a)[0] <= intervalOf(b)[1] && intervalOf(b)[0] <= intervalOf(a)[1];
}

/** What is said of a row, and how it looks. */
export function verdictOn(
  row: LabRow,
  { winners }: Cell,
): { kind: 'unsupported' | 'wrong' | 'best' | ''; text: string } {
  if (row.reason !== undefined) return { kind: 'unsupported', text: row.reason };
  if (isWrong(row)) return { kind: 'wrong', text: isModel(row) ? 'DIFFERS from stock' : 'WRONG' };
  if (row.runs === 0) return { kind: '', text: `${row.note}: no verdict` };
  if (!isJudged(row)) return { kind: '', text: `${counted(row.runs, 'sample')}: no verdict` };
  if (!winners.includes(row)) return { kind: '', text: row.note };
  if (row !== winners[0]) return { kind: 'best', text: 'level' };
  return { kind: 'best', text: winners.length === 1 ? 'fastest' : `fastest, ${winners.length - 1} level` };
}

/** 'a', 'a and b', 'a, b and c' */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Who speaks for this library in a cell: what users get, or else the best of those who ran. */
function oursIn({ rows }: Cell): LabRow | undefined {
  const ours = rows.filter((row) => isJudged(row) && row.contender !== 'stock').sort((a, b) => a.ms - b.ms);
  return ours.find(({ contender }) => contender === 'auto') ?? ours[0];
}

/** Who won by how much on what, in a sentence or three; '' if there is nothing to say. */
export function sentence(rows: readonly LabRow[]): string {
  const cells = cellsOf(rows);
  const models = cells.filter((cell) => cell.rows.some(isModel));
  const layers = cells.filter((cell) => !models.includes(cell));
  const passes = PASSES.map((pass) => againstStock(layers.filter((cell) => cell.pass === pass)));
  const open = cells.filter(({ why }) => why.startsWith('too few samples'));
  return [
    ...passes,
    againstStock(models, 'As a whole'),
    wins(layers),
    open.length > 0 &&
      `No verdict on ${open.length} of ${counted(cells.length, 'comparison')}: too few samples. Give more seconds.`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** "Forward, 'auto' is 12 times as fast as stock on cpu, level with it on wasm (geometric mean over 2 layers)." */
function againstStock(cells: readonly Cell[], title?: string): string {
  const compared = cells.flatMap((cell) => {
    const [ours, stock] = [oursIn(cell), cell.rows.find((row) => row.contender === 'stock' && isJudged(row))];
    return ours && stock ? [{ cell, ours, ratio: stock.ms / ours.ms, level: isLevel(ours, stock) }] : [];
  });
  if (compared.length === 0) return '';
  const names = [...new Set(compared.map(({ ours }) => ours.contender))];
  const who =
    { auto: "'auto'", ours: 'ours', composed: 'our op', [INSTALLED]: `the model under ${INSTALLED}` }[names[0]] ??
    names[0];
  const [apart, level]: [string[], string[]] = [[], []];
  for (const backend of new Set(compared.map(({ cell }) => cell.backend))) {
    const own = compared.filter(({ cell }) => cell.backend === backend);
    const times = significant(geometricMean(own.map(({ ratio }) => ratio)));
    if (own.every((one) => one.level)) level.push(backend);
    else apart.push(`${times} ${apart.length === 0 ? 'times as fast as stock ' : ''}on ${backend}`);
  }
  const found = [
    ...(apart.length > 0 ? [listed(apart)] : []),
    ...(level.length > 0 ? [`level with stock on ${listed(level)}`] : []),
  ].join('; ');
  const tasks = new Set(compared.map(({ cell }) => cell.workload));
  const what = title ? 'models' : 'layers';
  // On a backend that had too few samples of some, it is over the others.
  const isOfAll = compared.length === tasks.size * new Set(compared.map(({ cell }) => cell.backend)).size;
  const count = `${isOfAll ? '' : 'up to '}${tasks.size}`;
  const over = tasks.size === 1 ? [...tasks][0] : `geometric mean over ${count} ${what}`;
  const [{ pass }] = cells;
  const when = title ?? `${pass[0].toUpperCase()}${pass.slice(1)}`;
  const subject = names.length > 1 ? 'the best of ours' : who;
  return `${when}, ${subject} is ${found} (${over}).`;
}

/** Backends whose fastest a sentence has room for. */
const MOST_NAMED = 4;
/** And contenders that are level there. */
const MOST_LEVEL = 3;

/** 'Fastest: subpixel on cpu (2 of 2 times); matmul on webgl (1 of 2 times).' */
function wins(cells: readonly Cell[]): string {
  const decided = cells.filter(({ winners }) => winners.length > 0);
  if (new Set(decided.map(({ backend }) => backend)).size > MOST_NAMED) return '';
  const backends = [...new Set(decided.map(({ backend }) => backend))].map((backend) => {
    const own = decided.filter((cell) => cell.backend === backend);
    const counts = new Map<string, number>();
    for (const { contender } of own.flatMap(({ winners }) => winners))
      counts.set(contender, (counts.get(contender) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const names = [...counts].filter(([, count]) => count === most).map(([name]) => name);
    const who = names.length > MOST_LEVEL ? `${names.length} contenders alike` : listed(names);
    return `${who} on ${backend}${own.length > 1 ? ` (${most} of ${own.length} times)` : ''}`;
  });
  return backends.length > 0 ? `Fastest: ${backends.join('; ')}.` : '';
}
