// SPDX-License-Identifier: Apache-2.0
/**
 * The gradients of the family. All its kernels are partial derivatives of one trilinear form
 *
 *     Φ(x, filter, dy) = Σ x[n, i, j, o] · filter[m, q, c, o] · dy[n, i·sH + m·dH − pT, j·sW + q·dW − pL, c]
 *
 * with respect to one of its arguments: the variants to dy (that is y), BackpropInput to x, BackpropFilter to the
 * filter. A kernel is linear in its two inputs, so its gradient with respect to one of them is the kernel of that
 * argument, applied to the other input and the incoming cotangent, which stands for the kernel's own argument. Three
 * kernels closed under differentiation: gradients of any order.
 */
import {
  type GradConfig,
  type NamedAttrMap,
  type Tensor,
  type Tensor4D,
  engine,
  getGradient,
  registerGradient,
} from '@tensorflow/tfjs-core';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  VARIANTS,
  type Variant,
  descriptorOf,
  kernelNameOf,
  supportOf,
} from '../contract';
import { composedBackpropFilter, composedBackpropInput, composedConv2dTranspose } from './composed';

/** The arguments of the trilinear form. */
type Argument = 'x' | 'filter' | 'dy';
type Values = Readonly<Partial<Record<Argument, Tensor>>>;

const ARGUMENTS: readonly Argument[] = ['x', 'filter', 'dy'];

/** How Φ is differentiated with respect to an argument: by a kernel, or by core ops where the backend cannot run it. */
export function derivative(argument: Argument, values: Values, attrs: Conv2DTransposeAttrs): Tensor {
  const { geometry: g, variant } = attrs;
  const { backendName, backend } = engine();
  const descriptor = descriptorOf(backendName);
  const run = (kernelName: string, inputs: Record<string, Tensor>): Tensor =>
    engine().runKernel(kernelName, inputs, { geometry: g, variant } as unknown as NamedAttrMap);
  const { x, filter, dy } = values as Readonly<Record<Argument, Tensor4D>>;
  const { kernelName, kernel, inputs, composed } = {
    x: {
      kernelName: Conv2DTransposeBackpropInput,
      kernel: descriptor?.backpropInput,
      inputs: { dy, filter },
      composed: () => composedBackpropInput(g, dy, filter),
    },
    filter: {
      kernelName: Conv2DTransposeBackpropFilter,
      kernel: descriptor?.backpropFilter,
      inputs: { x, dy },
      composed: () => composedBackpropFilter(g, x, dy),
    },
    dy: {
      kernelName: kernelNameOf(variant),
      kernel: descriptor?.variants[variant],
      inputs: { x, filter },
      composed: () => composedConv2dTranspose(g, x, filter),
    },
  }[argument];
  const runs = descriptor && kernel && supportOf(descriptor, kernel, g, backend).supported;
  return runs ? run(kernelName, inputs) : composed();
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
      const own = attrs as unknown as Conv2DTransposeAttrs;
      if ((own.activation ?? 'linear') !== 'linear')
        throw new Error(
          `${kernelName} with '${own.activation}' fused has no gradient; call fused.conv2dTranspose instead`,
        );
      return Object.fromEntries(inputsToSave.map((input) => [input, () => derivative(input, values, own)]));
    },
  };
}

function register(kernelName: string, argument: Argument): void {
  if (!getGradient(kernelName)) registerGradient(gradConfig(kernelName, argument));
}

/**
 * Registers the gradients of the family, if they are not registered yet. The op does so by itself, for the variant that
 * it runs.
 */
export function registerGradients(...variants: readonly Variant[]): void {
  for (const variant of variants.length > 0 ? variants : VARIANTS) register(kernelNameOf(variant), 'dy');
  register(Conv2DTransposeBackpropInput, 'x');
  register(Conv2DTransposeBackpropFilter, 'filter');
}
