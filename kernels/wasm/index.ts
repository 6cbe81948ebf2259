// SPDX-License-Identifier: Apache-2.0
/**
 * Registers the kernels of the `wasm` backend when imported, as `@tensorflow/tfjs-backend-wasm` does its own. They are
 * those of `cpu`, engine and all, on tensors in the heap of the backend.
 *
 * This file is all that is known here of tfjs's wasm backend beyond its public face: `typedArrayFromHeap` is a view of
 * a tensor, `makeOutput` a tensor to be written by such a view. It is proven at the first use
 * (../family/proof_of_storage). What tfjs changes inside is mended in this file.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { type BackendDescriptor, registerBackend } from '../../src/contract';
import { familyOn } from '../family/family';

/** A view of a tensor, good until the heap grows. */
function view(backend: BackendWasm, info: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

export const descriptor: BackendDescriptor<BackendWasm> = {
  // The engine is that of cpu.
  calibratedAs: 'cpu',
  // Stock's conv2d and depthwise one are XNNPACK's; transposed ones are plain loops, other gradients are missing.
  replaces: [
    Conv2DBackpropInput,
    Conv2DBackpropFilter,
    DepthwiseConv2dNativeBackpropInput,
    DepthwiseConv2dNativeBackpropFilter,
  ],
  ...familyOn<BackendWasm>('wasm', {
    read: view,
    make: (backend, shape, values, write) => {
      const info = backend.makeOutput(shape, 'float32');
      const own = view(backend, info);
      if (write) write(values, own);
      else own.set(values);
      return info;
    },
  }),
};

registerBackend(descriptor);

export { ENGINE_FLAG, type EngineName, availableEngines, unavailableEngines } from '../engine/engines';
