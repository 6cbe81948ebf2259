// SPDX-License-Identifier: Apache-2.0
/** Registers the kernels of the `cpu` backend when imported, as `@tensorflow/tfjs-backend-cpu` does its own. */
import { type KernelConfig, type TensorInfo, getKernel, registerKernel } from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { type Conv2DTransposeGeometry, filterShapeOf, xShapeOf, yShapeOf } from '../../src/geometry/geometry';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  KERNEL_OF_VARIANT,
  type Variant,
  type VariantKernelConfig,
} from '../../src/kernel_names';
import { backpropFilter } from './backprop_filter';
import { backpropInput } from './backprop_input';
import { dilate } from './dilate';
import type { Block, Workspace } from './engine';
import { currentEngine, releaseEngines } from './engines';
import { matmul } from './matmul';
import { scatter } from './scatter';
import { subpixel } from './subpixel';

type Compute = (g: Conv2DTransposeGeometry, workspace: Workspace, first: Float32Array, second: Float32Array) => Block;

/** A kernel config that reads two inputs, lets `compute` work on their values and wraps what it returns. */
function cpuKernel(
  kernelName: string,
  inputNames: [string, string],
  compute: Compute,
  shapeOf: (g: Conv2DTransposeGeometry) => number[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'cpu',
    disposeFunc: releaseEngines,
    kernelFunc: ({ inputs, backend, attrs }): TensorInfo => {
      const cpu = backend as MathBackendCPU;
      const g = attrs as unknown as Conv2DTransposeGeometry;
      const [first, second] = inputNames.map((name) => cpu.readSync(inputs[name]!.dataId) as Float32Array);
      return cpu.makeTensorInfo(
        shapeOf(g),
        'float32',
        currentEngine().run((workspace) => compute(g, workspace, first, second)),
      );
    },
  };
}

function variantKernel(variant: Variant, compute: Compute): VariantKernelConfig {
  return {
    ...cpuKernel(KERNEL_OF_VARIANT[variant], ['x', 'filter'], compute, yShapeOf),
    supports: () => ({ supported: true }),
  };
}

const kernelConfigs: KernelConfig[] = [
  variantKernel('scatter', scatter),
  variantKernel('dilate', dilate),
  variantKernel('matmul', matmul),
  variantKernel('subpixel', subpixel),
  cpuKernel(Conv2DTransposeBackpropInput, ['dy', 'filter'], backpropInput, xShapeOf),
  cpuKernel(Conv2DTransposeBackpropFilter, ['x', 'dy'], backpropFilter, filterShapeOf),
];

// A page may hold this module twice, as ESM and as CommonJS; tfjs warns of a name that is registered twice.
for (const config of kernelConfigs) {
  if (!getKernel(config.kernelName, config.backendName)) registerKernel(config);
}

export { ENGINE_FLAG, type EngineName, availableEngines } from './engines';

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
