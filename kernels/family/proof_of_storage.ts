// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a backend keeps its tensors as its adapter reads and makes them. A later tfjs that does it otherwise would
 * give wrong numbers, not errors. So, once for each backend: known values, which tfjs writes and the adapter reads; and
 * others, which the adapter makes and tfjs reads.
 */
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { SUPPORTED, type Support, otherInternals } from '../../src/contract';
import { keptBy } from '../../src/geometry/kept';
import type { Storage } from './family';

const SHAPE = [2, 3];
const KNOWN: readonly number[] = [1.5, -2, 3, 0, 5, 7];

/** The probe of a backend. */
export function proofOfStorage<B extends KernelBackend>(name: string, storage: Storage<B>): (backend: B) => Support {
  return keptBy((backend: B) => {
    const problem = problemWith(storage, backend);
    return problem === '' ? SUPPORTED : otherInternals(name, backend, problem);
  });
}

/** What is wrong, or ''. */
function problemWith<B extends KernelBackend>({ read, make }: Storage<B>, backend: B): string {
  const made: TensorInfo[] = [];
  const add = (info: TensorInfo): TensorInfo => {
    made.push(info);
    return info;
  };
  const tensor = (values: readonly number[]): TensorInfo => {
    const dataId = backend.write(Float32Array.from(values), SHAPE, 'float32');
    return add({ dataId, shape: SHAPE, dtype: 'float32' });
  };
  const doubled = KNOWN.map((value) => 2 * value);
  const double = (from: Float32Array, to: Float32Array): void => from.forEach((value, n) => (to[n] = 2 * value));
  const values = ({ dataId }: TensorInfo): Float32Array => backend.readSync(dataId) as Float32Array;
  try {
    const [first, second] = [tensor(KNOWN), tensor(doubled)];
    check('a tensor', read(backend, first), KNOWN);
    check('a second tensor', read(backend, second), doubled);
    check('a result', values(add(make(backend, SHAPE, Float32Array.from(KNOWN)))), KNOWN);
    check('a result', values(add(make(backend, SHAPE, Float32Array.from(KNOWN), double))), doubled);
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const { dataId } of made) backend.disposeData(dataId);
  }
}

function check(what: string, found: Float32Array, expected: readonly number[]): void {
  if (found.length === expected.length && expected.every((value, n) => found[n] === value)) return;
  throw new Error(`${what} of ${expected.join(', ')} is read as ${found.join(', ')}`);
}
