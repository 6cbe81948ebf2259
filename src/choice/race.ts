// SPDX-License-Identifier: Apache-2.0
/** Times contenders in turn, so that a disturbance hits all alike. */
import { type Tensor, dispose, nextFrame, slice } from '@tensorflow/tfjs-core';

/**
 * Rounds that only warm up. Who takes more than so many times as long in one as the fastest, and more than so many
 * milliseconds, is out of the race. The first compiles, several programs of some and none of others, and so tells of
 * nobody but who would take minutes.
 */
const WARM_ROUNDS = [
  { times: 20, ms: 10_000 },
  { times: 4, ms: 50 },
];

/** What a race is, and what its referee does. */
interface Rules {
  readonly samples: number;
  /** What is raced, for messages. */
  readonly what: string;
  /** Called before each run; may end the race by throwing. */
  check(): void;
  /** Waits until all has run that was asked for, and throws errors that are told no earlier. */
  settle(): Promise<void>;
}

/**
 * Median milliseconds of each contender; of one that was out of reach, and not run to the end, its least. One that
 * fails (no memory for its scratch) is left out with a warning.
 *
 * @param runs What each does; it is over when the results can be read.
 * @throws Error if all have failed.
 */
export async function race<K extends string>(
  runs: ReadonlyMap<K, () => readonly Tensor[]>,
  { samples, what, check, settle }: Rules,
): Promise<Partial<Record<K, number>>> {
  const times = new Map<K, number[]>([...runs.keys()].map((name) => [name, []]));
  const running = new Map(runs);
  // What failed before is nobody's here.
  await settle();
  for (let round = 0; round < WARM_ROUNDS.length + samples; round++) {
    let least = Infinity;
    const took = new Map<K, number>();
    for (const [name, run] of running) {
      check();
      try {
        took.set(name, await msOf(run));
        await settle();
      } catch (error) {
        check();
        took.delete(name);
        times.delete(name);
        running.delete(name);
        const failure = `'${name}' failed at ${what}: ${error instanceof Error ? error.message : String(error)}`;
        if (times.size === 0) throw new Error(`tune: nobody is left to measure; ${failure}`, { cause: error });
        console.warn(`tfjs-conv2d-transpose: tune leaves one out; ${failure}`);
        continue;
      }
      least = Math.min(least, took.get(name)!);
    }
    const patience = WARM_ROUNDS[round];
    for (const [name, ms] of took) {
      times.get(name)!.push(ms);
      if (patience && ms > Math.max(patience.ms, least * patience.times)) running.delete(name);
    }
    await nextFrame();
  }
  const ms: Partial<Record<K, number>> = {};
  for (const [name, all] of times)
    ms[name] = running.has(name) ? all.slice(WARM_ROUNDS.length).sort((a, b) => a - b)[samples >> 1] : Math.min(...all);
  return ms;
}

async function msOf(run: () => readonly Tensor[]): Promise<number> {
  const begin = performance.now();
  const results = run();
  try {
    for (const result of results) {
      const corner = slice(result, [0, 0, 0, 0], [1, 1, 1, 1]);
      await corner.data().finally(() => corner.dispose());
    }
  } finally {
    dispose([...results]);
  }
  return performance.now() - begin;
}
