// SPDX-License-Identifier: Apache-2.0
/**
 * What 'winograd' should compute: the oracle's values within a bound of its own, as it mixes neighbours before it
 * multiplies.
 *
 * The bound follows from the one that ../../kernels/family/winograd derives, with the largest of a channel's pixels for
 * each of them. Along an axis the sums of |Aᵀ| |G| |w| · |Bᵀ| |x| of F(2, 2), F(3, 2) and F(2, 3) are at most
 * 4 max|x| Σ|w| in any row of Aᵀ. So with n terms of a product, n + 10 roundings at most,
 *
 *     |y − y64| ≤ 16 · (n + 10) · ε32 / 2 · Σ_channels max|x| · Σ_taps |w|
 */
import { currentEngine } from '../../kernels/engine/engines';
import { winogradInput } from '../../kernels/family/winograd';
import { computeGeometry } from '../../src';
import type { Environment } from './environments';
import { type Layer, requestOf } from './layer';
import * as oracle from './oracle';

/** The flag that lets it run unasked. */
export const FAST_MATH = 'CONV2D_TRANSPOSE_FAST_MATH';

/** Whether it can run there: in memory, on an engine that has transforms. */
export const hasWinograd = ({ backend, name }: Environment): boolean =>
  (backend === 'cpu' && !name.includes('plain')) || backend === 'wasm';

/** The input gradient computed so, whether that pays or not. */
export function runWinogradInput(l: Layer, dy: Float32Array, filter: Float32Array): Float32Array {
  const plan = winogradInput(computeGeometry(requestOf(l)));
  return currentEngine().run(plan, dy, filter, (values) => values.slice());
}

/** What a bound is made of: images, and a filter by channels of theirs and of the result. */
interface Products {
  readonly images: Float32Array;
  readonly batch: number;
  /** Channels of the images, and of the result. */
  readonly channels: readonly [from: number, to: number];
  /** Terms of a product. */
  readonly terms: number;
  /** Σ over taps of |w|, of a channel of the images and one of the result. */
  magnitude(from: number, to: number): number;
}

export function winogradForward(l: Layer, x: Float32Array, filter: Float32Array): oracle.Truth {
  const { inChannels, outChannels, batch, groups } = l;
  return within(oracle.forward(l, x, filter), {
    ...{ images: x, batch, channels: [inChannels, outChannels] },
    terms: inChannels / groups,
    magnitude: (from, to) => sumOverTaps(l, filter, from, to),
  });
}

export function winogradInputGradient(l: Layer, dy: Float32Array, filter: Float32Array): oracle.Truth {
  const { inChannels, outChannels, batch, strides, groups } = l;
  return within(oracle.backpropInput(l, dy, filter), {
    ...{ images: dy, batch, channels: [outChannels, inChannels] },
    terms: (outChannels / groups) * strides[0] * strides[1],
    magnitude: (from, to) => sumOverTaps(l, filter, to, from),
  });
}

/** Of a channel of x and one of y: 0 if they are of different groups. */
function sumOverTaps({ inChannels, outChannels, groups }: Layer, filter: Float32Array, x: number, y: number): number {
  const [inDepth, outDepth] = [inChannels / groups, outChannels / groups];
  if (Math.floor(x / inDepth) !== Math.floor(y / outDepth)) return 0;
  let sum = 0;
  for (let at = (y % outDepth) * inChannels + x; at < filter.length; at += inChannels * outDepth)
    sum += Math.abs(filter[at]);
  return sum;
}

/** Values with this bound in place of their own, in the unit that ./compare has: ε32. */
function within({ values }: oracle.Truth, { images, batch, channels, terms, magnitude }: Products): oracle.Truth {
  const bound = new Float64Array(values.length);
  const [from, to] = channels;
  for (let b = 0; b < batch; b++) {
    const most = new Float64Array(from);
    const pixels = images.length / batch;
    for (let at = b * pixels; at < (b + 1) * pixels; at++)
      most[at % from] = Math.max(most[at % from], Math.abs(images[at]));
    const results = values.length / batch;
    for (let n = 0; n < to; n++) {
      const sum = most.reduce((all, value, k) => all + value * magnitude(k, n), 0);
      for (let at = b * results + n; at < (b + 1) * results; at += to) bound[at] = 8 * (terms + 10) * sum;
    }
  }
  return { values, bound };
}
