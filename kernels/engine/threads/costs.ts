// SPDX-License-Identifier: Apache-2.0
/**
 * What calls of threads cost, measured again now and then: it takes ten times as long to wake somebody whose core does
 * something else, and nobody knows for how long that will be so.
 */

/** Milliseconds, measured. */
export interface Costs {
  /** From a call to the end of it, if nothing is to be done. */
  readonly call: number;
  readonly barrier: number;
}

/** How many measurements count, the last ones; and milliseconds from one to the next. */
const KEPT = 5;
const INTERVAL = 200;

export class MeasuredCosts {
  /** The least of the last measurements: what others did meanwhile on this machine is not meant. */
  least: Costs = { call: Infinity, barrier: Infinity };
  private readonly measured: Costs[] = [];
  private due = -Infinity;

  constructor(private readonly measure: () => Costs) {}

  /** Measures once. */
  renew(): void {
    const { measured } = this;
    measured.push(this.measure());
    if (measured.length > KEPT) measured.shift();
    this.least = {
      call: Math.min(...measured.map(({ call }) => call)),
      barrier: Math.min(...measured.map(({ barrier }) => barrier)),
    };
    this.due = performance.now() + INTERVAL;
  }

  /** Measures if that was long ago. */
  renewIfOld(): void {
    if (performance.now() >= this.due) this.renew();
  }
}
