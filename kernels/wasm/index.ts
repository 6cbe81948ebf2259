// SPDX-License-Identifier: Apache-2.0
/**
 * Registers the kernels of the `wasm` backend when imported, as `@tensorflow/tfjs-backend-wasm` does its own. They are those of `cpu`, engine and all, on
 * tensors in the heap of the backend.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { registerAll } from '../../src/contract';
import { familyOn } from '../family/family';

/** A view of a tensor, good until the heap grows. */
function view(backend: BackendWasm, info: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

registerAll(
  familyOn({
    backendName: 'wasm',
    read: (backend, info) => view(backend as BackendWasm, info),
    make: (backend, shape, values, write) => {
      const info = (backend as BackendWasm).makeOutput(shape, 'float32');
      const own = view(backend as BackendWasm, info);
      if (write) write(values, own);
      else own.set(values);
      return info;
    },
  }),
);

export { ENGINE_FLAG, type EngineName, availableEngines } from '../engine/engines';
