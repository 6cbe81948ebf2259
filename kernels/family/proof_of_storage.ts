// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a backend keeps its tensors as its adapter reads and makes them. A later tfjs that does it otherwise would
 * give wrong numbers, not errors. So, once for each backend: known values, which tfjs writes and the adapter reads; and
 * others, which the adapter makes and tfjs reads. And whether its memory is what the adapter takes for it. Where
 * something throws instead, it is tried again later: memory may have been short.
 */
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { SUPPORTED, type Support, otherInternals, unproven } from '../../src/contract';
import { keptBy, retried } from '../../src/geometry/kept';
import type { Storage, TensorHeap } from './family';

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

/**
 * The memory of a backend's tensors, if the backend has such a memory, and it is proven that tensors lie in it as the
 * adapter says, and that what its allocator gives is nobody else's.
 */
export function proofOfHeap<B extends KernelBackend>(storage: Storage<B>): (backend: B) => TensorHeap | undefined {
  const proofOf = keptBy((backend: B) =>
    retried(() => {
      const heap = storage.heap?.(backend);
      return { heap: heap && holdsTensors(heap, storage, backend) ? heap : undefined };
    }),
  );
  return (backend) => {
    try {
      return proofOf(backend)()!.heap;
    } catch {
      return undefined;
    }
  };
}

/** @throws Error if there is no memory left, or something is not there that should be. */
function holdsTensors<B extends KernelBackend>(heap: TensorHeap, { read }: Storage<B>, backend: B): boolean {
  const tensor = heap.empty(SHAPE);
  let room = 0;
  try {
    const { buffer, byteOffset } = read(backend, tensor);
    if (buffer !== heap.memory.buffer || byteOffset !== heap.addressOf(tensor)) return false;
    // No view is kept: whatever is allocated may make the memory grow.
    const inMemory = (address: number): Float32Array => new Float32Array(heap.memory.buffer, address, KNOWN.length);
    inMemory(byteOffset).set(KNOWN);
    room = heap.allocate(4 * KNOWN.length);
    if (room === 0) throw new Error('there is no memory left');
    inMemory(room).fill(-1);
    return difference('a tensor', backend.readSync(tensor.dataId) as Float32Array, KNOWN) === '';
  } finally {
    if (room !== 0) heap.free(room);
    heap.dispose(tensor);
  }
}

/** What is wrong with values that were read, or ''. */
function difference(what: string, found: Float32Array, expected: readonly number[]): string {
  const isRight = found.length === expected.length && expected.every((value, n) => found[n] === value);
  return isRight ? '' : `${what} of ${expected.join(', ')} is read as ${found.join(', ')}`;
}
