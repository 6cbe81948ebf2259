// SPDX-License-Identifier: Apache-2.0
/** What a fused kernel does to its sums where they leave the engine, in the pass that copies them out: adds the bias, then applies the activation. */
import type { Activation } from '../../src/contract';

/** `bias` and `prelu` hold a value per channel, or one for all. */
export interface Epilogue {
  readonly bias?: Float32Array;
  readonly activation: Activation;
  readonly prelu?: Float32Array;
  readonly leakyreluAlpha: number;
}

/** Writes sums, which end in a dimension of `channels`, to `to`. NaN stays NaN. */
export function writeFused(
  from: Float32Array,
  to: Float32Array,
  channels: number,
  { bias, activation, prelu, leakyreluAlpha }: Epilogue,
): void {
  const biases = perChannel(bias ?? Float32Array.of(0), channels);
  // Of what is below 0: what relu and its like multiply it by.
  const slopes = perChannel(
    activation === 'prelu' ? prelu! : Float32Array.of({ relu: 0, relu6: 0, leakyrelu: leakyreluAlpha }[activation as string] ?? 1), // prettier-ignore
    channels,
  );
  const most = activation === 'relu6' ? 6 : Infinity;
  const apply = { elu, sigmoid }[activation as string];
  for (let first = 0; first < from.length; first += channels) {
    for (let channel = 0; channel < channels; channel++) {
      const sum = from[first + channel] + biases[channel];
      if (apply) to[first + channel] = apply(sum);
      // −∞ · 0 would be NaN.
      else
        to[first + channel] = sum < 0 ? (slopes[channel] === 0 ? 0 : sum * slopes[channel]) : sum > most ? most : sum;
    }
  }
}

function perChannel(values: Float32Array, channels: number): Float32Array {
  return values.length === channels ? values : new Float32Array(channels).fill(values[0]);
}

function elu(value: number): number {
  return value < 0 ? Math.expm1(value) : value;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
