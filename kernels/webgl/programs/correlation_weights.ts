// SPDX-License-Identifier: Apache-2.0
/**
 * The part of programs/correlation that reads the filter (../layouts/filter_texels): 4 texels are 4 channels × 4
 * terms. It declares `c0` to `c3`, 4 terms of each channel. Terms stand across, channels down (c1t2: channel 1, term
 * 2):
 *
 *     w0: c0t0 c0t1   w1: c0t2 c0t3          w0: c0t0 c1t0   w2: c2t0 c3t0
 *         c1t0 c1t1       c1t2 c1t3              c0t1 c1t1       c2t1 c3t1
 *     w2: c2t0 c2t1   w3: c2t2 c2t3          w1: c0t2 c1t2   w3: c2t2 c3t2
 *         c3t0 c3t1       c3t2 c3t3              c0t3 c1t3       c2t3 c3t3
 *
 * or, on the right, the other way round, as tfjs packs a filter whose last dimension is the channels.
 */
import { each, range } from './glsl';

export interface WeightsCode {
  /** From the texel of 2 channels to that of the next 2. */
  readonly nextChannel: string;
  /** Within a quad of terms: the terms of the 4 channels, from texel `at` of the tap on. */
  readonly terms: (at: string) => string;
}

export function weightsCode(channelsAcross: boolean): WeightsCode {
  const [nextTerm, nextChannel] = channelsAcross ? ['ivec2(0, 1)', 'ivec2(1, 0)'] : ['ivec2(1, 0)', 'ivec2(0, 1)'];
  const channel = (n: number): string => {
    const half = (channelsAcross ? ['rb', 'ga'] : ['rg', 'ba'])[n % 2];
    return n < 2 ? `vec4(w0.${half}, w1.${half})` : `vec4(w2.${half}, w3.${half})`;
  };
  return {
    nextChannel,
    terms: (tapAt) => `ivec2 at = ${tapAt} + 2 * k * ${nextTerm};
          vec4 w0 = texelFetch(weights, at, 0), w1 = texelFetch(weights, at + ${nextTerm}, 0);
          vec4 w2 = texelFetch(weights, at + ${nextChannel}, 0), w3 = texelFetch(weights, at + ivec2(1), 0);
          ${each(range(4), (n) => `vec4 c${n} = ${channel(n)};`)}`,
  };
}
