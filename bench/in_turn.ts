// SPDX-License-Identifier: Apache-2.0
/**
 * How everything here is timed: contenders in turn. In each round every one takes a sample, so that a disturbance of
 * the machine hits all of them alike. And nobody always comes after the same one: who follows a long run that leaves
 * nothing in the caches, and threads asleep, is slower for it.
 */

import { typicalTime } from './averages';

/** Milliseconds of a run; `undefined` if it does not count. */
export type Sample = number | undefined;

/**
 * The samples of each contender.
 *
 * @param sample Takes a sample of a contender in a round, from 0.
 * @param goesOn Asked before each round. Default: all rounds.
 */
export async function inTurn<C>(
  contenders: readonly C[],
  rounds: number,
  sample: (contender: C, round: number) => Sample | Promise<Sample>,
  goesOn: (round: number) => boolean = () => true,
): Promise<Map<C, number[]>> {
  const samples = new Map<C, number[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds && goesOn(round); round++) {
    for (const n of orderOf(contenders.length, round)) {
      const contender = contenders[n];
      const ms = await sample(contender, round);
      if (ms !== undefined) samples.get(contender)!.push(ms);
    }
  }
  return samples;
}

/**
 * Who samples when in a round: a square of Williams. In `count` rounds everybody is at every place once, and, if
 * `count` is even, after everybody else once; if it is odd, in twice as many rounds twice. Of four:
 *
 *     0 1 3 2
 *     1 2 0 3
 *     2 3 1 0
 *     3 0 2 1
 *
 * E. J. Williams, "Experimental designs balanced for the estimation of residual effects of treatments", 1949.
 */
export function orderOf(count: number, round: number): number[] {
  const order = Array.from({ length: count }, (_, place) => {
    const fromStart = place % 2 === 1 ? (place + 1) / 2 : count - place / 2;
    return (fromStart + round) % count;
  });
  return Math.floor(round / count) % 2 === 1 ? order.reverse() : order;
}

/** Mean milliseconds of so many runs. */
export async function timeOfRuns(runs: number, run: () => unknown): Promise<number> {
  const begin = performance.now();
  for (let n = 0; n < runs; n++) await run();
  return (performance.now() - begin) / runs;
}

/** Typical milliseconds of as many runs as fill so many. */
export async function timeOfFilling(ms: number, run: () => unknown): Promise<number> {
  const begin = performance.now();
  const times: number[] = [];
  do {
    times.push(await timeOfRuns(1, run));
  } while (performance.now() - begin < ms);
  return typicalTime(times);
}
