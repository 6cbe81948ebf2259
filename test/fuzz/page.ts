// SPDX-License-Identifier: Apache-2.0
/** Runs in a page: fuzzing of the webgl backend, with tfjs's packed programs and without. */
import '../support/setup_browser';
import { environments } from '../support/environments';
import type { FuzzCase } from './check';
import { Fuzzing, type Tally } from './fuzzing';

// Half floats need a bound of their own, and are swept by the specs.
const onWebgl = environments.filter(
  ({ backend, precision, withoutKernels }) => backend === 'webgl' && !precision && !withoutKernels,
);
let fuzzing = new Fuzzing(onWebgl, 0);

const page = {
  begin: (seed: number): void => void (fuzzing = new Fuzzing(onWebgl, seed)),
  runBlock: (from: number, to: number) => fuzzing.runBlock(from, to),
  runCase: (c: FuzzCase) => fuzzing.runCase(c),
  tally: (): Tally => fuzzing.tally,
  stop: () => fuzzing.stop(),
};
export type FuzzPage = typeof page;
Object.assign(globalThis, { page });
