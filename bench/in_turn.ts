// SPDX-License-Identifier: Apache-2.0
/**
 * How everything here is timed: contenders in turn. In each round every one takes a sample, in rotating order, so that
 * a disturbance of the machine hits all of them alike.
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
    for (let n = 0; n < contenders.length; n++) {
      const contender = contenders[(n + round) % contenders.length];
      const ms = await sample(contender, round);
      if (ms !== undefined) samples.get(contender)!.push(ms);
    }
  }
  return samples;
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
