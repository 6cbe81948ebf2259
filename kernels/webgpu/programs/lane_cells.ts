// SPDX-License-Identifier: Apache-2.0
/** How ./lane_phases and ./lane_rows write a cell of the output. */
import { type Lanes, each, range } from './program';

/** Writes the sums of all `channels` of a group, from `ofAll` on, to `row` and `col` of image `place`. */
export function writeCell(channels: number, result: Lanes, sumOf: (channel: number) => string): string {
  const sums = (first: number): string =>
    range(4)
      .map((k) => (first + k < channels ? sumOf(first + k) : '0.'))
      .join(', ');
  const quad = (first: number): string =>
    `        let value${first} = finish(vec4<f32>(${sums(first)}), ofAll + ${first});
${
  result === 4
    ? `        result[(at + ${first}) >> 2u] = value${first};`
    : each(
        range(Math.min(4, channels - first)),
        (k) => `        result[at + ${first + k}] = value${first}.${'xyzw'[k]};`,
      )
}`;
  return `      if ((row < uniforms.outHeight) & (col < uniforms.outWidth)) {
        let at = ((place * uniforms.outHeight + row) * uniforms.outWidth + col) * uniforms.outChannels + ofAll;
${each(
  range(Math.ceil(channels / 4)).map((n) => 4 * n),
  quad,
)}
      }`;
}
