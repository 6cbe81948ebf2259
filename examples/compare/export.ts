// SPDX-License-Identifier: Apache-2.0
/** A run's results as files: JSON with everything, CSV with a line for each row. */
import { unparse } from 'papaparse';
import type { Plan } from './plan';
import type { LabRow } from './verdict';

/** A run with all that a reader must know of it. */
export interface LabResults {
  /** Whose device, in a word or two; may be ''. */
  readonly name: string;
  readonly date: string;
  readonly userAgent: string;
  readonly devices: Readonly<Record<string, string>>;
  readonly tfjs: string;
  /** Not where the address has it already. */
  readonly plan?: Plan;
  readonly rows: readonly LabRow[];
}

export function toJson(results: LabResults): string {
  // JSON has no NaN: a time that there is not is left out. The error of a result with NaN in it stays, as null.
  const plain = (key: string, value: unknown): unknown =>
    key !== 'error' && typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
  return `${JSON.stringify(results, plain, 2)}\n`;
}

export function toCsv({ rows, userAgent, devices, date }: LabResults): string {
  const lines = rows.map((row) => ({
    backend: row.backend,
    layer: row.workload,
    pass: row.pass,
    contender: row.contender,
    took: row.took,
    ms: finite(row.ms),
    ms_from: finite(row.interval?.[0]),
    ms_to: finite(row.interval?.[1]),
    samples: row.runs,
    gflops: finite(row.gflops),
    times_stock: finite(row.ratio),
    error_over_bound: finite(row.error),
    right: row.error === undefined ? '' : row.error <= 1,
    first_call_ms: finite(row.firstMs),
    memory_bytes: finite(row.scratchBytes),
    note: row.reason ?? row.note,
    device: devices[row.backend] ?? '',
    user_agent: userAgent,
    date,
  }));
  return `${unparse(lines, { newline: '\n' })}\n`;
}

function finite(value: number | undefined): number | '' {
  return value !== undefined && Number.isFinite(value) ? value : '';
}
