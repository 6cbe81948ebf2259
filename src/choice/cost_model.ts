// SPDX-License-Identifier: Apache-2.0
/**
 * How long the variants would take, by a small model: a call, so many multiply-adds, so many floats moved besides. Its coefficients come from measurements
 * (`npm run calibrate`, which says how; ./calibration). They are those of one machine: what matters is the order they put the variants in.
 */
import { CALIBRATION } from './calibration';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../geometry/geometry';
import { tapSpan } from '../geometry/phases';
import { type Axis } from '../geometry/axis';
import { VARIANTS, type Variant } from '../contract';

/** What a call of a variant costs: multiply-adds, with those that are wasted, and floats that are moved but in sums. */
export interface Work {
  readonly multiplyAdds: number;
  readonly moved: number;
}

/** Channels that a kernel works on at a time: a part of them costs as much as all. */
const LANES = 4;

export function workOf(variant: Variant, g: Conv2DTransposeGeometry): Work {
  return worksOf(g)[variant];
}

/** Of all variants; called for every op that leaves the choice open, so each count is made once. */
function worksOf(g: Conv2DTransposeGeometry): Record<Variant, Work> {
  const [inDepth, outDepth] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const inPixels = g.batch * g.inHeight * g.inWidth;
  const outPixels = g.batch * g.outHeight * g.outWidth;
  const taps = g.filterHeight * g.filterWidth;
  const lanes = (channels: number): number => LANES * Math.ceil(channels / LANES);
  const met = g.batch * pairs(heightAxis(g)) * pairs(widthAxis(g));
  const of = (contributions: number, channels: number): number => contributions * channels * inDepth * g.groups;
  return {
    scatter: { multiplyAdds: of(met, lanes(outDepth)), moved: met * g.outChannels },
    dilate: { multiplyAdds: of(outPixels * taps, lanes(outDepth)), moved: outPixels * g.inChannels },
    matmul: { multiplyAdds: of(inPixels, lanes(taps * outDepth)), moved: inPixels * taps * g.outChannels },
    subpixel: { multiplyAdds: of(met, lanes(outDepth)), moved: outPixels * g.outChannels },
  };
}

/** Pairs of input cell and tap along an axis that land inside the output. */
function pairs(axis: Axis): number {
  let count = 0;
  for (let tap = 0; tap < axis.kernel; tap++) {
    const { begin, end } = tapSpan(axis, tap);
    count += Math.max(0, end - begin);
  }
  return count;
}

/** Milliseconds of a call, of a million multiply-adds, and of a million floats moved. */
export interface Coefficients {
  readonly call: number;
  readonly multiplyAdds: number;
  readonly moved: number;
}

const MODELS = CALIBRATION.models as Readonly<Record<string, Readonly<Record<Variant, Coefficients>>>>;

/** Predicted milliseconds of each variant; `undefined` if the backend has not been calibrated. */
export function predictedMs(g: Conv2DTransposeGeometry, backendName: string): Record<Variant, number> | undefined {
  const model = MODELS[backendName];
  if (!model) return undefined;
  const works = worksOf(g);
  const ms = {} as Record<Variant, number>;
  for (const variant of VARIANTS) {
    const { call, multiplyAdds, moved } = model[variant];
    ms[variant] = call + (works[variant].multiplyAdds * multiplyAdds + works[variant].moved * moved) / 1e6;
  }
  return ms;
}
