// SPDX-License-Identifier: Apache-2.0
/**
 * Who runs: the variant that was asked for, if it can; else the one that was measured to be fastest here (./winners),
 * else the one predicted to be (./cost_model). Under `install` stock's kernel is one more contender.
 */
import type { KernelBackend } from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  type Contender,
  type OurContender,
  type Pass,
  type Support,
  VARIANTS,
  type Variant,
  descriptorOf,
  kernelFor,
  supportOf,
  unsupported,
} from '../contract';
import { isDepthwise } from '../geometry/convolution';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { checkOneOf } from '../geometry/checks';
import { Recent, keptBy } from '../geometry/kept';
import { isCalibrated, predictedMs } from './cost_model';
import { applySettings } from './settings';
import { type Winner, winnerOf } from './winners';

/** Where a choice is made. */
export interface Place {
  readonly backendName: string;
  readonly backend: KernelBackend;
}

/** The variants there are: those of this package, and any others that a backend brings. */
export function variantsOf(descriptor: BackendDescriptor | undefined): readonly Variant[] {
  const brought = Object.keys(descriptor?.variants ?? {}) as Variant[];
  return [...VARIANTS, ...brought.filter((variant) => !VARIANTS.includes(variant))];
}

/** Whether a contender of ours can compute a pass of a geometry on a backend, and if not, why. */
export function supportOfOurs(
  pass: Pass,
  contender: OurContender,
  g: Conv2DTransposeGeometry,
  { backendName, backend }: Place,
  descriptor = descriptorOf(backendName),
): Support {
  if (descriptor === undefined)
    return unsupported(`backend '${backendName}' has no such kernel; import the entry point that registers it`);
  const kernel = kernelFor(descriptor, pass, contender);
  if (kernel === undefined) return unsupported(`backend '${backendName}' has no kernel for it`);
  return supportOf(descriptor, kernel, g, backend);
}

/** Whether a variant can run a geometry on a backend, and if not, why. */
export function supportOfVariant(variant: Variant, g: Conv2DTransposeGeometry, place: Place): Support {
  return supportOfOurs('forward', variant, g, place);
}

/** Tried in this order where nothing is measured or predicted; variants that are not listed here come after these. */
const USUAL_ORDER: readonly Variant[] = ['subpixel', 'matmul', 'scatter'];

/**
 * It never does less work than sub-pixel, and multiplies by zeros, which a weight that is not finite turns into NaN.
 */
export const LAST_RESORT: Variant = 'dilate';

/**
 * The order in which 'auto' tries the variants of a backend: those predicted to be fast first, then those of which
 * nothing is known.
 */
function order(g: Conv2DTransposeGeometry, descriptor: BackendDescriptor, calibrated: boolean): readonly Variant[] {
  const variants = Object.keys(descriptor.variants) as Variant[];
  const ms = predictedMs('forward', variants, g, descriptor, calibrated);
  const known = (variant: Variant): number => ms[variant] ?? Infinity;
  const usual = (variant: Variant): number => USUAL_ORDER.indexOf(variant) >>> 0;
  return variants.sort((a, b) => {
    if (a === LAST_RESORT || b === LAST_RESORT) return a === LAST_RESORT ? 1 : -1;
    return known(a) === known(b) ? usual(a) - usual(b) : known(a) - known(b);
  });
}
const ordersOf = keptBy((_g: Conv2DTransposeGeometry) =>
  keptBy((_descriptor: BackendDescriptor) => new Recent<readonly Variant[]>()),
);

function orderOf(
  g: Conv2DTransposeGeometry,
  descriptor: BackendDescriptor,
  backend: KernelBackend,
): readonly Variant[] {
  const calibrated = isCalibrated(descriptor, backend);
  return ordersOf(g)(descriptor).get(`${calibrated}`, () => order(g, descriptor, calibrated));
}

/** Why nobody can compute a geometry here, neither ours nor stock's nor core ops; `undefined` if somebody may. */
export function impossible(g: Conv2DTransposeGeometry, { backendName, backend }: Place): string | undefined {
  const descriptor = descriptorOf(backendName);
  if (!descriptor?.holds || !descriptor.probe(backend).supported) return undefined;
  const support = descriptor.holds(g, backend);
  return support.supported ? undefined : support.reason;
}

