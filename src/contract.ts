// SPDX-License-Identifier: Apache-2.0
/**
 * Names shared by the op, the gradients and every backend's kernels, and the shape of what a backend registers.
 */
import { type KernelConfig, getKernel, registerKernel } from '@tensorflow/tfjs-core';
import type { Conv2DTransposeGeometry } from './geometry/geometry';

/** The algorithms for the forward pass, each a kernel of its own. */
export const VARIANTS = ['scatter', 'dilate', 'matmul', 'subpixel'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Kernel name of each variant, as `tf.profile` shows it. */
export const KERNEL_OF_VARIANT: Readonly<Record<Variant, string>> = {
  scatter: 'Conv2DTransposeScatter',
  dilate: 'Conv2DTransposeDilate',
  matmul: 'Conv2DTransposeMatMul',
  subpixel: 'Conv2DTransposeSubpixel',
};

export const Conv2DTransposeBackpropInput = 'Conv2DTransposeBackpropInput';
export const Conv2DTransposeBackpropFilter = 'Conv2DTransposeBackpropFilter';

/** What a kernel can do to its sums before they leave, besides adding a bias; the names are tfjs's. */
export const ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/**
 * Attributes of every kernel of the family: the geometry of the forward transposed convolution, and the variant by
 * which a gradient of an adjoint kernel, itself a transposed convolution, is to be computed. Kernels that compute images (the variants and
 * BackpropInput) also take the inputs `bias` and `preluActivationWeights`, of a value per channel or a single one, and an activation.
 */
export interface Conv2DTransposeAttrs extends Conv2DTransposeGeometry {
  readonly variant: Variant;
  readonly activation?: Activation;
  readonly leakyreluAlpha?: number;
}

/** Whether a kernel can run a geometry; if not, why, and what would change that. */
export type Support = { readonly supported: true } | { readonly supported: false; readonly reason: string };

/**
 * What a backend registers for a variant: a tfjs kernel config that also says what it supports. `registerKernel` keeps
 * the object as it is, so the op finds `supports` again with `getKernel`.
 */
export interface VariantKernelConfig extends KernelConfig {
  supports(geometry: Conv2DTransposeGeometry, backend: object): Support;
  /** What the backend runs on here, as far as it matters for speed: an engine, a renderer. */
  device(backend: object): string;
}

/** Registers kernels that aren't yet: a page may hold a module twice, as ESM and as CommonJS, and tfjs warns of a name that is registered twice. */
export function registerAll(configs: readonly KernelConfig[]): void {
  for (const config of configs) {
    if (!getKernel(config.kernelName, config.backendName)) registerKernel(config);
  }
}
