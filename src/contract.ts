// SPDX-License-Identifier: Apache-2.0
/**
 * The contract between the op and the backends: the names of the family's kernels, what a call of one is told, and the
 * descriptor by which a backend says what it has. `src` reads descriptors, `kernels` makes them; neither imports the
 * other.
 *
 * A descriptor lives in tfjs's own registry, on the kernels that are registered from it. So an ESM and a CommonJS copy
 * of this file in one page see the same backends.
 */
import {
  Add,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedConv2D,
  FusedDepthwiseConv2D,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  Minimum,
  Prelu,
  type TensorInfo,
  getKernel,
  registerKernel,
  version_core,
} from '@tensorflow/tfjs-core';
import { isDepthwise } from './geometry/convolution';
import { type Conv2DTransposeGeometry, filterShapeOf, xShapeOf, yShapeOf } from './geometry/geometry';

/**
 * The algorithms for the forward pass, each a kernel of its own. A new one is a word here and a file per backend that
 * has it.
 */
export const VARIANTS = ['scatter', 'dilate', 'matmul', 'subpixel'] as const;
export type Variant = (typeof VARIANTS)[number];

/** The kernel name of a variant, as `tf.profile` shows it: `Conv2DTransposeSubpixel`. */
export function kernelNameOf(variant: Variant): string {
  return `Conv2DTranspose${variant === 'matmul' ? 'MatMul' : variant[0].toUpperCase() + variant.slice(1)}`;
}

/** Kernel name of each variant. */
export const KERNEL_OF_VARIANT = /* @__PURE__ */ Object.fromEntries(
  VARIANTS.map((variant) => [variant, kernelNameOf(variant)]),
) as Readonly<Record<Variant, string>>;

export const Conv2DTransposeBackpropInput = 'Conv2DTransposeBackpropInput';
export const Conv2DTransposeBackpropFilter = 'Conv2DTransposeBackpropFilter';

export const DENSE_CONVOLUTIONS = [Conv2DBackpropInput, Conv2DBackpropFilter, Conv2D, FusedConv2D] as const;
export const DEPTHWISE_CONVOLUTIONS = [
  DepthwiseConv2dNativeBackpropInput,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNative,
  FusedDepthwiseConv2D,
] as const;

/** The stock kernels that the kernels of the family compute. */
export const CONVOLUTIONS = [...DENSE_CONVOLUTIONS, ...DEPTHWISE_CONVOLUTIONS] as const;
export type Convolution = (typeof CONVOLUTIONS)[number];

/** Stock kernels between the convolutions of a model, which some backends have kernels of their own for. */
export const ELEMENTWISE = [Add, Minimum, Prelu] as const;
export type Elementwise = (typeof ELEMENTWISE)[number];

/** The stock kernels that `install` can replace. */
export const REPLACEABLE = [...CONVOLUTIONS, ...ELEMENTWISE] as const;
export type Replaceable = (typeof REPLACEABLE)[number];

/** What kernels compute of a geometry. */
export const PASSES = ['forward', 'input gradient', 'filter gradient'] as const;
export type Pass = (typeof PASSES)[number];