/** The device by which times of a pass are kept: apart, where the user allows its kernel to give up some precision. */
export function timedOn(pass: Pass, g: Conv2DTransposeGeometry, { backendName, backend }: Place): string {
  const descriptor = descriptorOf(backendName);
  if (descriptor === undefined) return '';
  return `${descriptor.device(backend)}${isInexactGradient(pass, g, descriptor) ? ', fast math' : ''}`;
}

/** Whether the kernel of a gradient would give up some precision, as of now. */
export function isInexactGradient(pass: Pass, g: Conv2DTransposeGeometry, descriptor: BackendDescriptor): boolean {
  return pass !== 'forward' && kernelFor(descriptor, pass, 'ours')?.isInexactFor?.(g) === true;
}

/** What `tune` has measured of a pass of a geometry on this backend and device, if anything. */
export function winnerHere(pass: Pass, g: Conv2DTransposeGeometry, place: Place): Winner | undefined {
  return winnerOf(pass, g, place.backendName, () => timedOn(pass, g, place));
}

/** The variant that was measured to be fastest of those that are able, whatever stock took. */
function fastestVariant({ fastest, ms }: Winner, isAble: (variant: Variant) => boolean): Variant | undefined {
  const time = (name: Contender): number => (name === fastest ? 0 : ms[name]!);
  const names = new Set([fastest, ...(Object.keys(ms) as Contender[])]);
  return [...names]
    .sort((a, b) => time(a) - time(b))
    .filter((name): name is Variant => name !== 'stock')
    .find(isAble);
}

/** Whether a contender gives up some precision. */
export function isInexact(pass: Pass, contender: OurContender, descriptor: BackendDescriptor): boolean {
  return kernelFor(descriptor, pass, contender)?.isInexact === true;
}

/** Whether a contender may run without being asked for by name. */
export function isAllowed(pass: Pass, contender: OurContender, descriptor: BackendDescriptor): boolean {
  return !isInexact(pass, contender, descriptor) || descriptor.allowsFastMath?.() === true;
}

/** The variants that can run unasked, in the order in which 'auto' tries them. */
function able(g: Conv2DTransposeGeometry, place: Place): Variant[] {
  const descriptor = descriptorOf(place.backendName);
  if (descriptor === undefined) return [];
  const mayRun = (variant: Variant): boolean => isAllowed('forward', variant, descriptor);
  return orderOf(g, descriptor, place.backend).filter(
    (variant) => mayRun(variant) && supportOfVariant(variant, g, place).supported,
  );
}

/** The variant that 'auto' means; `undefined` if the backend can run none. */
export function automatic(g: Conv2DTransposeGeometry, place: Place): Variant | undefined {
  // Asked for once: to look a kernel up takes a tenth of a microsecond.
  const descriptor = descriptorOf(place.backendName);
  if (descriptor === undefined) return undefined;
  const isAble = (variant: Variant): boolean =>
    isAllowed('forward', variant, descriptor) && supportOfOurs('forward', variant, g, place, descriptor).supported;
  const winner = winnerHere('forward', g, place);
  const measured = winner && fastestVariant(winner, isAble);
  if (measured !== undefined) return measured;
  return orderOf(g, descriptor, place.backend).find(isAble);
}

/**
 * Chooses the variant to run.
 *
 * @returns a variant, or `undefined` if 'auto' was asked for and the backend can run none of them.
 * @throws Error if the variant is unknown, or asked for by name and unsupported; the message says which would do. Or if
 *   nobody can compute the geometry on this backend.
 */
export function chooseVariant(asked: Variant | 'auto', g: Conv2DTransposeGeometry, place: Place): Variant | undefined {
  applySettings(place.backendName);
  if (asked === 'auto') {
    const variant = automatic(g, place);
    const reason = variant === undefined ? impossible(g, place) : undefined;
    if (reason === undefined) return variant;
    throw new Error(`conv2dTranspose cannot run on backend '${place.backendName}': ${reason}`);
  }
  const variants = variantsOf(descriptorOf(place.backendName));
  checkOneOf('variant', asked, [...variants, 'auto']);
  const support = supportOfVariant(asked, g, place);
  if (!support.supported) {
    const others = ['auto', ...able(g, place)].map((name) => `'${name}'`).join(', ');
    const advice = impossible(g, place) === undefined ? `. ${others} would do` : '';
    throw new Error(`variant '${asked}' cannot run on backend '${place.backendName}': ${support.reason}${advice}`);
  }
  return asked;
}

