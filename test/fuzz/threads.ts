// SPDX-License-Identifier: Apache-2.0
/** Fuzzing of threads: every pass of a random layer, however small, on several of them and on one, bit by bit. */
import { type ThreadPool, compareWithOne, startPool } from '../support/on_threads';
import type { Environment } from '../support/environments';
import { type Checked, type FuzzCase, operandsOf } from './check';

const COUNTS = [2, 3, 5];

let running: { readonly pool: ThreadPool; readonly count: number } | undefined;

export const onThreads: readonly Environment[] = COUNTS.map((count) => ({
  name: `${count} threads`,
  backend: 'cpu',
  setUp: async () => void (running = { pool: await startPool(count), count }),
  tearDown: () => running?.pool.end(),
}));

/** Of a case it takes the layer and the values. */
export function checkThreads(c: FuzzCase): Checked {
  const { pool, count } = running!;
  const { comparisons, different } = compareWithOne(pool, count, c.layer, operandsOf(c));
  return { comparisons, wrong: different.map((pass) => `${pass}: ${count} threads differ from one`) };
}
