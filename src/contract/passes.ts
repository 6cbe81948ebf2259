// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernels of the family compute, and what they are called: passes, the tensors of each, who computes them, and
 * what a call is told.
 */
import { type Conv2DTransposeGeometry, filterShapeOf, xShapeOf, yShapeOf } from '../geometry/geometry';

/** The algorithms for the forward pass that sum each output's own products: 'auto' is free to choose among them. */
export const EXACT_VARIANTS = ['scatter', 'dilate', 'matmul', 'subpixel'] as const;

/**
 * All of them, each a kernel of its own: one that gives up some precision runs where it is asked for. A new one is a
 * word here and a file per backend that has it.
 */
export const VARIANTS = [...EXACT_VARIANTS, 'winograd'] as const;
export type Variant = (typeof VARIANTS)[number];

function spelled(variant: Variant): string {
  return `Conv2DTranspose${variant === 'matmul' ? 'MatMul' : variant[0].toUpperCase() + variant.slice(1)}`;
}

/** Kernel name of each variant. */
export const KERNEL_OF_VARIANT = /* @__PURE__ */ Object.fromEntries(
  VARIANTS.map((variant) => [variant, spelled(variant)]),
) as Readonly<Record<Variant, string>>;

/**
 * The kernel name of a variant, as `tf.profile` shows it: `Conv2DTransposeSubpixel`. Also of one that a backend brings.
 */
export function kernelNameOf(variant: Variant): string {
  return KERNEL_OF_VARIANT[variant] ?? spelled(variant);
}

export const Conv2DTransposeBackpropInput = 'Conv2DTransposeBackpropInput';
export const Conv2DTransposeBackpropFilter = 'Conv2DTransposeBackpropFilter';

/** What kernels compute of a geometry. */
export const PASSES = ['forward', 'input gradient', 'filter gradient'] as const;
export type Pass = (typeof PASSES)[number];

/** Tensors of a pass: the arguments of the trilinear form (./op/gradients). y has the shape of its cotangent dy. */
export type Operand = 'x' | 'filter' | 'dy';

/** The shape that each has in a geometry. */
export const SHAPE_OF = { x: xShapeOf, filter: filterShapeOf, dy: yShapeOf } as const;

/** What each pass takes, in the order of its kernels, and what its result is shaped like: the operand it is without. */
export const PASS_OPERANDS = {
  forward: { takes: ['x', 'filter'], gives: 'dy' },
  'input gradient': { takes: ['dy', 'filter'], gives: 'x' },
  'filter gradient': { takes: ['x', 'dy'], gives: 'filter' },
} as const satisfies Readonly<Record<Pass, { takes: readonly [Operand, Operand]; gives: Operand }>>;

/** Who of ours can compute a pass: forward a variant, a gradient the one kernel that there is. */
export type OurContender = Variant | 'ours';
/** Who can compute a pass. */
export type Contender = OurContender | 'stock';

const KERNEL_OF_GRADIENT = {
  'input gradient': Conv2DTransposeBackpropInput,
  'filter gradient': Conv2DTransposeBackpropFilter,
} as const;

/** The name of the kernel by which a contender of ours computes a pass. */
export function kernelNameFor(pass: Pass, contender: OurContender): string {
  return pass === 'forward' ? kernelNameOf(contender as Variant) : KERNEL_OF_GRADIENT[pass];
}

/**
 * What a kernel can do to its sums before they leave, besides adding a bias; the names are tfjs's. A new one is a word
 * here and a row in the table of each target: core ops, arrays in memory, GLSL. The compiler names the tables that lack
 * it.
 */
export const ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'tanh', 'leakyrelu', 'prelu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** The slope of 'leakyrelu' unless one is given; tfjs's own. */
export const LEAKYRELU_ALPHA = 0.2;

/** Attributes of every kernel of the family. */
export interface Conv2DTransposeAttrs {
  /** Of the forward transposed convolution, also where an adjoint kernel is called. It travels as the object it is. */
  readonly geometry: Conv2DTransposeGeometry;
  /** The variant by which the gradient of an adjoint kernel, itself a transposed convolution, is to be computed. */
  readonly variant: Variant;
  /** For kernels that compute images: the variants and BackpropInput. */
  readonly activation?: Activation;
  readonly leakyreluAlpha?: number;
}
