// SPDX-License-Identifier: Apache-2.0
/** Times whole training steps against each other. */
import { median } from './averages';

/** A training: `run` makes a step and returns its loss. */
export interface Steps {
  run(): number;
  dispose(): void;
}

export interface StepTime {
  /** Median milliseconds of a step. */
  readonly ms: number;
  /** Of the last step. */
  readonly loss: number;
}

/** Steps of each, the first of which warms up. */
export const STEPS = 4;

/** Times two trainings, step by step in turn. `prepare` is called before each step, and its time is not counted. */
export function timeSteps<W extends string>(
  trainings: Readonly<Record<W, Steps>>,
  prepare: (who: W, step: number) => void,
): Record<W, StepTime> {
  const names = Object.keys(trainings) as W[];
  const times = new Map<W, number[]>(names.map((who) => [who, []]));
  const losses = new Map<W, number>();
  for (let step = 0; step < STEPS; step++) {
    for (const who of names) {
      prepare(who, step);
      const begin = performance.now();
      losses.set(who, trainings[who].run());
      if (step > 0) times.get(who)!.push(performance.now() - begin);
    }
  }
  names.forEach((who) => trainings[who].dispose());
  const timed = names.map((who) => [who, { ms: median(times.get(who)!), loss: losses.get(who)! }]);
  return Object.fromEntries(timed) as Record<W, StepTime>;
}
