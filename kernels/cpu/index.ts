// SPDX-License-Identifier: Apache-2.0
/** Registers the kernels of the `cpu` backend when imported, as `@tensorflow/tfjs-backend-cpu` does its own. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { type BackendDescriptor, REPLACEABLE, registerBackend } from '../../src/contract';
import { familyOn } from '../family/family';

export const descriptor: BackendDescriptor<MathBackendCPU> = {
  name: 'cpu',
  replaces: REPLACEABLE,
  ...familyOn<MathBackendCPU>({
    read: (backend, { dataId }) => backend.readSync(dataId) as Float32Array,
    make: (backend, shape, values, write) => {
      // Not `slice`, which V8 does an order of magnitude slower on WebAssembly's memory; and no zeros first.
      const own = write ? new Float32Array(values.length) : new Float32Array(values);
      write?.(values, own);
      return backend.makeTensorInfo(shape, 'float32', own);
    },
  }),
};

registerBackend(descriptor);

/** Memory of the engine in use. */
export const scratch = descriptor.scratch!;
export { ENGINE_FLAG, type EngineName, availableEngines, unavailableEngines } from '../engine/engines';
