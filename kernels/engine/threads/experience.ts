// SPDX-License-Identifier: Apache-2.0
/**
 * Whether threads pay for a plan, as its own calls tell. Whether they should can be predicted (./worth). Whether they
 * do depends on what else the machine does just now, on memory that cores share, and on how long it takes to wake.
 *
 * Both ways are tried, the faster one is taken. Where they are close, or several are slower, the other is tried again
 * now and then: trials may cost no more than a small part of all.
 */

/** One thread, or all of them. */
type Way = 'alone' | 'together';

const OTHER = { alone: 'together', together: 'alone' } as const;

/** The last calls of a way, of which the fastest counts: what takes longer was disturbed, or was the first. */
const KEPT = 3;
/** Calls of which one was likely not disturbed. */
const ENOUGH = 2;
/** Calls that take so many times what they should are enough of them. */
const HOPELESS = 3;
/** Calls from one trial to the next, at least; and the part of their time that a trial may have lost. */
const LEAST_CALLS = 8;
const MOST_LOST = 0.02;
/** Of the time of one thread: several that take less are not in doubt, several that take more are not worth it. */
const BEYOND_DOUBT = 0.85;
const WORTH_IT = 0.95;

export class Experience {
  private readonly times: Readonly<Record<Way, number[]>> = { alone: [], together: [] };
  private chosen: Way = 'together';
  private isTrial = false;
  /** Calls of what is chosen until the next trial, and what a trial has lost so far. */
  private callsLeft = ENOUGH;
  private lost = 0;

  /** How the next call is to be made. */
  get way(): Way {
    return this.isTrial ? OTHER[this.chosen] : this.chosen;
  }

  /** Is told how long a call took, in milliseconds. */
  note(way: Way, ms: number): void {
    // Another way than was asked for: there was no memory.
    if (way !== this.way) return;
    const times = this.times[way];
    times.push(ms);
    if (times.length > KEPT) times.shift();
    if (!this.isTrial) {
      if (--this.callsLeft <= 0 && this.isInDoubt()) this.beginTrial();
      return;
    }
    const usual = this.recent(this.chosen);
    this.lost += ms - usual;
    if (times.length >= ENOUGH || ms > HOPELESS * usual) this.endTrial();
  }

  private isInDoubt(): boolean {
    const { alone } = this.times;
    if (this.chosen === 'alone' || alone.length === 0) return true;
    return this.recent('together') >= BEYOND_DOUBT * this.recent('alone');
  }

  private beginTrial(): void {
    this.isTrial = true;
    this.lost = 0;
    this.times[this.way].length = 0;
  }

  private endTrial(): void {
    this.isTrial = false;
    this.chosen = this.recent('together') <= WORTH_IT * this.recent('alone') ? 'together' : 'alone';
    // A coarse clock says that nothing takes any time.
    const perCall = MOST_LOST * this.recent(this.chosen) || Infinity;
    this.callsLeft = Math.max(LEAST_CALLS, this.lost / perCall);
  }

  private recent(way: Way): number {
    return Math.min(...this.times[way]);
  }
}
