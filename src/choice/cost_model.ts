// SPDX-License-Identifier: Apache-2.0
/**
 * How long the variants would take, by a small model: a call, so many multiply-adds, so many floats moved besides. Its
 * coefficients come from measurements (`npm run calibrate`, which says how; ./calibration). They are those of one
 * machine: what matters is the order they put the variants in. A variant without a row here, or not calibrated yet, has
 * no prediction.
 */
import type { BackendDescriptor, Variant } from '../contract';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../geometry/geometry';
import { contributions } from '../geometry/phases';
import { CALIBRATION } from './calibration';

/** What a call of a variant costs: multiply-adds, with those that are wasted, and floats that are moved but in sums. */
export interface Work {
  readonly multiplyAdds: number;
  readonly moved: number;
}

/** Sizes that the work of a variant is counted in. */
interface Sizes {
  readonly inPixels: number;
  readonly outPixels: number;
  readonly taps: number;
  /** Pairs of input pixel and tap that land inside the output. */
  readonly met: number;
  readonly outDepth: number;
  /** Multiply-adds of so many sums with `channels` channels each. */
  sums(count: number, channels: number): number;
}

/** Channels that a kernel works on at a time: a part of them costs as much as all. */
const LANES = 4;
const lanes = (channels: number): number => LANES * Math.ceil(channels / LANES);

const WORK: Readonly<Partial<Record<Variant, (s: Sizes, g: Conv2DTransposeGeometry) => Work>>> = {
  scatter: ({ met, outDepth, sums }, g) => ({
    multiplyAdds: sums(met, lanes(outDepth)),
    moved: met * g.outChannels,
  }),
  dilate: ({ outPixels, taps, outDepth, sums }, g) => ({
    multiplyAdds: sums(outPixels * taps, lanes(outDepth)),
    moved: outPixels * g.inChannels,
  }),
  matmul: ({ inPixels, taps, outDepth, sums }, g) => ({
    multiplyAdds: sums(inPixels, lanes(taps * outDepth)),
    moved: inPixels * taps * g.outChannels,
  }),
  subpixel: ({ met, outPixels, outDepth, sums }, g) => ({
    multiplyAdds: sums(met, lanes(outDepth)),
    moved: outPixels * g.outChannels,
  }),
};

/** The work of a variant; `undefined` if nothing is known of it. */
export function workOf(variant: Variant, g: Conv2DTransposeGeometry): Work | undefined {
  const inDepth = g.inChannels / g.groups;
  const sizes: Sizes = {
    inPixels: g.batch * g.inHeight * g.inWidth,
    outPixels: g.batch * g.outHeight * g.outWidth,
    taps: g.filterHeight * g.filterWidth,
    met: g.batch * contributions(heightAxis(g)) * contributions(widthAxis(g)),
    outDepth: g.outChannels / g.groups,
    sums: (count, channels) => count * channels * inDepth * g.groups,
  };
  return WORK[variant]?.(sizes, g);
}

/** Milliseconds of a call, of a million multiply-adds, and of a million floats moved. */
export interface Coefficients {
  readonly call: number;
  readonly multiplyAdds: number;
  readonly moved: number;
}

type Model = Readonly<Partial<Record<Variant, Coefficients>>>;
const MODELS: Readonly<Record<string, Model | undefined>> = CALIBRATION.models;

/** Predicted milliseconds of some work. */
export function timeOf({ multiplyAdds, moved }: Work, coefficients: Coefficients): number {
  return coefficients.call + (multiplyAdds * coefficients.multiplyAdds + moved * coefficients.moved) / 1e6;
}

/** Predicted milliseconds of the variants of a backend that are calibrated; `undefined` if none is. */
export function predictedMs(
  g: Conv2DTransposeGeometry,
  { name, calibratedAs = name, variants }: BackendDescriptor,
): Partial<Record<Variant, number>> | undefined {
  const model = MODELS[calibratedAs];
  if (model === undefined) return undefined;
  const ms: Partial<Record<Variant, number>> = {};
  for (const variant of Object.keys(variants) as Variant[]) {
    const [work, coefficients] = [workOf(variant, g), model[variant]];
    if (work && coefficients) ms[variant] = timeOf(work, coefficients);
  }
  return ms;
}
