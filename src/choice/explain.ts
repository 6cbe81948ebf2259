// SPDX-License-Identifier: Apache-2.0
/** What 'auto' and installed kernels would do, and why, in words and numbers. */
import { engine, getBackend } from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  type Contender,
  PASSES,
  type Pass,
  type Support,
  type Variant,
  descriptorOf,
  deviceInWords,
  stockKernelOf,
} from '../contract';
import { type Conv2DTransposeGeometry, operandShapes } from '../geometry/geometry';
import { type GeometryRequest, toGeometry } from '../geometry/request';
import {
  LAST_RESORT,
  type Place,
  automatic,
  chooseUnderInstall,
  impossible,
  isInexact,
  isInexactGradient,
  supportOfVariant,
  variantsOf,
  winnerHere,
} from './choose';
import { isCalibrated, predictedMs } from './cost_model';
import { applySettings, settingOf, settingsHere } from './settings';
import { choosesStock, isInstalled, stockCall } from './stock';

/** Milliseconds that are known of a contender: measured by `tune`, or predicted. */
export interface KnownTimes {
  predictedMs?: number;
  measuredMs?: number;
}

/** What would run where code calls a stock kernel that `install` has replaced. */
export interface InstalledKernel {
  /** tfjs's name. */
  kernel: string;
  /** A variant, 'ours' or 'stock'. */
  runs: Contender;
  /** In a sentence. */
  reason: string;
  ours?: KnownTimes;
  stock?: KnownTimes;
}

/** How kernels are set on a device, where they can be set in several ways. */
export interface ExplainedSetting {
  /** What is set: on webgl the tile of a fragment, on webgpu who computes a tile. */
  of: string;
  /** The one that holds. */
  inUse: string;
  /** In a sentence. */
  reason: string;
  /** All that there are here, and what `tune` has measured of them, on the geometry that the reason names. */
  contenders: Record<string, Pick<KnownTimes, 'measuredMs'>>;
}

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
  variants: Record<Variant, { support: Support } & KnownTimes>;
  /** Of each pass whose stock kernel is replaced here: the transposed convolution, conv2d, the filter gradient. */
  installed: Partial<Record<Pass, InstalledKernel>>;
  /** Left out where the backend has but one way. */
  setting?: ExplainedSetting;
}

/**
 * Says which variant 'auto' would run on the backend that is set, and why; and what the kernels that `install` has put
 * there would. Computes nothing.
 *
 * @param request What `computeGeometry` takes, or what it has returned.
 * @throws RangeError as `computeGeometry` does.
 */
export function explain(request: GeometryRequest | Conv2DTransposeGeometry): Explanation {
  const g = toGeometry(request);
  const place = { backendName: getBackend(), backend: engine().backend };
  applySettings(place.backendName);
  const descriptor = descriptorOf(place.backendName);
  const measured = winnerHere('forward', g, place);
  const names = variantsOf(descriptor);
  const variant = automatic(g, place);
  const times = timesOf('forward', names, g, place);
  const variants = Object.fromEntries(
    names.map((name) => [name, { support: supportOfVariant(name, g, place), ...times[name] }]),
  ) as Explanation['variants'];
  const reason = (): string => {
    if (variant === undefined) {
      const [why] = Object.values(variants).flatMap(({ support }) => (support.supported ? [] : [support.reason]));
      const then = impossible(g, place) === undefined ? 'the op is composed of core ops' : 'nor can core ops';
      return `no variant can run on backend '${place.backendName}' (${why}); ${then}`;
    }
    if (measured?.ms[variant] !== undefined)
      return `measured to be fastest on ${measured.device}: ${measured.ms[variant].toPrecision(3)} ms`;
    const ms = times[variant]?.predictedMs?.toPrecision(3);
    if (ms !== undefined) {
      const where = isCalibrated(descriptor!, place.backend)
        ? 'the machine of the calibration'
        : 'a small GPU, by the instructions of its programs';
      const price = isInexact('forward', variant, descriptor!) ? '; less exact than others, as a flag allows' : '';
      const { support, predictedMs = Infinity } = variants[LAST_RESORT];
      const isLess = support.supported && predictedMs < times[variant]!.predictedMs!;
      const last = isLess ? `; '${LAST_RESORT}', the last resort, is predicted to take less` : '';
      return `predicted to be fastest of those that can run: ${ms} ms on ${where}${price}${last}`;
    }
    return `first of the usual order; backend '${place.backendName}' has no calibrated model`;
  };
  const device = descriptor && deviceInWords(descriptor, place.backend);
  const installed: Explanation['installed'] = {};
  for (const pass of PASSES)
    if (isInstalled(pass, g, place.backendName)) installed[pass] = installedKernel(pass, g, place);
  const setting = descriptor && explainedSetting(descriptor, place);
  const explanation = { backend: place.backendName, device, variant, reason: reason(), variants, installed };
  return setting ? { ...explanation, setting } : explanation;
}