const STOCK_KERNELS = {
  dense: {
    forward: Conv2DBackpropInput,
    'input gradient': Conv2D,
    'filter gradient': Conv2DBackpropFilter,
  },
  depthwise: {
    forward: DepthwiseConv2dNativeBackpropInput,
    'input gradient': DepthwiseConv2dNative,
    'filter gradient': DepthwiseConv2dNativeBackpropFilter,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Pass, Convolution>>>>;

/** What computes a pass in stock tfjs; the fused kernels are those without to who choose. */
export function stockKernelOf(pass: Pass, g: Conv2DTransposeGeometry): Convolution {
  return STOCK_KERNELS[isDepthwise(g) ? 'depthwise' : 'dense'][pass];
}

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

const GRADIENT_KERNELS = {
  'input gradient': { kernelName: Conv2DTransposeBackpropInput, kernel: 'backpropInput' },
  'filter gradient': { kernelName: Conv2DTransposeBackpropFilter, kernel: 'backpropFilter' },
} as const;

/** The name of the kernel by which a contender of ours computes a pass. */
export function kernelNameFor(pass: Pass, contender: OurContender): string {
  return pass === 'forward' ? kernelNameOf(contender as Variant) : GRADIENT_KERNELS[pass].kernelName;
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

/** That something can be had here. */
export const SUPPORTED = { supported: true } as const;
/** That it cannot be had here, because. */
export interface Unsupported {
  readonly supported: false;
  readonly reason: string;
}
export type Support = typeof SUPPORTED | Unsupported;

export function unsupported(reason: string): Unsupported {
  return { supported: false, reason };
}

/** The tfjs whose backends the kernels know. */
const KNOWN_TFJS = '4.22';

const distrusted = /* @__PURE__ */ new WeakSet<KernelBackend>();

/**
 * That a backend does not keep its tensors as its kernels know: they would compute wrong numbers, and are left out.
 * Warns, once for each backend.
 *
 * @param problem What was found, to follow a colon.
 */
export function otherInternals(backendName: string, backend: KernelBackend, problem: string): Unsupported {
  return distrust(backendName, backend, `keeps tensors in another way than tfjs ${KNOWN_TFJS} does: ${problem}`);
}

/** That it could not be found out: something was thrown, by another tfjs, or for want of memory. Warns as well. */
export function unproven(backendName: string, backend: KernelBackend, thrown: unknown): Unsupported {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return distrust(backendName, backend, `could not be proven to keep tensors as tfjs ${KNOWN_TFJS} does: ${message}`);
}

function distrust(backendName: string, backend: KernelBackend, what: string): Unsupported {
  const reason = `tfjs ${version_core} ${what}`;
  if (!distrusted.has(backend)) {
    distrusted.add(backend);
    console.warn(
      `tfjs-conv2d-transpose has no kernels for this backend '${backendName}': ${reason}. Results are still right, ` +
        `but stock kernels and core ops compute them, which is slower. Use tfjs ${KNOWN_TFJS}, or a newer ` +
        'tfjs-conv2d-transpose; if there is none, please open an issue.',
    );
  }
  return unsupported(reason);
}

/** What is fused with the sums of a kernel. Tensors hold a value per channel, or one for all. */
export interface FusedInfo {
  readonly bias?: TensorInfo;
  readonly activation: Activation;
  readonly preluActivationWeights?: TensorInfo;
  readonly leakyreluAlpha: number;
}

/** One call of a kernel of the family. */
export interface KernelCall<B extends KernelBackend = KernelBackend> {
  readonly backend: B;
  readonly geometry: Conv2DTransposeGeometry;
  /** x and filter of a variant; dy and filter of BackpropInput; x and dy of BackpropFilter. All float32. */
  readonly first: TensorInfo;
  readonly second: TensorInfo;
  readonly outShape: number[];
  /** Undefined if nothing is fused. */
  readonly fused?: FusedInfo;
}

/** A kernel of the family on some backend. */
export interface FamilyKernel<B extends KernelBackend = KernelBackend> {
  /**
   * Whether it can run a geometry; if not, why, and what would change that. Asked only where the backend's probe
   * passes.
   */
  supports(geometry: Conv2DTransposeGeometry, backend: B): Support;
  run(call: KernelCall<B>): TensorInfo;
}

/** Memory that kernels use besides their tensors, in bytes. */
export interface ScratchMeter {
  /** The most that one call has used since `reset`. */
  readonly peakBytes: number;
  /** What is kept between calls; removing the backend gives it back. */
  readonly retainedBytes: number;
  reset(): void;
}

/** What a backend registers: all that install, tune, explain, benches and pages need to know of it. */
export interface BackendDescriptor<B extends KernelBackend = KernelBackend> {
  /** tfjs's name of the backend. */
  readonly name: string;
  /** Results on a GPU have to be waited for, and it needs a browser. */
  readonly runsOn: 'cpu' | 'gpu';
  /** What it runs on here, as far as it matters for speed: an engine, a renderer. */
  device(backend: B): string;
  /** Whether kernels of ours can run here at all. Asked at each call: what it takes to find out is done once. */
  probe(backend: B): Support;
  /**
   * What `install` replaces unless asked otherwise: where ours can be faster, or stock has none. Geometry by geometry
   * stock's may still be chosen.
   */
  readonly replaces: readonly Replaceable[];
  /** Kernels for others than convolutions, made of the stock function that they replace, which gets what they can't. */
  readonly elementwise?: Readonly<Record<Elementwise, (stock: KernelFunc) => KernelFunc>>;
  /** Any of the variants; a test may bring one of its own. */
  readonly variants: Readonly<Partial<Record<Variant, FamilyKernel<B>>>>;
  readonly backpropInput: FamilyKernel<B>;
  readonly backpropFilter: FamilyKernel<B>;
  /** The backend whose calibration holds here as well. Default: its own. */
  readonly calibratedAs?: string;
  readonly scratch?: ScratchMeter;
  /** Gives back what is kept between calls; called when the backend is removed. */
  release?(backend: B): void;
}

/** The kernel by which a contender of ours computes a pass; `undefined` if the backend has no such variant. */
export function kernelFor<B extends KernelBackend>(
  descriptor: Pick<BackendDescriptor<B>, 'variants' | 'backpropInput' | 'backpropFilter'>,
  pass: Pass,
  contender: OurContender,
): FamilyKernel<B> | undefined {
  if (pass !== 'forward') return descriptor[GRADIENT_KERNELS[pass].kernel];
  const { variants } = descriptor;
  return Object.prototype.hasOwnProperty.call(variants, contender) ? variants[contender as Variant] : undefined;
}

/** Those of ours that a backend has for a pass. */
export function contendersOn({ variants }: { readonly variants: object }, pass: Pass): readonly OurContender[] {
  return pass === 'forward' ? (Object.keys(variants) as Variant[]) : ['ours'];
}

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
        const { geometry, activation = 'linear', leakyreluAlpha } = attrs as unknown as Conv2DTransposeAttrs;
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
          fused: fuses
            ? { bias, activation, preluActivationWeights, leakyreluAlpha: leakyreluAlpha ?? LEAKYRELU_ALPHA }
            : undefined,
        });
      },
    };
  };
  return PASSES.flatMap((pass) => contendersOn(descriptor, pass).map((contender) => config(pass, contender)));
}

/** Whether a kernel can run a geometry here. */
export function supportOf<B extends KernelBackend>(
  { probe }: Pick<BackendDescriptor<B>, 'probe'>,
  kernel: FamilyKernel<B>,
  geometry: Conv2DTransposeGeometry,
  backend: B,
): Support {
  const probed = probe(backend);
  return probed.supported ? kernel.supports(geometry, backend) : probed;
}

/** Registers the kernels of a backend that aren't yet: a page may hold this package twice, as ESM and as CommonJS. */
export function registerBackend<B extends KernelBackend>(descriptor: BackendDescriptor<B>): void {
  for (const config of kernelConfigsOf(descriptor)) {
    if (!getKernel(config.kernelName, config.backendName)) registerKernel(config);
  }
}

/** The descriptor that the kernels of a backend were registered from; `undefined` if there are none of ours. */
export function descriptorOf(backendName: string): BackendDescriptor | undefined {
  return (getKernel(Conv2DTransposeBackpropInput, backendName) as RegisteredConfig | undefined)?.descriptor;
}
