// SPDX-License-Identifier: Apache-2.0
/** What a fused kernel does to its sums before they leave: adds the bias, then applies the activation. */
import type { Activation } from '../../src/kernel_names';

/** `bias` and `prelu` hold a value per channel, or one for all. */
export interface Epilogue {
  readonly bias?: Float32Array;
  readonly activation: Activation;
  readonly prelu?: Float32Array;
  readonly leakyreluAlpha: number;
}

const FUNCTIONS: Readonly<Record<Exclude<Activation, 'linear' | 'leakyrelu' | 'prelu'>, (value: number) => number>> = {
  relu: (value) => (value < 0 ? 0 : value),
  relu6: (value) => (value < 0 ? 0 : value > 6 ? 6 : value),
  elu: (value) => (value < 0 ? Math.expm1(value) : value),
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
};

/** Changes `values`, which end in a dimension of `channels`, in place. */
export function applyEpilogue(
  values: Float32Array,
  channels: number,
  { bias, activation, prelu, leakyreluAlpha }: Epilogue,
): void {
  const slopes = activation === 'prelu' ? prelu! : activation === 'leakyrelu' ? [leakyreluAlpha] : undefined;
  const apply = activation === 'linear' || slopes ? undefined : FUNCTIONS[activation as keyof typeof FUNCTIONS];
  const [biasStep, slopeStep] = [bias && bias.length > 1 ? 1 : 0, slopes && slopes.length > 1 ? 1 : 0];
  for (let first = 0; first < values.length; first += channels) {
    for (let channel = 0; channel < channels; channel++) {
      let value = values[first + channel];
      if (bias) value += bias[channel * biasStep];
      if (slopes) value = value < 0 ? value * slopes[channel * slopeStep] : value;
      else if (apply) value = apply(value);
      values[first + channel] = value;
    }
  }
}
