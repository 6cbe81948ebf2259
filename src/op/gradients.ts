// SPDX-License-Identifier: Apache-2.0
/**
 * The gradients of the family. All its kernels are partial derivatives of one trilinear form
 *
 *     Φ(x, filter, dy) = Σ x[n, i, j, o] · filter[m, q, c, o] · dy[n, i·sH + m·dH − pT, j·sW + q·dW − pL, c]
 *
 * with respect to one of its arguments: the variants to dy (that is y), BackpropInput to x, BackpropFilter to the
 * filter. A kernel is linear in its two inputs, so its gradient with respect to one of them is the kernel of that
 * argument, applied to the other input and the incoming cotangent, which stands for the kernel's own argument. Three kernels closed under
 * differentiation: gradients of any order.
 */
import {
  type GradConfig,
  type NamedAttrMap,
  type Tensor,
  engine,
  getGradient,
  registerGradient,
} from '@tensorflow/tfjs-core';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  KERNEL_OF_VARIANT,
  VARIANTS,
} from '../contract';

/** The arguments of the trilinear form. */
type Argument = 'x' | 'filter' | 'dy';

const ARGUMENTS: readonly Argument[] = ['x', 'filter', 'dy'];

/** Runs the kernel that differentiates Φ with respect to `argument`, on the values of the other two. */
function derivative(argument: Argument, values: Record<Argument, Tensor | undefined>, attrs: NamedAttrMap): Tensor {
  const kernelName = {
    x: Conv2DTransposeBackpropInput,
    filter: Conv2DTransposeBackpropFilter,
    dy: KERNEL_OF_VARIANT[(attrs as unknown as Conv2DTransposeAttrs).variant],
  }[argument];
  const inputs = Object.fromEntries(ARGUMENTS.filter((name) => name !== argument).map((name) => [name, values[name]!]));
  return engine().runKernel(kernelName, inputs, attrs);
}

/** The gradient of a kernel that is ∂Φ/∂`argument`. */
function gradConfig(kernelName: string, argument: Argument): GradConfig {
  const inputsToSave = ARGUMENTS.filter((name) => name !== argument);
  return {
    kernelName,
    inputsToSave,
    gradFunc: (cotangent, saved, attrs) => {
      const values = {
        [inputsToSave[0]]: saved[0],
        [inputsToSave[1]]: saved[1],
        [argument]: cotangent,
      } as Record<Argument, Tensor>;
      return Object.fromEntries(inputsToSave.map((input) => [input, () => derivative(input, values, attrs)]));
    },
  };
}

const gradConfigs: readonly GradConfig[] = [
  ...VARIANTS.map((variant) => gradConfig(KERNEL_OF_VARIANT[variant], 'dy')),
  gradConfig(Conv2DTransposeBackpropInput, 'x'),
  gradConfig(Conv2DTransposeBackpropFilter, 'filter'),
];

/** Registers the gradients of the family, if they are not registered yet. The op does so by itself. */
export function registerGradients(): void {
  for (const config of gradConfigs) {
    if (!getGradient(config.kernelName)) registerGradient(config);
  }
}
