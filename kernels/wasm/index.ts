// SPDX-License-Identifier: Apache-2.0
/**
 * Registers the kernels of the `wasm` backend when imported, as `@tensorflow/tfjs-backend-wasm` does its own. They are
 * those of `cpu`, engine and all, on tensors in the heap of the backend.
 *
 * This file is all that is known here of tfjs's wasm backend beyond its public face: `typedArrayFromHeap` is a view of
 * a tensor, `getMemoryOffset` its address, `makeOutput` a tensor to be written by such a view. `wasm` is the module
 * that Emscripten made: its memory, its allocator. All is proven at the first use (../family/proof_of_storage). What
 * tfjs changes inside is mended here.
 *
 * Kernels run in the memory of tfjs, on tensors where they lie. Where tfjs has several threads (cross-origin isolated
 * pages) its memory is shared, which a module has to ask for when it is compiled, and no export: there, and wherever
 * the proof fails, operands are copied to a memory of the engine, and the result back.
 *
 * @module tfjs-conv2d-transpose/wasm
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  DENSE_CONVOLUTIONS,
  DEPTHWISE_GRADIENTS,
  type Pass,
  registerBackend,
} from '../../src/contract';
import type { ConvolutionRequest } from '../../src/geometry/convolution';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { type TensorHeap, familyOn } from '../family/family';

/** A view of a tensor, good until the heap grows, as it may to take a tensor that is still on another backend. */
function view(backend: BackendWasm, info: TensorInfo): Float32Array {
  // To ask for anything of a tensor moves it; `typedArrayFromHeap` would take the heap that there was before.
  backend.getMemoryOffset(info.dataId);
  return backend.typedArrayFromHeap(info) as Float32Array;
}

/** What there is of the module that Emscripten made, besides what its types tell. */
interface EmscriptenModule {
  readonly asm: { readonly memory: WebAssembly.Memory };
  _malloc(bytes: number): number;
  _free(address: number): void;
}

function heapOf(backend: BackendWasm): TensorHeap {
  const module = backend.wasm as unknown as EmscriptenModule;
  return {
    memory: module.asm.memory,
    // Addresses come as signed integers.
    allocate: (bytes) => module._malloc(bytes) >>> 0,
    free: (address) => module._free(address),
    addressOf: ({ dataId }) => backend.getMemoryOffset(dataId),
    empty: (shape) => backend.makeOutput(shape, 'float32'),
    dispose: ({ dataId }) => void backend.disposeData(dataId),
  };
}

const family = familyOn<BackendWasm>('wasm', {
  read: view,
  heap: heapOf,
  make: (backend, shape, values, write) => {
    const info = backend.makeOutput(shape, 'float32');
    const own = view(backend, info);
    if (write) write(values, own);
    else own.set(values);
    return info;
  },
});

/**
 * Whether XNNPACK computes a convolution wrongly. It finds sizes and pads by itself: with 'same' those of a 'same' that
 * pads nothing, and crops instead (a filter smaller than the stride), wrap around below 0; and where tfjs has rounded a
 * size otherwise (`dimRoundingMode`; a pad in one number, with strides or filters that differ by axis) it writes a
 * result of another size, past the end of the tensor if it is larger.
 */
function xnnpackErrs(pass: Pass, pad: ConvolutionRequest['pad'], g: Conv2DTransposeGeometry): boolean {
  if (pass !== 'input gradient') return false;
  if (pad === 'same') {
    const crops = g.outputPaddingHeight > 0 || g.outputPaddingWidth > 0;
    return crops && g.filterHeight * g.filterWidth > 1;
  }
  const [, rows, cols] = typeof pad === 'object' ? pad : Array.from({ length: 3 }, () => sidesOf(pad));
  const [height, width] = [heightAxis(g), widthAxis(g)];
  return [
    { ...height, pads: rows },
    { ...width, pads: cols },
  ].some(({ pads: [begin, end], ...axis }) => {
    const fit = axis.outSize + begin + end - axis.dilation * (axis.kernel - 1) - 1;
    return Math.floor(fit / axis.stride) + 1 !== axis.inSize;
  });
}

const sidesOf = (pad: 'valid' | number): [number, number] => (pad === 'valid' ? [0, 0] : [pad, pad]);

export const descriptor: BackendDescriptor<BackendWasm> = {
  ...family,
  // The engine is that of cpu.
  calibratedAs: { forward: 'cpu' },
  /*
   * Stock's transposed convolutions are plain loops, most gradients are missing. Its conv2d is XNNPACK's, which ours
   * beat on 20 of 21 layers (npm run bench:install): 1.05 to 2.0 times as fast, 0.6 on one that has nothing to compute.
   * Its depthwise one is left alone.
   */
  replaces: [...DENSE_CONVOLUTIONS, ...DEPTHWISE_GRADIENTS],
  // XNNPACK has several threads where tfjs has; and without SIMD it is compiled, ours is JavaScript.
  leavesToStock: (pass, backend) =>
    pass !== 'input gradient' || family.isInPlace(backend)
      ? undefined
      : `XNNPACK is as fast as ours, or faster, where ours run on the ${family.device(backend)}`,
  stockErrs: xnnpackErrs,
};

registerBackend(descriptor);

export * from '../engine/public';
