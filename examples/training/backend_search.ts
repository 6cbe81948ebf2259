// SPDX-License-Identifier: Apache-2.0
/**
 * Where a training in a page runs. It begins at once, on the backend that is fastest on most machines; the others are
 * tried one by one between two of its steps, with few images, and for no longer than somebody would wait. Whoever looks
 * on can overrule it at any time.
 */
import { install } from '../../src';
import { median } from '../../bench/averages';
import { type Trial, paceOn, tryingOrder } from './pace';
import { AUTO, type Pace, type PaceReport } from './pace_report';

/** No backend is begun to be tried after so many milliseconds of trying. */
const PATIENCE = 10_000;
/** Steps on a backend before the others are tried against it; the first, which compiles, does not count. */
const ENOUGH = 3;
/** Steps that the pace is the median of. */
const RECENT = 9;

export class BackendSearch {
  /** The one that trains; '' before {@link begin}. */
  backend = '';
  private chosen = AUTO;
  private untried: string[];
  private spent = 0;
  private steps: number[] = [];
  private readonly others = new Map<string, Pace>();

  /** @param set Sets a backend; resolves to whether it can be had. */
  constructor(
    private readonly names: readonly string[],
    private readonly batch: number,
    private readonly trial: Trial,
    private readonly set: (backend: string) => Promise<boolean>,
  ) {
    this.untried = tryingOrder(names);
  }

  /** Sets the backend to train on, unless there is one. */
  async begin(): Promise<void> {
    while (!this.backend) {
      const name = this.untried.shift();
      if (name === undefined) throw new Error(`None of the backends ${this.names.join(', ')} can be had here`);
      if (await this.set(name)) this.switchTo(name);
    }
  }

  /**
   * Trains on a backend from the next step on; with 'auto' on the fastest that is known.
   *
   * @throws Error if it cannot be had; all is as before then.
   */
  async choose(name: string): Promise<void> {
    if (name !== AUTO) {
      if (!(await this.set(name))) throw new Error(`This browser has no ${name}`);
      this.switchTo(name);
    } else {
      const [best] = this.report()
        .paces.filter(({ atLeast }) => !atLeast)
        .sort((a, b) => a.ms - b.ms);
      if (best && (await this.set(best.backend))) this.switchTo(best.backend);
    }
    this.chosen = name;
  }

  /** Takes note of what a step has taken. */
  note(ms: number): void {
    this.steps = [...this.steps.slice(-RECENT), ms];
  }

  /** The next backend to be tried, if there is one, and time for it. */
  next(): string | undefined {
    const isTime = this.chosen === AUTO && this.steps.length > ENOUGH && this.spent < PATIENCE;
    return isTime ? this.untried[0] : undefined;
  }

  /** Tries the {@link next}, and goes over to it if it is faster. */
  async tryNext(): Promise<void> {
    const [name, own] = [this.untried.shift()!, this.pace()!];
    const begin = performance.now();
    const pace = await paceOn(name, this.batch, this.trial, own.ms);
    this.spent += performance.now() - begin;
    if (!pace) return;
    this.others.set(name, pace);
    if (pace.atLeast || pace.ms > own.ms) return;
    this.switchTo(name);
  }

  /** Measures the backend that trains, if no step has been made. */
  async measure(): Promise<Pace> {
    const known = this.pace();
    if (known) return known;
    const { ms } = (await paceOn(this.backend, this.batch, this.trial))!;
    this.note(ms);
    this.note(ms);
    return this.pace()!;
  }

  report(): Omit<PaceReport, 'device'> {
    // On one just gone over to no step is made yet, but it has been tried.
    const tried = this.others.get(this.backend);
    const own = this.pace() ?? (tried?.atLeast ? undefined : tried);
    const others = [...this.others.values()].filter(({ backend }) => backend !== this.backend);
    return { chosen: this.chosen, choices: [AUTO, ...this.names], paces: own ? [own, ...others] : [] };
  }

  private pace(): Pace | undefined {
    return this.steps.length > 1 ? { backend: this.backend, ms: median(this.steps.slice(1)) } : undefined;
  }

  private switchTo(name: string): void {
    if (name === this.backend) return;
    const own = this.pace();
    if (own) this.others.set(own.backend, own);
    else if (this.backend) this.untried.push(this.backend);
    this.backend = name;
    this.untried = this.untried.filter((other) => other !== name);
    this.steps = [];
    install();
  }
}
