// SPDX-License-Identifier: Apache-2.0
/** What a comparison yields, and what is written to the JSON file. */
import type { Pass, Variant } from '../src/contract';
import type { Interval } from './averages';

export interface Row {
  backend: string;
  workload: string;
  pass: Pass;
  contender: string;
  /** Median milliseconds. */
  ms: number;
  runs: number;
  /** Between which `ms` lies; undefined of too few runs. */
  interval?: Interval;
  /** The variant that 'auto' took. */
  took?: Variant;
  /** Milliseconds of the very first call, which compiles. */
  firstMs?: number;
  note: string;
  /** Useful operations per second, in 1e9. */
  gflops: number;
  /** How many times as fast as stock; undefined if stock was not run. */
  ratio?: number;
  /** Worst of the sampled errors, in units of the bound that the tests hold; undefined if nothing could be checked. */
  error?: number;
  /** Peak scratch bytes of one call; undefined for stock, which doesn't say. */
  scratchBytes?: number;
}

/** A whole model on a backend: under install(), and stock. */
export interface ModelRow {
  backend: string;
  /** What it is called, short. */
  model: string;
  firstMs: number;
  /** Median milliseconds of the calls after the first; of the first if stock had no time for another. */
  ms: number;
  isWarm: boolean;
  /** How many times as fast as stock; undefined if stock cannot run it. */
  ratio?: number;
  /** The largest difference from stock's result, relative to the largest value. */
  difference: number;
}

export interface Results {
  date: string;
  machine: string;
  /** What was not measured, and why. */
  skipped: string[];
  versions: Record<string, string>;
  options: Record<string, unknown>;
  seconds: number;
  rows: Row[];
  models: ModelRow[];
}

/** A result outside its bound is wrong, and so is one that is no number. */
export function isWrong({ error }: Pick<Row, 'error'>): boolean {
  return error !== undefined && !(error <= 1);
}
