// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a backend keeps its tensors as its adapter reads and makes them. A later tfjs that does it otherwise would
 * give wrong numbers, not errors. So, once for each backend: known values, which tfjs writes and the adapter reads; and
 * others, which the adapter makes and tfjs reads. Where something throws instead, it is tried again later: memory may
 * have been short.
 */
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { SUPPORTED, type Support, otherInternals, unproven } from '../../src/contract';
import { keptBy, retried } from '../../src/geometry/kept';
import type { Storage } from './family';

const SHAPE = [2, 3];
const KNOWN: readonly number[] = [1.5, -2, 3, 0, 5, 7];

/** The probe of a backend. */
export function proofOfStorage<B extends KernelBackend>(name: string, storage: Storage<B>): (backend: B) => Support {
  const proofOf = keptBy((backend: B) =>
    retried((): Support => {
      const problem = problemWith(storage, backend);
      return problem === '' ? SUPPORTED : otherInternals(name, backend, problem);
    }),
  );
  return (backend) => {
    try {
      return proofOf(backend)()!;
    } catch (error) {
      return unproven(name, backend, error);
    }
  };
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
    return (
      difference('a tensor', read(backend, first), KNOWN) ||
      difference('a second tensor', read(backend, second), doubled) ||
      difference('a result', values(add(make(backend, SHAPE, Float32Array.from(KNOWN)))), KNOWN) ||
      difference('a result', values(add(make(backend, SHAPE, Float32Array.from(KNOWN), double))), doubled)
    );
  } finally {
    for (const { dataId } of made) backend.disposeData(dataId);
  }
}

/** What is wrong with values that were read, or ''. */
function difference(what: string, found: Float32Array, expected: readonly number[]): string {
  const isRight = found.length === expected.length && expected.every((value, n) => found[n] === value);
  return isRight ? '' : `${what} of ${expected.join(', ')} is read as ${found.join(', ')}`;
}
