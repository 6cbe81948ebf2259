// SPDX-License-Identifier: Apache-2.0
/** Which variant runs: the one that was asked for, if it can; else the one that was measured to be fastest here (./tuning), else the one predicted to be. */
import { type KernelConfig, engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import { predictedMs } from './cost_model';
import { type Conv2DTransposeGeometry, type GeometryRequest, computeGeometry } from '../geometry/geometry';
import { KERNEL_OF_VARIANT, type Support, VARIANTS, type Variant, type VariantKernelConfig } from '../contract';
import { type Winner, winnerOf } from './winners';

/** The config of a variant's kernel on a backend, if it is registered. */
export function variantConfig(variant: Variant, backendName: string): VariantKernelConfig | undefined {
  return getKernel(KERNEL_OF_VARIANT[variant], backendName) as (KernelConfig & VariantKernelConfig) | undefined;
}

/** Whether a variant can run a geometry on a backend, and if not, why. */
export function supportOf(
  variant: Variant,
  geometry: Conv2DTransposeGeometry,
  backendName: string,
  backend: object,
): Support {
  // prettier-ignore
  const config = variantConfig(variant, backendName);
  if (config === undefined) {
    return {
      supported: false,
      reason: `backend '${backendName}' has no such kernel; import the entry point that registers it`,
    };
  }
  return config.supports(geometry, backend);
}

/**
 * The order in which 'auto' tries the variants: by predicted time, where the backend is calibrated. Dilate comes last: it never does less work than
 * sub-pixel, and multiplies by zeros, which a weight that is not finite turns into NaN.
 */
function predictedOrder(g: Conv2DTransposeGeometry, backendName: string): readonly Variant[] {
  const ms = predictedMs(g, backendName);
  const order: Variant[] = ['subpixel', 'matmul', 'scatter'];
  return [...(ms ? order.sort((a, b) => ms[a] - ms[b]) : order), 'dilate'];
}

function winnerHere(g: Conv2DTransposeGeometry, backendName: string, backend: object): Winner | undefined {
  return winnerOf(g, backendName, () => variantConfig('subpixel', backendName)?.device(backend) ?? '');
}

/**
 * Chooses the variant to run.
 *
 * @returns a variant, or `undefined` if 'auto' was asked for and the backend can run none of them.
 * @throws Error if the variant is unknown or asked for by name and unsupported; the message says which would do.
 */
export function chooseVariant(
  asked: Variant | 'auto',
  geometry: Conv2DTransposeGeometry,
  backendName: string,
  backend: object,
): Variant | undefined {
  const isAble = (variant: Variant): boolean => supportOf(variant, geometry, backendName, backend).supported;
  if (asked === 'auto') {
    const winner = winnerHere(geometry, backendName, backend)?.variant;
    if (winner !== undefined && isAble(winner)) return winner;
    return predictedOrder(geometry, backendName).find(isAble);
  }
  const choices = [...VARIANTS, 'auto'].map((name) => `'${name}'`).join(', ');
  if (!VARIANTS.includes(asked))
    throw new RangeError(`variant must be one of ${choices}, but was ${JSON.stringify(asked)}`);
  const support = supportOf(asked, geometry, backendName, backend);
  if (!support.supported) {
    const able = predictedOrder(geometry, backendName).filter(isAble);
    const others = ['auto', ...able].map((name) => `'${name}'`).join(', ');
    throw new Error(`variant '${asked}' cannot run on backend '${backendName}': ${support.reason}. ${others} would do`);
  }
  return asked;
}

/** What 'auto' would do, and why. */
export interface Explanation {
  backend: string;
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
  const g = 'xShape' in request ? computeGeometry(request) : request;
  const [backendName, backend] = [getBackend(), engine().backend];
  const winner = winnerHere(g, backendName, backend);
  const predicted = predictedMs(g, backendName);
  const variant = chooseVariant('auto', g, backendName, backend);
  const variants = Object.fromEntries(
    VARIANTS.map((name) => [
      name,
      {
        support: supportOf(name, g, backendName, backend),
        ...(predicted && { predictedMs: predicted[name] }),
        ...(winner?.ms[name] !== undefined && { measuredMs: winner.ms[name] }),
      },
    ]),
  ) as Explanation['variants'];
  const reason =
    variant === undefined
      ? `no variant can run on backend '${backendName}' (${(variants.subpixel.support as { reason: string }).reason}); the op is composed of core ops`
      : winner?.variant === variant
        ? `measured to be fastest on ${winner.device}: ${winner.ms[variant]!.toPrecision(3)} ms`
        : predicted
          ? `predicted to be fastest of those that can run: ${predicted[variant].toPrecision(3)} ms on the machine of the calibration`
          : `first of the usual order; backend '${backendName}' has not been calibrated`;
  return { backend: backendName, variant, reason, variants };
}
