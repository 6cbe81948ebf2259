// SPDX-License-Identifier: Apache-2.0
/**
 * What several busy threads give at most on this machine, in Node: multiply-adds on registers, which share nothing
 * (cores may be two threads of one), and copies between arrays that no cache holds, which share the memory.
 */
import { Worker } from 'node:worker_threads';
import { median } from '../averages';
import { peakModule } from './peak';

export interface Ceiling {
  /** How many times the work of one thread all do in the same time. */
  readonly multiplying: number;
  readonly copying: number;
}

/** Some 20 ms of either. */
const SCRIPT = `
  const { parentPort, workerData } = require('node:worker_threads');
  const memory = new WebAssembly.Memory({ initial: 0 });
  const { outer } = new WebAssembly.Instance(workerData, { env: { memory } }).exports;
  const [from, to] = [1, 2].map((value) => new Float32Array(1 << 23).fill(value));
  const work = {
    multiplying: () => outer(2e7, 0.5),
    copying: () => { for (let n = 0; n < 6; n++) to.set(from); },
  };
  parentPort.on('message', (name) => {
    const begin = performance.now();
    work[name]();
    parentPort.postMessage(performance.now() - begin);
  });
`;
const ROUNDS = 9;

export async function ceilingOf(threads: number): Promise<Ceiling> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(SCRIPT, { eval: true, workerData: peakModule(false) }),
  );
  /** Milliseconds of the slowest. */
  const together = async (some: readonly Worker[], name: keyof Ceiling): Promise<number> => {
    const times = some.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve)));
    for (const worker of some) worker.postMessage(name);
    return Math.max(...(await Promise.all(times)));
  };
  const ratio = async (name: keyof Ceiling): Promise<number> => {
    await together(workers, name);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++)
      ratios.push((threads * (await together(workers.slice(0, 1), name))) / (await together(workers, name)));
    return median(ratios);
  };
  try {
    return { multiplying: await ratio('multiplying'), copying: await ratio('copying') };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
