// SPDX-License-Identifier: Apache-2.0
/**
 * Programs that write the channel-major layout (../layouts/channel_major) of an image of tfjs. A fragment writes 4
 * columns of 4 channels: it is a transposition. Example: columns 0 to 3 (down) of channels 0 to 3 (across) of some
 * row:
 *
 *     read        k0 k1 k2 k3        written    layer 0: c0 c1 c2 c3 of k0
 *            c0   a  b  c  d                             a  e  i  m
 *            c1   e  f  g  h                    layer 1: b  f  j  n
 *            c2   i  j  k  l                    layer 2: c  g  k  o
 *            c3   m  n  o  p                    layer 3: d  h  l  p
 */
import type { Uniforms } from '../drawing/uniforms';
import type { ChannelMajorLayout } from '../layouts/channel_major';
import { DENSE_STRUCT, denseUniforms } from '../layouts/dense_image';
import { LANES, each } from './glsl';
import { TENSOR_STRUCT, tensorElement } from './tensor_element';

const HEAD = `${TENSOR_STRUCT}${tensorElement('source')}${DENSE_STRUCT}
uniform Dense lines;  // its width is in quads of channels
uniform int rowLines, parts, partColumns, lineTaps, groupQuads, depth, paddedDepth;
uniform int columns, stride, dilation, pad;
uniform int sourceWidth, sourceChannels;
${each(LANES, (n) => `layout(location = ${n}) out vec4 out${n};`)}`;

/**
 * Which row, tap, first column, group and first channel of it (padded, and of all taps of the line) a fragment is
 * about.
 */
const LOCATE = `
  ivec2 at = ivec2(gl_FragCoord.xy);
  int lineTexels = lines.width * lines.texels;
  int side = quotient(at.x, lineTexels);
  int line = at.y * lines.rowsPerLine + side;
  int within = at.x - side * lineTexels;
  int quad = quotient(within, lines.texels);
  int partOfRow = quotient(line, rowLines);
  int firstTap = line - partOfRow * rowLines;
  int row = quotient(partOfRow, parts);
  int col = 4 * (within - quad * lines.texels) + (partOfRow - row * parts) * partColumns;
  int group = quotient(quad, groupQuads);
  int lane = 4 * (quad - group * groupQuads);`;

/** From a packed image whose pairs of channels share texels: 2 fetches a column for 4 channels. */
export const CHANNEL_MAJOR_FROM_PACKED = {
  key: 'channel-major from packed',
  fragment: () => `${HEAD}
uniform int columnPairs, channelPairs;
void main() {
  ${LOCATE}
  int tapOfLine = quotient(lane, paddedDepth);
  int tap = firstTap + tapOfLine;
  int channel = lane - tapOfLine * paddedDepth;
  bvec4 there = greaterThan(ivec4(depth - channel), ivec4(0, 1, 2, 3));
  int pair = (group * depth + channel) >> 1;
  int next = channel + 2 < depth ? 1 : 0;
  ${each(
    LANES,
    (n) => `int x${n} = (col + ${n}) * stride + tap * dilation - pad;
  int first${n} = (row * columnPairs + (clamp(x${n}, 0, sourceWidth - 1) >> 1)) * channelPairs + pair;
  vec4 a${n} = texelFetch(source, sourceTexel(first${n}), 0);
  vec4 b${n} = texelFetch(source, sourceTexel(first${n} + next), 0);
  vec4 v${n} = (x${n} & 1) == 0 ? vec4(a${n}.rg, b${n}.rg) : vec4(a${n}.ba, b${n}.ba);
  bool in${n} = col + ${n} < columns && x${n} >= 0 && x${n} < sourceWidth;
  v${n} = mix(vec4(0.), v${n}, bvec4(there.x && in${n}, there.y && in${n}, there.z && in${n}, there.w && in${n}));`,
  )}
  ${each(LANES, (n) => `out${n} = vec4(${LANES.map((m) => `v${m}[${n}]`).join(', ')});`)}
}`,
};

/** From any image: a fetch an element. */
export const CHANNEL_MAJOR_FROM_ELEMENTS = {
  key: 'channel-major from elements',
  fragment: () => `${HEAD}
float elementAt(int row, int tap, int col, int channel) {
  int x = col * stride + tap * dilation - pad;
  bool inside = col < columns && x >= 0 && x < sourceWidth;
  return inside ? sourceElement((row * sourceWidth + x) * sourceChannels + channel) : 0.;
}
vec4 columnsOf(int row, int firstTap, int col, int group, int lane) {
  int tapOfLine = quotient(lane, paddedDepth);
  int channel = lane - tapOfLine * paddedDepth;
  if (tapOfLine >= lineTaps || channel >= depth) return vec4(0.);
  int tap = firstTap + tapOfLine;
  channel += group * depth;
  return vec4(${LANES.map((m) => `elementAt(row, tap, col + ${m}, channel)`).join(', ')});
}
void main() {
  ${LOCATE}
  ${each(LANES, (n) => `out${n} = columnsOf(row, firstTap, col, group, lane + ${n});`)}
}`,
};

export function channelMajorUniforms(
  [, , sourceWidth, sourceChannels]: readonly number[],
  layout: ChannelMajorLayout,
): Uniforms {
  const { columns, depth, paddedDepth, groupQuads, rowLines, parts, partColumns } = layout;
  const { taps, ...met } = columns;
  return {
    ...denseUniforms('lines', layout),
    ...met,
    rowLines,
    parts,
    partColumns,
    lineTaps: taps / rowLines,
    groupQuads,
    depth,
    paddedDepth,
    sourceWidth,
    sourceChannels,
    columnPairs: Math.ceil(sourceWidth / 2),
    channelPairs: Math.ceil(sourceChannels / 2),
  };
}
