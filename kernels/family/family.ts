// SPDX-License-Identifier: Apache-2.0
/** The kernels of the family for any backend whose tensors are arrays in memory: the same engine computes them all. */
import type { KernelBackend, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, filterShapeOf, xShapeOf, yShapeOf } from '../../src/geometry/geometry';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  KERNEL_OF_VARIANT,
  type Variant,
  type VariantKernelConfig,
} from '../../src/contract';
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
export interface Storage {
  readonly backendName: string;
  /** The values of a float32 tensor; read before the next call. */
  read(backend: KernelBackend, info: TensorInfo): Float32Array;
  /** A tensor of a copy of the values, or of what `write` makes of them. */
  make(backend: KernelBackend, shape: number[], values: Float32Array, write?: Write): TensorInfo;
}

type Compute = (g: Conv2DTransposeGeometry, workspace: Workspace, first: Float32Array, second: Float32Array) => Block;

/** The configs of all kernels of the family on a backend. */
export function familyOn({ backendName, read, make }: Storage): KernelConfig[] {
  /** A kernel config that reads two inputs, lets `compute` work on their values and wraps what it returns. */
  const kernel = (
    kernelName: string,
    inputNames: [string, string],
    compute: Compute,
    shapeOf: (g: Conv2DTransposeGeometry) => number[],
  ): KernelConfig => ({
    kernelName,
    backendName,
    disposeFunc: releaseEngines,
    kernelFunc: ({ inputs, backend, attrs }): TensorInfo => {
      const [on, g] = [backend as KernelBackend, attrs as unknown as Conv2DTransposeAttrs];
      const [first, second] = inputNames.map((name) => read(on, inputs[name]!));
      const shape = shapeOf(g);
      const { bias, preluActivationWeights: prelu } = inputs;
      const { activation = 'linear', leakyreluAlpha = 0.2 } = g;
      const valuesOf = (info: TensorInfo | undefined): Float32Array | undefined => info && read(on, info);
      // On their way out of the engine, sums get what is fused with them.
      const write: Write | undefined =
        bias || activation !== 'linear'
          ? (from, to) =>
              writeFused(from, to, shape[3], {
                bias: valuesOf(bias),
                activation,
                prelu: valuesOf(prelu),
                leakyreluAlpha,
              })
          : undefined;
      return currentEngine().run(
        (workspace) => compute(g, workspace, first, second),
        (values) => make(on, shape, values, write),
      );
    },
  });
  const variant = (name: Variant, compute: Compute): VariantKernelConfig => ({
    ...kernel(KERNEL_OF_VARIANT[name], ['x', 'filter'], compute, yShapeOf),
    supports: () => ({ supported: true }),
    device: () => `${currentEngine().name} engine`,
  });
  return [
    variant('scatter', scatter),
    variant('dilate', dilate),
    variant('matmul', matmul),
    variant('subpixel', subpixel),
    kernel(Conv2DTransposeBackpropInput, ['dy', 'filter'], backpropInput, xShapeOf),
    kernel(Conv2DTransposeBackpropFilter, ['x', 'dy'], backpropFilter, filterShapeOf),
  ];
}
