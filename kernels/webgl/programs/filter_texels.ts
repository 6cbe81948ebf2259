// SPDX-License-Identifier: Apache-2.0
/**
 * The program that lays a filter out anew (../layouts/filter_texels), in any order. Each texel of the layout belongs
 * to a tap, a group, 2 channels and 2 terms; each of its 4 elements lies in the filter [filterHeight, filterWidth,
 * outDepth, inChannels] at
 *
 *     tap · perTap + group · perGroup + channel · perChannel + (term mod run) · perTerm + ⌊term / run⌋ · perRun
 *
 * Example: filter [1, 2, 3, 4] for an input gradient by im2col. Channels are its last dimension. The terms are 6: of
 * tap 0 the 3 output channels, then those of tap 1. So run = 3, perTerm = 4, perRun = 12, perChannel = 1:
 *
 *     term             0   1   2   3   4   5
 *     channel 0 at     0   4   8  12  16  20
 *     channel 1 at     1   5   9  13  17  21
 */
import type { Uniforms } from '../drawing/uniforms';
import { type Channels, groupQuads } from '../layouts/channels';
import type { FilterLayout, FilterOrder } from '../layouts/filter_texels';
import { LANES, each } from './glsl';
import { TENSOR_STRUCT, tensorElement } from './tensor_element';

export const FILTER_TEXELS = {
  key: 'filter texels',
  fragment: () => `${TENSOR_STRUCT}${tensorElement('source')}
uniform int foldHeight, foldWidth, groups, groupLines, taps, channels, depth;
uniform int perTap, perGroup, perChannel, perTerm, run, perRun;
layout(location = 0) out vec4 value;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int fold = quotient(at.x, foldWidth);
  int line = fold * foldHeight + at.y;
  int groupOfTap = quotient(line, groupLines);
  int tap = quotient(groupOfTap, groups);
  int group = groupOfTap - tap * groups;
  int channel = 2 * (line - groupOfTap * groupLines);
  int term = 2 * (at.x - fold * foldWidth);
  value = vec4(0.);
  ${each(
    LANES,
    (lane) => `{
    int c = channel + ${lane >> 1}, t = term + ${lane & 1};
    if (c < channels && t < depth && tap < taps) {
      int runs = quotient(t, run);
      int of = runs * perRun + (t - runs * run) * perTerm;
      value[${lane}] = sourceElement(tap * perTap + group * perGroup + c * perChannel + of);
    }
  }`,
  )}
}`,
};

export function filterTexelsUniforms(
  [filterHeight, filterWidth, outDepth, inChannels]: readonly number[],
  channels: Channels,
  { foldHeight, foldWidth }: FilterLayout,
  order: FilterOrder,
): Uniforms {
  const { depth, groups } = channels;
  const tap = outDepth * inChannels;
  const taps = filterHeight * filterWidth;
  const toOutput = { perGroup: depth, perChannel: inChannels, perTerm: 1, run: depth, perRun: 0 };
  const toInput = { perGroup: channels.channels, perChannel: 1, perTerm: inChannels, run: depth, perRun: 0 };
  const orders: Readonly<Record<FilterOrder, Uniforms>> = {
    forward: { taps, perTap: tap, ...toOutput },
    footprints: { taps: 1, perTap: 0, ...toOutput },
    'input gradient': { taps, perTap: tap, ...toInput },
    'input gradient by im2col': { taps: 1, perTap: 0, ...toInput, run: outDepth, perRun: tap },
  };
  const layout = { foldHeight, foldWidth, groups, groupLines: 2 * groupQuads(channels) };
  return { ...layout, channels: channels.channels, depth, ...orders[order] };
}
