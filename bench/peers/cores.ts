// SPDX-License-Identifier: Apache-2.0
/**
 * The cores of this machine, from Node: what several busy threads give at most, and whether all are here just now. A
 * core may be a thread of one that it shares with strangers, so that it is slower by a third, or be gone for a while.
 */
import { Worker } from 'node:worker_threads';
import { median } from '../averages';
import { peakModule } from './peak';

/** How many times the work of one thread several do in the same time. */
export interface Ceiling {
  /** Multiply-adds on registers, which share nothing (cores may be two threads of one). */
  readonly multiplying: number;
  /** Copies between arrays that no cache holds, which share the memory. */
  readonly copying: number;
}

/** Of each some 20 ms; but a probe 2. */
const SCRIPT = `
  const { parentPort, workerData } = require('node:worker_threads');
  const memory = new WebAssembly.Memory({ initial: 0 });
  const { outer } = new WebAssembly.Instance(workerData, { env: { memory } }).exports;
  const [from, to] = [1, 2].map((value) => new Float32Array(1 << 23).fill(value));
  const work = {
    multiplying: () => outer(2e7, 0.5),
    copying: () => { for (let n = 0; n < 6; n++) to.set(from); },
    probe: () => outer(2e6, 0.5),
  };
  parentPort.on('message', (name) => {
    const begin = performance.now();
    work[name]();
    parentPort.postMessage(performance.now() - begin);
  });
`;
type Work = keyof Ceiling | 'probe';

const ROUNDS = 9;
/** Probes that tell how long one takes undisturbed; of later ones the best of some, which may take so much longer. */
const PROBES = { first: 100, tries: 3, most: 1.4 };

export class Cores {
  private readonly workers: readonly Worker[];
  private leastMs = Infinity;

  constructor(threads: number) {
    const module = peakModule(false);
    this.workers = Array.from({ length: threads }, () => new Worker(SCRIPT, { eval: true, workerData: module }));
  }

  async ceiling(): Promise<Ceiling> {
    return { multiplying: await this.ratio('multiplying'), copying: await this.ratio('copying') };
  }

  /** Whether all of them multiply nearly as fast as ever just now. */
  async areHere(): Promise<boolean> {
    let ms = Infinity;
    for (let n = this.leastMs < Infinity ? PROBES.tries : PROBES.first; n > 0; n--) {
      const times = await this.together(this.workers, 'probe');
      this.leastMs = Math.min(this.leastMs, ...times);
      if (n <= PROBES.tries) ms = Math.min(ms, Math.max(...times));
    }
    return ms <= this.leastMs * PROBES.most;
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /** The times of all, in milliseconds. */
  private async together(some: readonly Worker[], work: Work): Promise<number[]> {
    const times = some.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve)));
    for (const worker of some) worker.postMessage(work);
    return Promise.all(times);
  }

  private async ratio(work: keyof Ceiling): Promise<number> {
    const { workers } = this;
    await this.together(workers, work);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [alone] = await this.together(workers.slice(0, 1), work);
      ratios.push((workers.length * alone) / Math.max(...(await this.together(workers, work))));
    }
    return median(ratios);
  }
}
