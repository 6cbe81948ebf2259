// SPDX-License-Identifier: Apache-2.0
/**
 * Runs to be compared with each other: read from files that this page or `npm start` wrote, carried in an address while
 * that is short, and put side by side. A file may hold anything: what is not as expected is an error that says so.
 */
import { PASSES } from '../../src/contract';
import { type LabResults, toJson } from './export';
import type { LabRow } from './verdict';

/** A run, as far as it is shown. */
export interface Run {
  /** Whose device, in a word or two. */
  readonly name: string;
  readonly date: string;
  /** What it ran on, in words. */
  readonly machine: string;
  readonly rows: readonly LabRow[];
}

const MOST_LETTERS = 400;
const MOST_ROWS = 5000;
export const MOST_BYTES = 5e6;
/** What chats, mails and servers let through. */
const LONGEST_ADDRESS = 6000;
const KEY = '#run=';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the results that a file holds.
 *
 * @param fallback What to call the run if it has no name.
 * @throws Error if these are no results; the message says what was expected.
 */
export function parseRun(text: string, fallback: string): Run {
  if (text.length > MOST_BYTES) throw new Error(`Results are at most ${MOST_BYTES / 1e6} MB, but this is more`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`Results are JSON, but this is none: ${(error as Error).message}`, { cause: error });
  }
  const given = fieldsOf(json, 'the file');
  if (!Array.isArray(given.rows))
    throw new Error("Results have 'rows', as Save results of this page and npm start write them, but this has none");
  if (given.rows.length > MOST_ROWS)
    throw new Error(`Results have at most ${MOST_ROWS} rows, but these have ${given.rows.length}`);
  return {
    name: textOf(given.name ?? '', 'name') || fallback,
    date: textOf(given.date ?? '', 'date'),
    machine: machineOf(given),
    rows: given.rows.map((row, n) => rowOf(fieldsOf(row, `rows[${n}]`), `rows[${n}]`)),
  };
}

/** Of this page the devices and the browser, of `npm start` the machine. */
function machineOf(given: Fields): string {
  if (given.machine !== undefined) return textOf(given.machine, 'machine');
  const devices = Object.entries(fieldsOf(given.devices ?? {}, 'devices')).map(
    ([backend, device]) => `${backend}: ${textOf(device, `devices.${backend.slice(0, 20)}`)}`,
  );
  return [...devices, textOf(given.userAgent ?? '', 'userAgent')].filter(Boolean).join(' · ');
}

function rowOf(given: Fields, where: string): LabRow {
  const text = (key: string): string => textOf(given[key], `${where}.${key}`);
  const maybe = <T>(key: string, read: (value: unknown, name: string) => T): T | undefined =>
    given[key] === undefined ? undefined : read(given[key], `${where}.${key}`);
  const pass = PASSES.find((one) => one === given.pass);
  if (!pass) throw new Error(`${where}.pass must be one of ${PASSES.join(', ')}, but is ${shown(given.pass)}`);
  const reason = maybe('reason', textOf);
  const row = {
    backend: text('backend'),
    workload: text('workload'),
    pass,
    contender: text('contender'),
    took: maybe('took', textOf) as LabRow['took'],
    ms: reason === undefined ? numberOf(given.ms, `${where}.ms`) : NaN,
    interval: maybe('interval', intervalOf),
    runs: numberOf(given.runs, `${where}.runs`),
    note: maybe('note', textOf) ?? '',
    gflops: given.gflops === null ? NaN : (maybe('gflops', numberOf) ?? NaN),
    ratio: maybe('ratio', numberOf),
    // A result with NaN in it has no finite error, and JSON has only null for that: it is wrong.
    error: given.error === null ? NaN : maybe('error', numberOf),
    firstMs: given.firstMs === null ? undefined : maybe('firstMs', numberOf),
    scratchBytes: maybe('scratchBytes', numberOf),
    reason,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as unknown as LabRow;
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} must be an object, but is ${shown(value)}`);
  return value as Fields;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > MOST_LETTERS)
    throw new Error(`${name} must be a text of at most ${MOST_LETTERS} letters, but is ${shown(value)}`);
  return value;
}

function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new Error(`${name} must be a number, 0 or more, but is ${shown(value)}`);
  return value;
}

function intervalOf(value: unknown, name: string): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2)
    throw new Error(`${name} must be two numbers, from and to, but is ${shown(value)}`);
  return [numberOf(value[0], `${name}[0]`), numberOf(value[1], `${name}[1]`)];
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The results as the last part of an address; `undefined` if they are too long for one. */
export async function inAddress(results: LabResults): Promise<string | undefined> {
  const rounded = JSON.stringify(JSON.parse(toJson({ ...results, plan: undefined })), (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value,
  );
  const stream = new Blob([rounded]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const text = KEY + base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return text.length <= LONGEST_ADDRESS ? text : undefined;
}

/**
 * The run that an address carries; `undefined` if it carries none.
 *
 * @throws Error if it is broken.
 */
export async function fromAddress(hash: string): Promise<Run | undefined> {
  if (!hash.startsWith(KEY)) return undefined;
  let text: string;
  try {
    const bytes = atob(hash.slice(KEY.length).replaceAll('-', '+').replaceAll('_', '/'));
    const packed = Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
    text = await readAtMost(new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw')));
  } catch (error) {
    throw new Error('The results in the address are broken: was all of the link copied?', { cause: error });
  }
  return parseRun(text, 'from the link');
}

/** A short address can hold a very long text. */
async function readAtMost(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > MOST_BYTES) {
      await reader.cancel();
      throw new Error('too long');
    }
  }
}

/** A run under a name that no other has. */
export function named(run: Run, others: readonly Run[]): Run {
  const isTaken = (name: string): boolean => others.some((other) => other.name === name);
  let name = run.name;
  for (let n = 2; isTaken(name); n++) name = `${run.name} ${n}`;
  return { ...run, name };
}

/** The rows of all runs; each device's backends are backends of their own. */
export function merged(runs: readonly Run[]): readonly LabRow[] {
  if (runs.length === 1) return runs[0].rows;
  return runs.flatMap(({ name, rows }) => rows.map((row) => ({ ...row, backend: `${row.backend} (${name})` })));
}

/** What several runs have of the same. */
export interface Line {
  readonly cell: string;
  readonly contender: string;
  /** Run by run; `undefined` where it has none. */
  readonly rows: readonly (LabRow | undefined)[];
}

/** The lines of all runs, each cell's together. */
export function sideBySide(runs: readonly Run[]): Line[] {
  const cells = new Map<string, Map<string, (LabRow | undefined)[]>>();
  runs.forEach(({ rows }, n) => {
    for (const row of rows) {
      const cell = `${row.backend} · ${row.workload} · ${row.pass}`;
      if (!cells.has(cell)) cells.set(cell, new Map());
      const lines = cells.get(cell)!;
      if (!lines.has(row.contender))
        lines.set(row.contender, new Array<LabRow | undefined>(runs.length).fill(undefined));
      lines.get(row.contender)![n] = row;
    }
  });
  return [...cells].flatMap(([cell, lines]) => [...lines].map(([contender, rows]) => ({ cell, contender, rows })));
}
