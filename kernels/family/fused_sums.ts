// SPDX-License-Identifier: Apache-2.0
/**
 * What a fused kernel does to its sums when the engine is done with them: adds the bias, then applies the activation.
 * It is one pass over them, that which copies them out, or in place.
 */
import type { Activation } from '../../src/contract';
import type { Curves } from '../engine/engine';

/** `bias` and `prelu` hold a value per channel, or one for all. */
export interface Epilogue {
  readonly bias?: Float32Array;
  readonly activation: Activation;
  readonly prelu?: Float32Array;
  readonly leakyreluAlpha: number;
}

/** What an activation makes of a sum: something linear on either side of 0, or a function of its own. */
type Curve =
  | { readonly slopeBelow: (epilogue: Epilogue) => Float32Array; readonly most?: number }
  | { readonly apply: (sum: number) => number };

const slope = (value: number): Curve => ({ slopeBelow: () => Float32Array.of(value) });

/** A row per activation. */
const CURVES: Readonly<Record<Activation, Curve>> = {
  linear: slope(1),
  relu: slope(0),
  relu6: { ...slope(0), most: 6 },
  elu: { apply: (sum) => (sum < 0 ? Math.expm1(sum) : sum) },
  sigmoid: { apply: (sum) => 1 / (1 + Math.exp(-sum)) },
  tanh: { apply: Math.tanh },
  leakyrelu: { slopeBelow: ({ leakyreluAlpha }) => Float32Array.of(leakyreluAlpha) },
  prelu: { slopeBelow: ({ prelu }) => prelu! },
};

/** What an epilogue does to sums of so many channels; `undefined` if its activation is a function of its own. */
export function curvesOf(epilogue: Epilogue, channels: number): Curves | undefined {
  const curve = CURVES[epilogue.activation];
  if ('apply' in curve) return undefined;
  const { slopeBelow, most = Infinity } = curve;
  const biases = perChannel(epilogue.bias ?? Float32Array.of(0), channels);
  return { biases, slopes: perChannel(slopeBelow(epilogue), channels), most };
}

/**
 * Writes sums, which end in a dimension of `channels`, to `to`, which may be where they are. NaN stays NaN. Each step
 * is rounded to a float, as in SIMD: the same bits, whoever computes.
 */
export function writeFused(from: Float32Array, to: Float32Array, channels: number, epilogue: Epilogue): void {
  const curve = CURVES[epilogue.activation];
  if ('apply' in curve) {
    const { apply } = curve;
    const biases = perChannel(epilogue.bias ?? Float32Array.of(0), channels);
    for (let first = 0; first < from.length; first += channels) {
      for (let channel = 0; channel < channels; channel++)
        to[first + channel] = apply(Math.fround(from[first + channel] + biases[channel]));
    }
    return;
  }
  const { biases, slopes, most } = curvesOf(epilogue, channels)!;
  for (let first = 0; first < from.length; first += channels) {
    for (let channel = 0; channel < channels; channel++) {
      const sum = Math.fround(from[first + channel] + biases[channel]);
      // −∞ · 0 would be NaN.
      const below = slopes[channel] === 0 ? 0 : sum * slopes[channel];
      to[first + channel] = sum < 0 ? below : sum > most ? most : sum;
    }
  }
}

function perChannel(values: Float32Array, channels: number): Float32Array {
  return values.length === channels ? values : new Float32Array(channels).fill(values[0]);
}
