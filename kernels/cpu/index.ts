// SPDX-License-Identifier: Apache-2.0
/**
 * Registers the kernels of the `cpu` backend when imported, as `@tensorflow/tfjs-backend-cpu` does its own. Of tfjs
 * they use nothing that is not public: `write` and `readSync` are what a `KernelBackend` must have. That `readSync` is
 * an array of the values as they are is proven at the first use (../family/proof_of_storage).
 *
 * @module tfjs-conv2d-transpose/cpu
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { type BackendDescriptor, REPLACEABLE, registerBackend } from '../../src/contract';
import { type Storage, familyOn } from '../family/family';
import { elementwiseOn } from './elementwise';

const storage: Storage<MathBackendCPU> = {
  read: (backend, { dataId }) => backend.readSync(dataId) as Float32Array,
  make: (backend, shape, values, write, room) => {
    // Not `slice`, which V8 does an order of magnitude slower on WebAssembly's memory; and no zeros first.
    const own = room ?? (write ? new Float32Array(values.length) : new Float32Array(values));
    if (write) write(values, own);
    else if (room) room.set(values);
    return { dataId: backend.write(own, shape, 'float32'), shape, dtype: 'float32' };
  },
};
const family = familyOn('cpu', storage);

export const descriptor: BackendDescriptor<MathBackendCPU> = {
  ...family,
  replaces: REPLACEABLE,
  elementwise: elementwiseOn(family.probe, storage),
};

registerBackend(descriptor);

/** Memory of the engine in use. */
export const scratch = descriptor.scratch!;
export * from '../engine/public';
