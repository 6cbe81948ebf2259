// SPDX-License-Identifier: Apache-2.0
/** The descriptor by which a backend says what it has: its kernels, and all that others need to know of it. */
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { ConvolutionRequest } from '../geometry/convolution';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import type { Activation, OurContender, Pass, Variant } from './passes';
import type { Elementwise, Replaceable } from './stock_kernels';
import type { Support } from './support';

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
  /** That of the op; for a gradient the one that computes the op it belongs to. */
  readonly variant: Variant;
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
  /**
   * Whether it gives up some precision. Where the user does not allow that (`allowsFastMath`), it runs by name only,
   * and `tune` leaves it out; else it is a contender like others. Default: it does not.
   */
  readonly isInexact?: boolean;
  /**
   * Whether it gives up some precision for a geometry as of now: a kernel of a gradient, which asks by itself what the
   * user allows. Default: it does not.
   */
  isInexactFor?(geometry: Conv2DTransposeGeometry): boolean;
}

/** Memory that kernels use besides their tensors, in bytes. */
export interface ScratchMeter {
  /** The most that one call has used since `reset`. */
  readonly peakBytes: number;
  /** What is kept between calls; removing the backend gives it back. */
  readonly retainedBytes: number;
  reset(): void;
}

/**
 * Ways in which the kernels of a backend can be set. All compute the same; which is fastest depends on the device, and
 * `tune` finds it out.
 */
export interface Settings<B extends KernelBackend = KernelBackend> {
  /** What is set, in a few words. */
  readonly of: string;
  /** Those that make sense on this device, the usual one first; asked only where the backend's probe passes. */
  names(backend: B): readonly string[];
  /** The one that holds. */
  inUse(backend: B): string;
  /** Has one hold on all backends of a device, also on those to come; one that it has not, or none: the usual one. */
  use(device: string, name?: string): void;
  /** Whether they make a difference to a geometry. */
  concern(geometry: Conv2DTransposeGeometry): boolean;
}

/** What a backend registers: all that install, tune, explain, benches and pages need to know of it. */
export interface BackendDescriptor<B extends KernelBackend = KernelBackend> {
  /** tfjs's name of the backend. */
  readonly name: string;
  /** Results on a GPU have to be waited for, and it needs a browser. */
  readonly runsOn: 'cpu' | 'gpu';
  /** What it runs on here, as far as it matters for speed: an engine, a renderer. `tune` keeps its times by it. */
  device(backend: B): string;
  /** The same for people: also why it is not faster, if that is known. Default: `device`. */
  deviceInWords?(backend: B): string;
  /** Whether kernels of ours can run here at all. Asked at each call: what it takes to find out is done once. */
  probe(backend: B): Support;
  /**
   * Whether tensors of the sizes of a geometry can be used here at all. If not, nobody computes it: where core ops and
   * stock's kernels would give wrong numbers, we throw. Asked only where ours can't run. Default: they can.
   */
  holds?(geometry: Conv2DTransposeGeometry, backend: B): Support;
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
  /** Whether the user allows kernels that give up some precision (`isInexact`), as of now. Default: there are none. */
  allowsFastMath?(): boolean;
  /** The backends whose calibration of ours holds here as well, by pass. Default: its own. */
  readonly calibratedAs?: Readonly<Partial<Record<Pass, string>>>;
  /**
   * Whether that calibration tells anything of what it runs on here: else times are predicted from counts of its
   * programs' instructions, if there are any. Default: it does.
   */
  isCalibrated?(backend: B): boolean;
  /**
   * Why installed kernels leave a pass to stock's here, unless `tune` has measured otherwise, whatever is predicted:
   * this is not what was calibrated. `undefined` if it is.
   */
  leavesToStock?(pass: Pass, backend: B): string | undefined;
  /**
   * Whether stock's kernel computes a pass wrongly where its convolution is told this pad: then it is not left to
   * stock's, whoever is faster. Default: it never does.
   */
  stockErrs?(pass: Pass, pad: ConvolutionRequest['pad'], geometry: Conv2DTransposeGeometry): boolean;
  /**
   * Waits until all has run that the backend was given, and throws what is told no earlier: that there was no memory.
   * Default: each call throws its own errors.
   */
  settle?(backend: B): Promise<void>;
  readonly scratch?: ScratchMeter;
  readonly settings?: Settings<B>;
  /** Gives back what is kept between calls; called when the backend is removed. */
  release?(backend: B): void;
}

const KERNEL_OF_GRADIENT = { 'input gradient': 'backpropInput', 'filter gradient': 'backpropFilter' } as const;

/** What a backend runs on, for people. */
export function deviceInWords<B extends KernelBackend>(descriptor: BackendDescriptor<B>, backend: B): string {
  return descriptor.deviceInWords?.(backend) ?? descriptor.device(backend);
}

/** The kernel by which a contender of ours computes a pass; `undefined` if the backend has no such variant. */
export function kernelFor<B extends KernelBackend>(
  descriptor: Pick<BackendDescriptor<B>, 'variants' | 'backpropInput' | 'backpropFilter'>,
  pass: Pass,
  contender: OurContender,
): FamilyKernel<B> | undefined {
  if (pass !== 'forward') return descriptor[KERNEL_OF_GRADIENT[pass]];
  const { variants } = descriptor;
  return Object.prototype.hasOwnProperty.call(variants, contender) ? variants[contender as Variant] : undefined;
}

/** Those of ours that a backend has for a pass. */
export function contendersOn({ variants }: { readonly variants: object }, pass: Pass): readonly OurContender[] {
  return pass === 'forward' ? (Object.keys(variants) as Variant[]) : ['ours'];
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
