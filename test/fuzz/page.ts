// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: fuzzing of the webgl backend, with tfjs's packed programs and without; or of webgpu, with our
 * programs for simulated GPUs and with the others.
 */
import '../support/setup_browser';
import { environments } from '../support/environments';
import { webgpuOtherwise } from '../support/webgpu_environment';
import type { FuzzCase } from './check';
import { Fuzzing, type Tally } from './fuzzing';

// Half floats need a bound of their own, and are swept by the specs.
const on = (name: string): typeof environments =>
  [...environments, webgpuOtherwise].filter(
    ({ backend, precision, withoutKernels }) => backend === name && !precision && !withoutKernels,
  );
let fuzzing = new Fuzzing(on('webgl'), 0);

const page = {
  begin: (backend: string, seed: number): void => void (fuzzing = new Fuzzing(on(backend), seed)),
  runBlock: (from: number, to: number) => fuzzing.runBlock(from, to),
  runCase: (c: FuzzCase) => fuzzing.runCase(c),
  tally: (): Tally => fuzzing.tally,
  stop: () => fuzzing.stop(),
};
export type FuzzPage = typeof page;
Object.assign(globalThis, { page });
