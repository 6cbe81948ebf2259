// SPDX-License-Identifier: Apache-2.0
/**
 * Whether threads pay for a plan, as its own calls tell. Whether they should can be predicted (./worth). Whether they
 * do depends on what else the machine does just now, on memory that cores share, and on how long it takes to wake.
 *
 * Several go first. Then one is tried, the faster way is taken, and the other tried again now and then: as often as
 * trials cost no more than a small part of all, or a smaller one where there is little doubt.
 */

/** One thread, or all of them. */
type Way = 'alone' | 'together';

const OTHER = { alone: 'together', together: 'alone' } as const;

/** The last calls of a way, of which the fastest counts: what takes longer was disturbed. */
const KEPT = 3;
/** Calls of a trial, of which one was likely not disturbed. */
const ENOUGH = 2;
/** Several threads that take so many times what one takes are given up at once. */
const HOPELESS = 3;
/** Calls before the first trial: who asks for a few calls gets what was predicted. */
const FIRST_CALLS = 16;
/** Calls from one trial to the next: whatever was lost by one, things change. */
const CALLS = { least: 8, most: 2000 };
/** The part of the time between trials that one may have lost: where both ways are close, and where they are not. */
const MOST_LOST = { inDoubt: 0.02, else: 0.002 };
/** Of the time of one thread: several that take less are not in doubt, several that take more are not worth it. */
const BEYOND_DOUBT = 0.85;
const WORTH_IT = 0.95;

export class Experience {
  private readonly times: Readonly<Record<Way, number[]>> = { alone: [], together: [] };
  /** Ways that were taken before. The first call compiles, and makes memory. */
  private readonly isWarm: Record<Way, boolean> = { alone: false, together: false };
  private chosen: Way = 'together';
  private isTrial = false;
  /** Whether several can't be. */
  private isForgone = false;
  /** Calls of what is chosen until the next trial. */
  private callsLeft = FIRST_CALLS;

  /** How the next call is to be made. */
  get way(): Way {
    if (this.isForgone) return 'alone';
    return this.isTrial ? OTHER[this.chosen] : this.chosen;
  }

  /** Is told that there is no memory for several threads. */
  forgo(): void {
    this.isForgone = true;
  }

  /** Is told how long a call took, in milliseconds. */
  note(way: Way, ms: number): void {
    if (way !== this.way || this.isForgone) return;
    if (!this.isWarm[way]) {
      this.isWarm[way] = true;
      return;
    }
    const times = this.times[way];
    times.push(ms);
    if (times.length > KEPT) times.shift();
    if (!this.isTrial) {
      if (--this.callsLeft <= 0) this.beginTrial();
    } else if (times.length >= ENOUGH || (way === 'together' && ms > HOPELESS * this.recent('alone'))) {
      this.endTrial();
    }
  }

  private beginTrial(): void {
    this.isTrial = true;
    this.times[this.way].length = 0;
  }

  private endTrial(): void {
    const tried = this.way;
    const [alone, together] = [this.recent('alone'), this.recent('together')];
    this.isTrial = false;
    this.chosen = together <= WORTH_IT * alone ? 'together' : 'alone';
    const usual = this.recent(this.chosen);
    const lost = tried === this.chosen ? 0 : this.times[tried].reduce((sum, ms) => sum + ms - usual, 0);
    const isInDoubt = this.chosen === 'alone' || together > BEYOND_DOUBT * alone;
    const calls = lost / usual / (isInDoubt ? MOST_LOST.inDoubt : MOST_LOST.else);
    // A coarse clock says that nothing takes any time.
    this.callsLeft = Math.min(CALLS.most, Math.max(CALLS.least, calls || 0));
  }

  private recent(way: Way): number {
    return Math.min(...this.times[way]);
  }
}
