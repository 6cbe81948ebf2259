// SPDX-License-Identifier: Apache-2.0
/** Registers the kernels of the `cpu` backend when imported, as `@tensorflow/tfjs-backend-cpu` does its own. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { registerAll } from '../../src/contract';
import { currentEngine } from '../engine/engines';
import { familyOn } from '../family/family';

registerAll(
  familyOn({
    backendName: 'cpu',
    read: (backend, { dataId }) => backend.readSync(dataId) as Float32Array,
    make: (backend, shape, values, write) => {
      // Not `slice`, which V8 does an order of magnitude slower on WebAssembly's memory; and no zeros first.
      const own = write ? new Float32Array(values.length) : new Float32Array(values);
      write?.(values, own);
      return (backend as MathBackendCPU).makeTensorInfo(shape, 'float32', own);
    },
  }),
);

export { ENGINE_FLAG, type EngineName, availableEngines } from '../engine/engines';

/** Memory of the engine in use, in bytes. */
export const scratch = {
  /** The most that one call has used besides its tensors, since `reset`. */
  get peakBytes(): number {
    return currentEngine().peakScratchBytes;
  },
  /** What is kept between calls; removing the backend gives it back. */
  get retainedBytes(): number {
    return currentEngine().retainedBytes;
  },
  reset(): void {
    currentEngine().peakScratchBytes = 0;
  },
};
