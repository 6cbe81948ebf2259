// SPDX-License-Identifier: Apache-2.0
/** The kernels of the family for any backend whose tensors are arrays in memory: the same engine computes them all. */
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { type BackendDescriptor, type FamilyKernel, SUPPORTED } from '../../src/contract';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import { backpropFilter } from './backprop_filter';
import { backpropInput } from './backprop_input';
import { dilate } from './dilate';
import type { Block, Workspace } from '../engine/engine';
import { writeFused } from './fused_sums';
import { currentEngine, releaseEngines } from '../engine/engines';
import { matmul } from './matmul';
import { scatter } from './scatter';
import { subpixel } from './subpixel';

/** Writes the values of a tensor from the sums of the engine. */
export type Write = (from: Float32Array, to: Float32Array) => void;

/** How a backend keeps its tensors. */
export interface Storage<B extends KernelBackend> {
  /** The values of a float32 tensor; read before the next call. */
  read(backend: B, info: TensorInfo): Float32Array;
  /** A tensor of a copy of the values, or of what `write` makes of them. */
  make(backend: B, shape: number[], values: Float32Array, write?: Write): TensorInfo;
}

type Compute = (g: Conv2DTransposeGeometry, workspace: Workspace, first: Float32Array, second: Float32Array) => Block;

/** What a descriptor has of the family. */
type Family<B extends KernelBackend> = Omit<BackendDescriptor<B>, 'name' | 'replaces' | 'calibratedAs'>;

/** The kernels of the family on a backend. */
export function familyOn<B extends KernelBackend>({ read, make }: Storage<B>): Family<B> {
  const kernel = (compute: Compute): FamilyKernel<B> => ({
    supports: () => SUPPORTED,
    run: ({ backend, geometry, first: a, second: b, outShape, fused }) => {
      const [first, second] = [read(backend, a), read(backend, b)];
      const valuesOf = (info: TensorInfo | undefined): Float32Array | undefined => info && read(backend, info);
      // On their way out of the engine, sums get what is fused with them.
      const write: Write | undefined =
        fused &&
        ((from, to) =>
          writeFused(from, to, outShape[3], {
            bias: valuesOf(fused.bias),
            activation: fused.activation,
            prelu: valuesOf(fused.preluActivationWeights),
            leakyreluAlpha: fused.leakyreluAlpha,
          }));
      return currentEngine().run(
        (workspace) => compute(geometry, workspace, first, second),
        (values) => make(backend, outShape, values, write),
      );
    },
  });
  return {
    runsOn: 'cpu',
    device: () => `${currentEngine().name} engine`,
    probe: () => SUPPORTED,
    variants: {
      scatter: kernel(scatter),
      dilate: kernel(dilate),
      matmul: kernel(matmul),
      subpixel: kernel(subpixel),
    },
    backpropInput: kernel(backpropInput),
    backpropFilter: kernel(backpropFilter),
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
