// SPDX-License-Identifier: Apache-2.0
/** The kernels of the family for any backend whose tensors are arrays in memory: the same engine computes them all. */
import { type KernelBackend, type TensorInfo, util } from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  type FamilyKernel,
  type FusedInfo,
  type KernelCall,
  SUPPORTED,
  type Variant,
  allowsFastMath,
} from '../../src/contract';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import { keptBy } from '../../src/geometry/kept';
import type { Engine, Heap, InPlace, Plan } from '../engine/engine';
import { currentEngine, releaseEngines } from '../engine/engines';
import { type Threads, threads } from '../engine/threads/set_threads';
import { backpropFilter } from './backprop_filter';
import { backpropInput } from './backprop_input';
import { dilate } from './dilate';
import { type Epilogue, curvesOf, writeFused } from './fused_sums';
import { matmul } from './matmul';
import { proofOfHeap, proofOfStorage } from './proof_of_storage';
import { scatter } from './scatter';
import { subpixel } from './subpixel';
import { supportsWinograd, takesWinogradInput, winograd, winogradInput } from './winograd';

/** A kernel of the family: how it lays a geometry out as steps of an engine. */
type Planner = (g: Conv2DTransposeGeometry, variant: Variant) => Plan;

/** How a variant is planned (once for each geometry), where it can't run, and whether it is less exact. */
interface Planned extends Partial<Pick<FamilyKernel, 'supports' | 'isInexact' | 'isInexactFor'>> {
  readonly planOf: Planner;
}

/** The variants, each in a file of its own. */
const VARIANT_PLANS: Readonly<Partial<Record<Variant, Planned>>> = {
  scatter: { planOf: keptBy(scatter) },
  dilate: { planOf: keptBy(dilate) },
  matmul: { planOf: keptBy(matmul) },
  subpixel: { planOf: keptBy(subpixel) },
  winograd: { planOf: keptBy(winograd), supports: supportsWinograd, isInexact: true },
};
const backpropInputPlan = keptBy(backpropInput);
const winogradInputPlan = keptBy(winogradInput);
const backpropFilterPlan = keptBy(backpropFilter);

/** Writes the values of a tensor from the sums of the engine. */
export type Write = (from: Float32Array, to: Float32Array) => void;

/** How a backend keeps its tensors. */
export interface Storage<B extends KernelBackend> {
  /**
   * The values of a float32 tensor; read before the next call. One that is still on another backend is moved here: then
   * a heap may grow, and arrays that were read before are gone.
   */
  read(backend: B, info: TensorInfo): Float32Array;
  /** A tensor of a copy of the values, or of what `write` makes of them; in `room`, if that is given. */
  make(backend: B, shape: number[], values: Float32Array, write?: Write, room?: Float32Array): TensorInfo;
  /** The memory that `read` gives views of, for engines that can compute in it. */
  heap?(backend: B): TensorHeap;
}

/** Memory that tensors lie in. */
export interface TensorHeap extends Heap {
  /**
   * Where the values of a float32 tensor begin, in bytes. One that is still on another backend is moved here: then the
   * heap may grow. Unlike views, addresses are good even then.
   */
  addressOf(info: TensorInfo): number;
  /** A float32 tensor whose values are yet to be written. */
  empty(shape: number[]): TensorInfo;
  dispose(info: TensorInfo): void;
}

/** What a descriptor has of the family. */
type Family<B extends KernelBackend> = Omit<BackendDescriptor<B>, 'replaces' | 'calibratedAs'> & {
  /** Whether kernels compute on tensors where they lie. */
  readonly isInPlace: (backend: B) => boolean;
};

