// SPDX-License-Identifier: Apache-2.0
/**
 * Which variant runs: the one that was asked for, if it can; else the one that was measured to be fastest here
 * (./winners), else the one predicted to be (./cost_model).
 */
import type { KernelBackend } from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  type Support,
  VARIANTS,
  type Variant,
  descriptorOf,
  supportOf,
  unsupported,
} from '../contract';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { checkOneOf } from '../geometry/checks';
import { keptBy } from '../geometry/kept';
import { predictedMs } from './cost_model';
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

/** Whether a variant can run a geometry on a backend, and if not, why. */
export function supportOfVariant(
  variant: Variant,
  g: Conv2DTransposeGeometry,
  { backendName, backend }: Place,
): Support {
  const descriptor = descriptorOf(backendName);
  if (descriptor === undefined)
    return unsupported(`backend '${backendName}' has no such kernel; import the entry point that registers it`);
  const kernel = Object.prototype.hasOwnProperty.call(descriptor.variants, variant)
    ? descriptor.variants[variant]
    : undefined;
  if (kernel === undefined) return unsupported(`backend '${backendName}' has no kernel for it`);
  return supportOf(descriptor, kernel, g, backend);
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
function order(g: Conv2DTransposeGeometry, descriptor: BackendDescriptor): readonly Variant[] {
  const ms = predictedMs(g, descriptor) ?? {};
  const known = (variant: Variant): number => ms[variant] ?? Infinity;
  const usual = (variant: Variant): number => USUAL_ORDER.indexOf(variant) >>> 0;
  return (Object.keys(descriptor.variants) as Variant[]).sort((a, b) => {
    if (a === LAST_RESORT || b === LAST_RESORT) return a === LAST_RESORT ? 1 : -1;
    return known(a) === known(b) ? usual(a) - usual(b) : known(a) - known(b);
  });
}
const orderOf = keptBy((g: Conv2DTransposeGeometry) => keptBy((descriptor: BackendDescriptor) => order(g, descriptor)));

/** What `tune` has measured of a geometry on this backend and device, if anything. */
export function winnerHere(g: Conv2DTransposeGeometry, { backendName, backend }: Place): Winner | undefined {
  return winnerOf(g, backendName, () => descriptorOf(backendName)?.device(backend) ?? '');
}

/** The variants that can run, in the order in which 'auto' tries them. */
function able(g: Conv2DTransposeGeometry, place: Place): Variant[] {
  const descriptor = descriptorOf(place.backendName);
  if (descriptor === undefined) return [];
  return orderOf(g)(descriptor).filter((variant) => supportOfVariant(variant, g, place).supported);
}

/** The variant that 'auto' means; `undefined` if the backend can run none. */
function automatic(g: Conv2DTransposeGeometry, place: Place): Variant | undefined {
  const isAble = (variant: Variant): boolean => supportOfVariant(variant, g, place).supported;
  const winner = winnerHere(g, place)?.variant;
  if (winner !== undefined && isAble(winner)) return winner;
  const descriptor = descriptorOf(place.backendName);
  return descriptor && orderOf(g)(descriptor).find(isAble);
}

/**
 * Chooses the variant to run.
 *
 * @returns a variant, or `undefined` if 'auto' was asked for and the backend can run none of them.
 * @throws Error if the variant is unknown or asked for by name and unsupported; the message says which would do.
 */
export function chooseVariant(asked: Variant | 'auto', g: Conv2DTransposeGeometry, place: Place): Variant | undefined {
  if (asked === 'auto') return automatic(g, place);
  const variants = variantsOf(descriptorOf(place.backendName));
  checkOneOf('variant', asked, [...variants, 'auto']);
  const support = supportOfVariant(asked, g, place);
  if (!support.supported) {
    const others = ['auto', ...able(g, place)].map((name) => `'${name}'`).join(', ');
    throw new Error(
      `variant '${asked}' cannot run on backend '${place.backendName}': ${support.reason}. ${others} would do`,
    );
  }
  return asked;
}
