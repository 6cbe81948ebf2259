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
  type Conv2DTransposeAttrs,
  type Operand,
  type OurContender,
  PASSES,
  PASS_OPERANDS,
  type Pass,
  VARIANTS,
  type Variant,
  descriptorOf,
  kernelFor,
  kernelNameFor,
  supportOf,
} from '../contract';
import { variantsOf } from '../choice/choose';
import { checkOneOf } from '../geometry/checks';
import { composedBackpropFilter, composedBackpropInput, composedConv2dTranspose } from './composed';

type Values = Readonly<Partial<Record<Operand, Tensor>>>;

/** Each pass by core ops. */
const COMPOSED = {
  forward: composedConv2dTranspose,
  'input gradient': composedBackpropInput,
  'filter gradient': composedBackpropFilter,
} as const satisfies Readonly<Record<Pass, unknown>>;

/** A pass of its two operands: by a kernel, or by core ops where the backend cannot run it. */
export function runPass(pass: Pass, values: Values, { geometry, variant }: Conv2DTransposeAttrs): Tensor {
  const { backendName, backend } = engine();
  const descriptor = descriptorOf(backendName);
  const contender = pass === 'forward' ? variant : 'ours';
  const kernel = descriptor && kernelFor(descriptor, pass, contender);
  const [first, second] = PASS_OPERANDS[pass].takes;
  const inputs = { [first]: values[first]!, [second]: values[second]! };
  if (descriptor && kernel && supportOf(descriptor, kernel, geometry, backend).supported)
    return engine().runKernel(kernelNameFor(pass, contender), inputs, { geometry, variant } as unknown as NamedAttrMap);
  return COMPOSED[pass](geometry, inputs[first] as Tensor4D, inputs[second] as Tensor4D);
}

/** The pass that computes ∂Φ/∂`operand`. */
function passTo(operand: Operand): Pass {
  return PASSES.find((pass) => PASS_OPERANDS[pass].gives === operand)!;
}

/** The gradient of a kernel of a pass. */
function gradConfig(kernelName: string, pass: Pass): GradConfig {
  const { takes, gives } = PASS_OPERANDS[pass];
  return {
    kernelName,
    inputsToSave: [...takes],
    gradFunc: (cotangent, saved, attrs) => {
      const values: Values = { [takes[0]]: saved[0], [takes[1]]: saved[1], [gives]: cotangent };
      const own = attrs as unknown as Conv2DTransposeAttrs;
      if ((own.activation ?? 'linear') !== 'linear')
        throw new Error(
          `${kernelName} with '${own.activation}' fused has no gradient; call fused.conv2dTranspose instead`,
        );
      return Object.fromEntries(takes.map((input) => [input, () => runPass(passTo(input), values, own)]));
    },
  };
}

function register(pass: Pass, contender: OurContender): void {
  const kernelName = kernelNameFor(pass, contender);
  if (!getGradient(kernelName)) registerGradient(gradConfig(kernelName, pass));
}

/**
 * Registers the gradients of the family, if they are not registered yet. The op does so by itself, for the variant that
 * it runs.
 *
 * @throws RangeError if there is no such variant: neither in this package, nor one that the backend that is set brings.
 */
export function registerGradients(...variants: readonly Variant[]): void {
  for (const variant of variants.length > 0 ? variants : VARIANTS) {
    if (!VARIANTS.includes(variant))
      checkOneOf('registerGradients: variant', variant, variantsOf(descriptorOf(engine().backendName)));
    register('forward', variant);
  }
  register('input gradient', 'ours');
  register('filter gradient', 'ours');
}