/** The kernels of the family on a backend of that name. */
export function familyOn<B extends KernelBackend>(name: string, storage: Storage<B>): Family<B> {
  const { read, make } = storage;
  const epilogueOf = (backend: B, fused: FusedInfo): Epilogue => {
    const { bias, preluActivationWeights, activation, leakyreluAlpha } = fused;
    const valuesOf = (info: TensorInfo | undefined): Float32Array | undefined => info && read(backend, info);
    return { bias: valuesOf(bias), prelu: valuesOf(preluActivationWeights), activation, leakyreluAlpha };
  };
  /** On their way out of the engine, sums get what is fused with them. Read late: making a tensor may move a heap. */
  const writeOf =
    (backend: B, channels: number, fused: FusedInfo): Write =>
    (from, to) =>
      writeFused(from, to, channels, epilogueOf(backend, fused));
  /** The same to sums in a heap; they are gone after an error. */
  const fuseInPlace = (heap: TensorHeap, backend: B, result: TensorInfo, channels: number, fused: FusedInfo): void => {
    let isDone = false;
    try {
      settle(backend, fused.bias, fused.preluActivationWeights);
      const curves = curvesOf(epilogueOf(backend, fused), channels);
      const fuse = curves && currentEngine().fuseInPlace?.(heap);
      if (!fuse?.(heap.addressOf(result), util.sizeFromShape(result.shape), curves!)) {
        const sums = read(backend, result);
        writeOf(backend, channels, fused)(sums, sums);
      }
      isDone = true;
    } finally {
      if (!isDone) heap.dispose(result);
    }
  };
  /** Moves here what is still on another backend: to read it afterwards makes no heap grow. */
  const settle = (backend: B, ...infos: readonly (TensorInfo | undefined)[]): void => {
    for (const info of infos) if (info) read(backend, info);
  };
  const heapOf = proofOfHeap(storage);
  /** What runs plans on tensors in place, if the engine can in a heap. */
  const inPlaceIn = (heap: Heap | undefined): InPlace | undefined => heap && currentEngine().inPlace?.(heap);
  /** The result computed in place; `undefined` if that can't be, or there is no memory left for it. */
  const computedInPlace = (plan: Plan, call: KernelCall<B>): TensorInfo | undefined => {
    const { backend, first, second, outShape, fused } = call;
    const heap = heapOf(backend);
    const run = inPlaceIn(heap);
    if (!heap || !run || currentEngine().prefersThreads?.(plan)) return undefined;
    // Copies are converted to floats; what lies in place can't be.
    if (first.dtype !== 'float32' || second.dtype !== 'float32') return undefined;
    const result = heap.empty(outShape);
    let isDone = false;
    try {
      const at = { first: heap.addressOf(first), second: heap.addressOf(second), out: heap.addressOf(result) };
      if (!run(plan, at)) return undefined;
      isDone = true;
    } finally {
      if (!isDone) heap.dispose(result);
    }
    if (fused) fuseInPlace(heap, backend, result, outShape[3], fused);
    return result;
  };
  const kernel = ({ planOf, supports = () => SUPPORTED, ...rest }: Planned): FamilyKernel<B> => ({
    ...rest,
    supports: supports as FamilyKernel<B>['supports'],
    run: (call) => {
      const { backend, geometry, first, second, outShape, fused, variant } = call;
      const plan = planOf(geometry, variant);
      const done = computedInPlace(plan, call);
      if (done) return done;
      // Only views of a heap are gone when it grows.
      if (storage.heap) settle(backend, first, second, fused?.bias, fused?.preluActivationWeights);
      // Sums that lie in a heap get it there, in SIMD.
      const heap = fused && heapOf(backend);
      const write = fused && !heap ? writeOf(backend, outShape[3], fused) : undefined;
      const take = (values: Float32Array, room?: Float32Array): TensorInfo =>
        make(backend, outShape, values, write, room);
      const operands = [read(backend, first), read(backend, second)] as const;
      const result = currentEngine().run(plan, ...operands, take, !storage.heap);
      if (heap) fuseInPlace(heap, backend, result, outShape[3], fused);
      return result;
    },
  });
  const nameOf = deviceNames();
  const device = (backend: B): string => {
    const engine = currentEngine();
    const copies = storage.heap !== undefined && engine.inPlace !== undefined && !isInPlace(backend);
    return nameOf(engine, copies, threads().count);
  };
  const isInPlace = (backend: B): boolean => inPlaceIn(heapOf(backend)) !== undefined;
  return {
    name,
    runsOn: 'cpu',
    isInPlace,
    device,
    deviceInWords: (backend) => inWords(device(backend), threads()),
    probe: proofOfStorage(name, storage),
    allowsFastMath,
    variants: Object.fromEntries(Object.entries(VARIANT_PLANS).map(([variant, planned]) => [variant, kernel(planned)])),
    backpropInput: kernel({
      planOf: (g, variant) => (takesWinogradInput(g, variant) ? winogradInputPlan(g) : backpropInputPlan(g)),
      isInexactFor: (g) => takesWinogradInput(g, 'subpixel'),
    }),
    backpropFilter: kernel({ planOf: backpropFilterPlan }),
    scratch: {
      get peakBytes() {
        return currentEngine().peakScratchBytes;
      },
      get retainedBytes() {
        return currentEngine().retainedBytes;
      },
      reset() {
        currentEngine().peakScratchBytes = 0;
      },
    },
    release: releaseEngines,
  };
}

/** Names a device; the same string for as long as nothing changes: it is asked for at every call. */
function deviceNames(): (engine: Engine, copies: boolean, threadCount: number) => string {
  let [name, last, lastCopies, lastCount]: [string, ...Partial<[Engine, boolean, number]>] = [''];
  return (engine, copies, count) => {
    if (last !== engine || lastCopies !== copies || lastCount !== count) {
      [last, lastCopies, lastCount] = [engine, copies, count];
      name = `${engine.name} engine${copies ? ', on copies of tensors' : ''}${count > 1 ? `, ${count} threads` : ''}`;
    }
    return name;
  };
}

/** A device, and why it has no more threads. */
function inWords(device: string, { count, reason }: Threads): string {
  if (reason === undefined) return device;
  return `${device}${count > 1 ? '' : ', 1 thread'}: ${reason}`;
}
