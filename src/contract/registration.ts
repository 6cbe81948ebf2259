// SPDX-License-Identifier: Apache-2.0
/**
 * Descriptors in tfjs's own registry: they live there, on the kernels that are registered from them. So an ESM and a
 * CommonJS copy of this file in one page see the same backends.
 */
import {
  type KernelBackend,
  type KernelConfig,
  type TensorInfo,
  getKernel,
  getKernelsForBackend,
  registerKernel,
} from '@tensorflow/tfjs-core';
import { type BackendDescriptor, contendersOn, kernelFor, supportOf } from './descriptor';
import { registerFastMath } from './fast_math';
import {
  type Conv2DTransposeAttrs,
  Conv2DTransposeBackpropInput,
  LEAKYRELU_ALPHA,
  type Operand,
  type OurContender,
  PASSES,
  PASS_OPERANDS,
  type Pass,
  SHAPE_OF,
  kernelNameFor,
} from './passes';

type RegisteredConfig = KernelConfig & { readonly descriptor?: BackendDescriptor };

/** @throws Error if a tensor is not of the shape of its geometry: a kernel would read past its end. */
function checkShape(kernelName: string, name: Operand, { shape }: TensorInfo, expected: readonly number[]): void {
  if (shape.length === expected.length && shape.every((size, n) => size === expected[n])) return;
  throw new Error(`${kernelName}: ${name} has shape [${shape}], but its geometry asks for [${expected}]`);
}

/** The kernel configs that tfjs gets of a descriptor. */
export function kernelConfigsOf<B extends KernelBackend>(descriptor: BackendDescriptor<B>): KernelConfig[] {
  const config = (pass: Pass, contender: OurContender): RegisteredConfig => {
    const [kernelName, kernel] = [kernelNameFor(pass, contender), kernelFor(descriptor, pass, contender)!];
    const { takes, gives } = PASS_OPERANDS[pass];
    return {
      kernelName,
      backendName: descriptor.name,
      descriptor: descriptor as unknown as BackendDescriptor,
      disposeFunc: (backend) => descriptor.release?.(backend as B),
      kernelFunc: ({ inputs, backend, attrs }) => {
        const { geometry, variant, activation = 'linear', leakyreluAlpha } = attrs as unknown as Conv2DTransposeAttrs;
        const { bias, preluActivationWeights } = inputs;
        const fuses = bias !== undefined || activation !== 'linear';
        for (const name of takes) checkShape(kernelName, name, inputs[name]!, SHAPE_OF[name](geometry));
        const support = supportOf(descriptor, kernel, geometry, backend as B);
        if (!support.supported) throw new Error(`${kernelName} cannot run here: ${support.reason}`);
        return kernel.run({
          backend: backend as B,
          geometry,
          first: inputs[takes[0]]!,
          second: inputs[takes[1]]!,
          outShape: SHAPE_OF[gives](geometry),
          variant,
          fused: fuses
            ? { bias, activation, preluActivationWeights, leakyreluAlpha: leakyreluAlpha ?? LEAKYRELU_ALPHA }
            : undefined,
        });
      },
    };
  };
  return PASSES.flatMap((pass) => contendersOn(descriptor, pass).map((contender) => config(pass, contender)));
}

/** Registers the kernels of a backend that aren't yet: a page may hold this package twice, as ESM and as CommonJS. */
export function registerBackend<B extends KernelBackend>(descriptor: BackendDescriptor<B>): void {
  registerFastMath();
  for (const config of kernelConfigsOf(descriptor)) {
    if (!getKernel(config.kernelName, config.backendName)) registerKernel(config);
  }
}

/** The descriptor that the kernels of a backend were registered from; `undefined` if there are none of ours. */
export function descriptorOf(backendName: string): BackendDescriptor | undefined {
  return (getKernel(Conv2DTransposeBackpropInput, backendName) as RegisteredConfig | undefined)?.descriptor;
}

/** Whether others than us have kernels for a backend, registered or not: its own package has been imported. */
export function hasOthersKernels(backendName: string): boolean {
  return getKernelsForBackend(backendName).some((config: RegisteredConfig) => config.descriptor === undefined);
}