function explainedSetting(
  descriptor: BackendDescriptor,
  { backendName, backend }: Place,
): ExplainedSetting | undefined {
  const names = settingsHere(descriptor, backend);
  if (names.length < 2) return undefined;
  const { of, inUse } = descriptor.settings!;
  const best = settingOf(backendName, descriptor.device(backend));
  const known = (name: string): [string, Pick<KnownTimes, 'measuredMs'>] => {
    const measuredMs = best?.ms[name];
    return [name, measuredMs === undefined ? {} : { measuredMs }];
  };
  const [holds, contenders] = [inUse(backend), Object.fromEntries(names.map(known))];
  if (!best) return { of, inUse: holds, reason: 'usual on such a device; tune measures the others', contenders };
  const reason = `measured on ${best.device} with ${operandShapes(best.geometry)}`;
  if (holds !== best.fastest)
    return { of, inUse: holds, reason: `'${best.fastest}' was ${reason}, and is none here`, contenders };
  return { of, inUse: holds, reason, contenders };
}

/** What is known of contenders' times; those of which nothing is known are left out. */
function timesOf<C extends Contender>(
  pass: Pass,
  names: readonly C[],
  g: Conv2DTransposeGeometry,
  place: Place,
): Partial<Record<C, KnownTimes>> {
  const descriptor = descriptorOf(place.backendName);
  const predicted: Partial<Record<Contender, number>> = descriptor
    ? predictedMs(pass, names, g, descriptor, isCalibrated(descriptor, place.backend))
    : {};
  const measured = winnerHere(pass, g, place)?.ms ?? {};
  const times: Partial<Record<C, KnownTimes>> = {};
  for (const name of names) {
    const known: KnownTimes = {
      ...(predicted[name] !== undefined && { predictedMs: predicted[name] }),
      ...(measured[name] !== undefined && { measuredMs: measured[name] }),
    };
    if (Object.keys(known).length > 0) times[name] = known;
  }
  return times;
}

function installedKernel(pass: Pass, g: Conv2DTransposeGeometry, place: Place): InstalledKernel {
  const { backendName } = place;
  const chooses = choosesStock(pass, g, backendName);
  const hasStock = stockCall(pass, g, backendName) !== undefined;
  const { by, ours, because } = chooseUnderInstall(pass, g, place, chooses && hasStock);
  const times = timesOf(pass, ours === undefined ? ['stock'] : [ours, 'stock'], g, place);
  const own = ours && times[ours];
  const descriptor = descriptorOf(backendName);
  const isInexactHere = by !== 'stock' && descriptor !== undefined && isInexactGradient(pass, g, descriptor);
  const price = isInexactHere ? '; by winograd, less exact, as a flag allows' : '';
  return {
    kernel: stockKernelOf(pass, g),
    runs: by,
    reason: `${chooses || by === 'stock' ? because : 'installed by name'}${price}`,
    ...(own && { ours: own }),
    ...(times.stock && { stock: times.stock }),
  };
}
