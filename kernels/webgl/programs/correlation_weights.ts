// SPDX-License-Identifier: Apache-2.0
/**
 * The part of programs/correlation that reads the filter (../layouts/filter_texels): 4 texels are 4 channels × 4
 * terms. It declares `t{tap}_0` to `t{tap}_3`, each one term of all 4 channels, as sums take them. Terms stand across,
 * channels down (c1t2: channel 1, term 2):
 *
 *     w0: c0t0 c0t1   w1: c0t2 c0t3          w0: c0t0 c1t0   w2: c2t0 c3t0
 *         c1t0 c1t1       c1t2 c1t3              c0t1 c1t1       c2t1 c3t1
 *     w2: c2t0 c2t1   w3: c2t2 c2t3          w1: c0t2 c1t2   w3: c2t2 c3t2
 *         c3t0 c3t1       c3t2 c3t3              c0t3 c1t3       c2t3 c3t3
 *
 * or, on the right, the other way round, as tfjs packs a filter whose last dimension is the channels.
 */
import { LANES, each } from './glsl';

export interface WeightsCode {
  /** From the texel of 2 channels to that of the next 2. */
  readonly nextChannel: string;
  /** Within a quad of terms: each term of the 4 channels, from texel `tapAt{tap}` on. */
  readonly terms: (tap: number) => string;
}

export function weightsCode(channelsAcross: boolean): WeightsCode {
  const [nextTerm, nextChannel] = channelsAcross ? ['ivec2(0, 1)', 'ivec2(1, 0)'] : ['ivec2(1, 0)', 'ivec2(0, 1)'];
  const term = (n: number): string => {
    const half = (channelsAcross ? ['rg', 'ba'] : ['rb', 'ga'])[n % 2];
    return n < 2 ? `vec4(w0.${half}, w2.${half})` : `vec4(w1.${half}, w3.${half})`;
  };
  return {
    nextChannel,
    terms: (tap) => `vec4 ${LANES.map((n) => `t${tap}_${n}`).join(', ')};
        {
          ivec2 at = tapAt${tap} + 2 * k * ${nextTerm};
          vec4 w0 = texelFetch(weights, at, 0), w1 = texelFetch(weights, at + ${nextTerm}, 0);
          vec4 w2 = texelFetch(weights, at + ${nextChannel}, 0), w3 = texelFetch(weights, at + ivec2(1), 0);
          ${each(LANES, (n) => `t${tap}_${n} = ${term(n)};`)}
        }`,
  };
}
