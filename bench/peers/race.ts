// SPDX-License-Identifier: Apache-2.0
/**
 * Times peers on a layer against each other: rounds in which each takes one sample, in rotating order. A sample is as
 * many runs as fill `SAMPLE_MS` (a page's clock is coarse), a long one a single run; medians of the samples.
 */
import { median } from '../interleave';
import type { Layer, Peer, Runner } from './peers';

const SAMPLE_MS = 25;

export interface Raced {
  /** Median milliseconds of a run. */
  ms: number;
  samples: number;
  /** The largest difference from the first peer's result, relative to the largest value. */
  difference: number;
}

export async function race(
  layer: Layer,
  peers: Record<string, Peer>,
  rounds: number,
  budgetMs: number,
): Promise<Record<string, Raced>> {
  const runners: [string, Runner, number, number[], number][] = [];
  let reference: Float32Array | undefined;
  for (const [name, peer] of Object.entries(peers)) {
    const runner = await peer(layer);
    const values = await runner.run();
    const nhwc = runner.nchw ? toNHWC(values, layer) : values;
    reference ??= nhwc.slice();
    // Warm until it is compiled by the optimizing compiler: a few runs at least, and some time.
    const begin = performance.now();
    let runs = 0;
    while (runs < 3 || (performance.now() - begin < 150 && runs < 1000)) {
      await runner.run();
      runs++;
      if (performance.now() - begin > 1500) break;
    }
    const each = (performance.now() - begin) / runs;
    runners.push([name, runner, Math.max(1, Math.round(SAMPLE_MS / each)), [], difference(nhwc, reference)]);
  }
  const begin = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < runners.length; n++) {
      const [, runner, runs, samples] = runners[(n + round) % runners.length];
      const from = performance.now();
      for (let k = 0; k < runs; k++) await runner.run();
      samples.push((performance.now() - from) / runs);
    }
    if (performance.now() - begin > budgetMs && round >= 2) break;
  }
  for (const [, runner] of runners) await runner.dispose();
  return Object.fromEntries(
    runners.map(([name, , , samples, diff]) => [
      name,
      { ms: median(samples), samples: samples.length, difference: diff },
    ]),
  );
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

function toNHWC(values: Float32Array, { workload: { geometry: g } }: Layer): Float32Array {
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
