// SPDX-License-Identifier: Apache-2.0
/** How a correlation writes what it has summed up: finished by what is fused, or added to what is there. */
import { type CorrelationKind, pixelDigits } from './correlation_kind';
import { each, range, takenApart } from './program';

/**
 * Writes sums, four channels of a group each from `channel` on, to where a pixel of the phase lies.
 *
 * @param imageOfResult Which image of the result it is, given that it is number `image` of the batch.
 */
export function writePixel(
  { result, adds }: Pick<CorrelationKind, 'result' | 'adds'>,
  pixel: string,
  sums: readonly string[],
  imageOfResult = 'image',
): string {
  const write = (at: string, value: string): string => `result[${at}] = ${adds ? `result[${at}] + ${value}` : value};`;
  const quad = (sum: string, n: number): string => `        if (channel + ${4 * n} < uniforms.channels) {
          let value = finish(${sum}, ofAll + ${4 * n});
          let at = first + ${4 * n};
${
  result === 4
    ? `          ${write('at >> 2u', 'value')}`
    : each(
        range(4),
        (k) => `          if (channel + ${4 * n + k} < uniforms.channels) {
            ${write(`at + ${k}`, `value.${'xyzw'[k]}`)}
          }`,
      )
}
        }`;
  return `    {
      let pixel = ${pixel};
${takenApart('pixel', pixelDigits(''), 'image')}
      let row = uniforms.outRow + phaseRow + r * uniforms.outRowStep;
      let col = uniforms.outCol + phaseCol + c * uniforms.outColStep;
      if ((pixel < pixelCount) & (row < uniforms.outHeight) & (col < uniforms.outWidth)) {
        let ofAll = group * uniforms.channels + channel;
        let line = (${imageOfResult}) * uniforms.outHeight + row;
        let first = (line * uniforms.outWidth + col) * uniforms.outChannels + ofAll;
${each(sums, quad)}
      }
    }`;
}
