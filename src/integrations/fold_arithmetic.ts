// SPDX-License-Identifier: Apache-2.0
/**
 * What folding computes, in float64, to be rounded once:
 *
 *     scale · (x ∗ filter) + shift = x ∗ (scale · filter) + shift
 *
 * where a BatchNormalization after a convolution with bias b is, with k = gamma / √(variance + ε), the scale k and the
 * shift k · (b − mean) + beta of each channel.
 */

type Numbers = ArrayLike<number>;

/** The output channel of each element of a filter of some shape. */
export type ChannelOf = (shape: readonly number[], groups: number) => (at: number) => number;

/** Filters [..., outChannels]. */
export const last: ChannelOf = (shape) => (at) => at % shape[shape.length - 1];

/** Filters [..., inChannels, multiplier]: each input channel has some of its own. */
export const lastTwo: ChannelOf = (shape) => {
  const [inChannels, multiplier] = shape.slice(-2);
  return (at) => at % (inChannels * multiplier);
};

/** Filters [..., outChannels / groups, inChannels], where the input channel says which group it is. */
export const transposed: ChannelOf = (shape, groups) => {
  const [outDepth, inChannels] = shape.slice(-2);
  const groupOf = (at: number): number => Math.floor(((at % inChannels) * groups) / inChannels);
  return (at) => groupOf(at) * outDepth + (Math.floor(at / inChannels) % outDepth);
};

/** A scale and a shift of each channel. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** What adds a bias, if there is one, and does nothing else. */
export function biasOf(bias: Numbers | undefined, channels: number): Affine {
  return {
    scale: new Float64Array(channels).fill(1),
    shift: Float64Array.from({ length: channels }, (_, c) => bias?.[c] ?? 0),
  };
}

/** A BatchNormalization at inference. */
export function normalizationOf(
  variance: Numbers,
  epsilon: number,
  { gamma, beta, mean }: { gamma?: Numbers; beta?: Numbers; mean: Numbers },
): Affine {
  const scale = Float64Array.from(variance, (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon));
  return { scale, shift: scale.map((k, c) => (beta?.[c] ?? 0) - mean[c] * k) };
}

/** One after the other. */
export function after(first: Affine, second: Affine): Affine {
  return {
    scale: first.scale.map((s, c) => s * second.scale[c]),
    shift: first.shift.map((s, c) => s * second.scale[c] + second.shift[c]),
  };
}

/** The filter and the bias that do it; undefined if they would not fit float32. */
export function folded(
  filter: Float32Array,
  { scale, shift }: Affine,
  channelOf: (at: number) => number,
): { filter: Float32Array; bias: Float32Array } | undefined {
  const both = { filter: filter.map((w, at) => w * scale[channelOf(at)]), bias: Float32Array.from(shift) };
  return both.filter.every(Number.isFinite) && both.bias.every(Number.isFinite) ? both : undefined;
}
