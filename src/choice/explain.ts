// SPDX-License-Identifier: Apache-2.0
/** What 'auto' would do, and why, in words and numbers. */
import { engine, getBackend } from '@tensorflow/tfjs-core';
import { type Support, type Variant, descriptorOf } from '../contract';
import { type Conv2DTransposeGeometry, type GeometryRequest, toGeometry } from '../geometry/geometry';
import { chooseVariant, supportOfVariant, variantsOf, winnerHere } from './choose';
import { predictedMs } from './cost_model';

/** What 'auto' would do, and why. */
export interface Explanation {
  backend: string;
  /** What it runs on: an engine, a renderer, with what it lacks; `undefined` where there are no kernels of ours. */
  device: string | undefined;
  /** `undefined`: no variant can run, the op is composed of core ops. */
  variant: Variant | undefined;
  /** In a sentence. */
  reason: string;
  /** Of each variant: whether it can run and if not why, and its time, measured by `tune` or predicted, if known. */
  variants: Record<Variant, { support: Support; predictedMs?: number; measuredMs?: number }>;
}

/**
 * Says which variant 'auto' would run on the backend that is set, and why. Computes nothing.
 *
 * @param request What `computeGeometry` takes, or what it has returned.
 * @throws RangeError as `computeGeometry` does.
 */
export function explain(request: GeometryRequest | Conv2DTransposeGeometry): Explanation {
  const g = toGeometry(request);
  const place = { backendName: getBackend(), backend: engine().backend };
  const descriptor = descriptorOf(place.backendName);
  const measured = winnerHere(g, place);
  const predicted = descriptor && predictedMs(g, descriptor);
  const variant = chooseVariant('auto', g, place);
  const variants = Object.fromEntries(
    variantsOf(descriptor).map((name) => [
      name,
      {
        support: supportOfVariant(name, g, place),
        ...(predicted?.[name] !== undefined && { predictedMs: predicted[name] }),
        ...(measured?.ms[name] !== undefined && { measuredMs: measured.ms[name] }),
      },
    ]),
  ) as Explanation['variants'];
  const reason = (): string => {
    if (variant === undefined) {
      const [why] = Object.values(variants).flatMap(({ support }) => (support.supported ? [] : [support.reason]));
      return `no variant can run on backend '${place.backendName}' (${why}); the op is composed of core ops`;
    }
    if (measured?.variant === variant)
      return `measured to be fastest on ${measured.device}: ${measured.ms[variant]!.toPrecision(3)} ms`;
    const ms = predicted?.[variant]?.toPrecision(3);
    if (ms !== undefined)
      return `predicted to be fastest of those that can run: ${ms} ms on the machine of the calibration`;
    return `first of the usual order; backend '${place.backendName}' has not been calibrated`;
  };
  const device = descriptor?.device(place.backend);
  return { backend: place.backendName, device, variant, reason: reason(), variants };
}
