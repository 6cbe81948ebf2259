// SPDX-License-Identifier: Apache-2.0
/**
 * Times peers on a layer against each other, in turn (../in_turn). A sample is as many runs as fill `SAMPLE_MS` (a
 * page's clock is coarse), a long one a single run; medians of the samples.
 */
import { median } from '../averages';
import { inTurn, timeOfRuns } from '../in_turn';
import { makeValues } from '../operands';
import type { Workload } from '../workloads';
import type { Peer, Runner } from './peers';

const SAMPLE_MS = 25;

/** Warm means compiled by the optimizing compiler: a few runs at least, and some time, but not too much of either. */
const WARM = { runs: 3, ms: 150, mostRuns: 1000, mostMs: 1500 };

/** Rounds that are always made, however long they take. */
const LEAST_ROUNDS = 3;

export interface Raced {
  /** Median milliseconds of a run. */
  ms: number;
  samples: number;
  /** The largest difference from the first peer's result, relative to the largest value. */
  difference: number;
}

interface Racer {
  readonly name: string;
  readonly runner: Runner;
  /** Runs in a sample. */
  readonly runs: number;
  readonly difference: number;
}

export async function race(
  workload: Workload,
  peers: Record<string, Peer>,
  rounds: number,
  budgetMs: number,
): Promise<Record<string, Raced>> {
  const layer = { workload, ...makeValues(workload) };
  const racers: Racer[] = [];
  let reference: Float32Array | undefined;
  for (const [name, peer] of Object.entries(peers)) {
    const runner = await peer(layer);
    const values = await runner.run();
    const nhwc = runner.nchw ? toNHWC(values, workload) : values;
    reference ??= nhwc.slice();
    const runs = Math.max(1, Math.round(SAMPLE_MS / (await warmUp(runner))));
    racers.push({ name, runner, runs, difference: difference(nhwc, reference) });
  }
  const begin = performance.now();
  const samples = await inTurn(
    racers,
    rounds,
    ({ runner, runs }) => timeOfRuns(runs, () => runner.run()),
    (round) => round < LEAST_ROUNDS || performance.now() - begin <= budgetMs,
  );
  for (const { runner } of racers) await runner.dispose();
  return Object.fromEntries(
    racers.map((racer) => {
      const times = samples.get(racer)!;
      return [racer.name, { ms: median(times), samples: times.length, difference: racer.difference }];
    }),
  );
}

/** Mean milliseconds of a run, cold ones among them. */
async function warmUp(runner: Runner): Promise<number> {
  const begin = performance.now();
  const passed = (): number => performance.now() - begin;
  let runs = 0;
  while (runs < WARM.runs || (passed() < WARM.ms && runs < WARM.mostRuns)) {
    await runner.run();
    runs++;
    if (passed() > WARM.mostMs) break;
  }
  return passed() / runs;
}

function difference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  let scale = 0;
  for (let at = 0; at < b.length; at++) {
    most = Math.max(most, Math.abs(a[at] - b[at]));
    scale = Math.max(scale, Math.abs(b[at]));
  }
  return most / scale;
}

function toNHWC(values: Float32Array, { geometry: g }: Workload): Float32Array {
  const result = new Float32Array(values.length);
  const plane = g.outHeight * g.outWidth;
  for (let n = 0; n < g.batch; n++) {
    for (let c = 0; c < g.outChannels; c++) {
      for (let p = 0; p < plane; p++) {
        result[(n * plane + p) * g.outChannels + c] = values[(n * g.outChannels + c) * plane + p];
      }
    }
  }
  return result;
}
