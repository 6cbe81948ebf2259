// SPDX-License-Identifier: Apache-2.0
/**
 * Fuzzing one backend: cases one after the other, in blocks, each from a seed of its own, so that case N of a seed is
 * the same wherever one begins.
 */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import type { Environment } from '../support/environments';
import { type Checked, type FuzzCase, checkCase, fuzzCases } from './check';

/** Cases of a block. An environment is set up for each block anew, which gives back what it keeps per geometry. */
export const BLOCK = 32;
/** How long a case that fails is made smaller, in ms. */
const SHRINK_MS = 20_000;
/** More failures would tell no more. */
export const MOST_FAILURES = 5;

export interface Failure {
  readonly environment: string;
  /** With it, the seed gives the case as it was found. */
  readonly index: number;
  /** The least that still fails. */
  readonly least: FuzzCase;
  readonly wrong: readonly string[];
}

/** What has been done so far. */
export interface Tally {
  readonly backend: string;
  cases: number;
  comparisons: number;
  readonly failures: Failure[];
}

/** What runs blocks of cases of a backend: a `Fuzzing`, here or in a page. */
export interface BlockRunner {
  /** Runs the cases of a block from index `from` to before `to`; whether to go on with others. */
  runBlock(from: number, to: number): Promise<boolean>;
}

/** Blocks on all runners in turn, from one index to another, or until it is over. Who has enough is left out. */
export async function runInTurn(
  runners: readonly BlockRunner[],
  begin: number,
  end: number,
  isOver: () => boolean,
): Promise<void> {
  const going = new Set(runners);
  for (let from = begin; from < end && going.size > 0 && !isOver();) {
    const to = Math.min(end, (Math.floor(from / BLOCK) + 1) * BLOCK);
    for (const runner of going) if (!isOver() && !(await runner.runBlock(from, to))) going.delete(runner);
    from = to;
  }
}

export class Fuzzing implements BlockRunner {
  readonly tally: Tally;
  private stopped = false;
  private breathed = 0;

  /**
   * @param environments Of one backend; blocks take turns on them.
   * @param backend What it is called.
   */
  constructor(
    private readonly environments: readonly Environment[],
    private readonly seed: number,
    private readonly check: (c: FuzzCase) => Checked | Promise<Checked> = checkCase,
    backend = environments[0].backend,
  ) {
    this.tally = { backend, cases: 0, comparisons: 0, failures: [] };
  }

  /** Ends what runs after the case that it is at. */
  stop(): void {
    this.stopped = true;
  }

  private get isOver(): boolean {
    return this.stopped || this.tally.failures.length >= MOST_FAILURES;
  }

  /**
   * Runs cases from index `from` to before `to`, all of one block, in the environment whose turn it is.
   *
   * @returns whether to go on with others.
   */
  async runBlock(from: number, to: number): Promise<boolean> {
    const block = Math.floor(from / BLOCK);
    await this.within(this.environments[block % this.environments.length], async (environment) => {
      for (let at = from; at < to && !this.isOver;) {
        const failure = await this.firstFailure(block, at, to, environment.name);
        if (failure === undefined) return;
        this.tally.failures.push(failure);
        at = failure.index + 1;
      }
    });
    return !this.isOver;
  }

  /** Runs one case in every environment. */
  async runCase(c: FuzzCase): Promise<void> {
    for (const one of this.environments) {
      await this.within(one, async ({ name }) => {
        const { wrong } = await this.count(c);
        if (wrong.length > 0) this.tally.failures.push({ environment: name, index: NaN, least: c, wrong });
      });
    }
  }

  private async within(
    environment: Environment,
    body: (environment: Environment) => void | Promise<void>,
  ): Promise<void> {
    await environment.setUp?.();
    try {
      await tf.setBackend(environment.backend);
      await tf.ready();
      await body(environment);
    } finally {
      await environment.tearDown?.();
    }
  }

  /** Lets others in now and then: Ctrl-C, and what looks at the time. */
  private async breathe(): Promise<void> {
    if (performance.now() - this.breathed < 50) return;
    await new Promise((resume) => setTimeout(resume));
    this.breathed = performance.now();
  }

  private async count(c: FuzzCase): Promise<Checked> {
    const checked = await this.check(c);
    this.tally.cases++;
    this.tally.comparisons += checked.comparisons;
    return checked;
  }

  private async firstFailure(
    block: number,
    from: number,
    to: number,
    environment: string,
  ): Promise<Failure | undefined> {
    const offset = block * BLOCK;
    let failedAt = Infinity;
    let least: { c: FuzzCase; wrong: readonly string[] } | undefined;
    const property = fc.asyncProperty(fuzzCases, async (c) => {
      await this.breathe();
      if (this.isOver || performance.now() - failedAt > SHRINK_MS) return;
      const { wrong } = await (least === undefined ? this.count(c) : this.check(c));
      if (wrong.length === 0) return;
      if (least === undefined) failedAt = performance.now();
      least = { c, wrong };
      throw new Error(wrong.join('\n'));
    });
    const { counterexamplePath } = await fc.check(property, {
      seed: (this.seed + Math.imul(block + 1, 0x9e3779b1)) | 0,
      path: `${from - offset}`,
      numRuns: to - from,
    });
    if (least === undefined || !counterexamplePath) return undefined;
    return {
      environment,
      index: offset + Number(counterexamplePath.split(':')[0]),
      least: least.c,
      wrong: least.wrong,
    };
  }
}
