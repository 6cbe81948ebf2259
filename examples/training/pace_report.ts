// SPDX-License-Identifier: Apache-2.0
/** What is told of how fast a training goes; without tfjs, which a page that only shows it has no need of. */

/** The choice of the fastest backend that is found. */
export const AUTO = 'auto';

export interface Pace {
  readonly backend: string;
  /** Milliseconds of a step. */
  readonly ms: number;
  /** A step takes longer than that; how long was not worth waiting for. */
  readonly atLeast?: boolean;
}

/** Where a training in a page runs, and what else is known. */
export interface PaceReport {
  /** What was asked for. */
  readonly chosen: string;
  readonly choices: readonly string[];
  /** The backend that trains, then those that were tried; none before the first steps. */
  readonly paces: readonly Pace[];
  /** What the backend that trains runs on, in words; of `cpu` and `wasm` with their threads. */
  readonly device: string;
}

/** Images that stock kernels are timed with: a whole batch would take minutes on `cpu`. */
export const STOCK_BATCH = 2;

/** '850 ms', '12 s', '3.5 min', '2.1 h'. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${Number((ms / 1000).toPrecision(2))} s`;
  return ms < 6_000_000
    ? `${Number((ms / 60_000).toPrecision(2))} min`
    : `${Number((ms / 3_600_000).toPrecision(2))} h`;
}