/** Who computes a pass of a geometry where ours have been installed, and why. */
export interface Taken {
  readonly by: Contender;
  /** Who of ours would, or does; `undefined` if none can. */
  readonly ours: OurContender | undefined;
  /** In a sentence. */
  readonly because: string;
}

/** The contender of ours for a pass: a variant, or the kernel of a gradient; `undefined` if none can run. */
export function ourContender(pass: Pass, g: Conv2DTransposeGeometry, place: Place): OurContender | undefined {
  if (pass === 'forward') return automatic(g, place);
  return supportOfOurs(pass, 'ours', g, place).supported ? 'ours' : undefined;
}

/** What is found by pass and contender, of a geometry on a backend. */
const predictions = keptBy((_g: Conv2DTransposeGeometry) =>
  keptBy((_descriptor: BackendDescriptor) => new Recent<boolean>()),
);

/** Whether stock is predicted to be faster than a contender of ours. */
function stockIsPredicted(
  pass: Pass,
  ours: OurContender,
  g: Conv2DTransposeGeometry,
  { backendName, backend }: Place,
): boolean {
  const descriptor = descriptorOf(backendName)!;
  const calibrated = isCalibrated(descriptor, backend);
  return predictions(g)(descriptor).get(`${pass} ${ours} ${calibrated}`, () => {
    const ms = predictedMs(pass, [ours, 'stock'], g, descriptor, calibrated);
    return ms.stock !== undefined && ms[ours] !== undefined && ms.stock < ms[ours];
  });
}

/**
 * Multiply-adds below which stock's loops on `cpu` are done before ours are called. Of a depthwise layer: 12 against 27
 * µs for 4 × 4 × 4 and 3 × 3 taps, 49 against 28 for 8 × 8 × 16; its filter gradient is slower all the same. Of a dense
 * conv2d: 4.3 against 5.4 µs for 864, 8.3 against 6.3 for 2304; its gradients are slower all the same.
 */
const SMALL = { depthwise: 4096, dense: 1024 };

function isSmall(pass: Pass, g: Conv2DTransposeGeometry): boolean {
  const multiplyAdds = g.batch * g.inHeight * g.inWidth * g.filterHeight * g.filterWidth * g.inChannels;
  if (isDepthwise(g)) return pass !== 'filter gradient' && multiplyAdds < SMALL.depthwise;
  return pass === 'input gradient' && multiplyAdds * (g.outChannels / g.groups) < SMALL.dense;
}

/** Chooses between ours and stock's kernel, if there is one. */
export function chooseUnderInstall(pass: Pass, g: Conv2DTransposeGeometry, place: Place, hasStock: boolean): Taken {
  applySettings(place.backendName);
  const ours = ourContender(pass, g, place);
  if (ours === undefined) {
    const reason = impossible(g, place);
    const because = reason === undefined ? 'ours cannot run here' : `nobody can run here: ${reason}`;
    return { by: 'stock', ours, because };
  }
  if (!hasStock) return { by: ours, ours, because: 'stock tfjs cannot compute it' };
  const winner = winnerHere(pass, g, place);
  if (winner?.ms.stock !== undefined)
    return {
      by: winner.fastest === 'stock' ? 'stock' : ours,
      ours,
      because: `measured to be fastest on ${winner.device}`,
    };
  if (isSmall(pass, g)) return { by: 'stock', ours, because: 'so small that a call of ours takes longer' };
  const reason = descriptorOf(place.backendName)?.leavesToStock?.(pass, place.backend);
  if (reason !== undefined) return { by: 'stock', ours, because: reason };
  if (stockIsPredicted(pass, ours, g, place)) return { by: 'stock', ours, because: 'predicted to be faster' };
  return { by: ours, ours, because: 'not predicted to be slower than stock' };
}
