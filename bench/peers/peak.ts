// SPDX-License-Identifier: Apache-2.0
import { RELAXED_MODULE, SIMD_MODULE } from './peak.generated';

/** Operations per round of the loops of ./peak.as.ts. */
const LOOPS = { outer: 48, chains: 128 };

/**
 * GFLOP/s of multiply-adds on registers: the best of some runs of either loop, one thread. A machine's clock varies:
 * the most that is found between the layers of a bench is its peak.
 */
export function peakGflops(relaxed: boolean): number {
  const memory = new WebAssembly.Memory({ initial: 0 });
  const { exports } = new WebAssembly.Instance(peakModule(relaxed), { env: { memory } });
  const rounds = 1e6;
  let best = 0;
  for (const [name, operations] of Object.entries(LOOPS)) {
    const loop = exports[name] as (rounds: number, value: number) => number;
    for (let run = 0; run < 10; run++) {
      const begin = performance.now();
      loop(rounds, 0.5);
      best = Math.max(best, (operations * rounds) / (performance.now() - begin) / 1e6);
    }
  }
  return best;
}

/** The loops, with relaxed SIMD or without. */
export function peakModule(relaxed: boolean): WebAssembly.Module {
  const bytes = Uint8Array.from(atob(relaxed ? RELAXED_MODULE : SIMD_MODULE), (char) => char.charCodeAt(0));
  return new WebAssembly.Module(bytes);
}
