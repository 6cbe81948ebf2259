// SPDX-License-Identifier: Apache-2.0
/** Where the pixels of an invocation's tile read, in ./lane_correlation and ./lane_phases. */
import { type Lanes, each, range, within } from './program';

/**
 * Where pixel n from `firstPixel` on reads without a tap: `row<n>`, `col<n>` of image `image<n>`. Pixels beyond the
 * last are the last, or if all are what is never written.
 */
export function placesOfPixels(pixels: number): string {
  return each(range(pixels), (n) => {
    const [place, before] = [`place${n}`, `place${n - 1}`];
    const first = `vec3<i32>(firstPixel - line * uniforms.cols, line - above * uniforms.rows, above)`;
    const begin =
      n === 0
        ? `  let line = quotient(firstPixel, uniforms.cols);
  let above = quotient(line, uniforms.rows);
  let ${place} = ${first};`
        : `  let ${place} = select(${before}, next(${before}), firstPixel + ${n} < pixelCount);`;
    return `${begin}
  let row${n} = ${place}.y * uniforms.stepRows + rowTaps.offset;
  let col${n} = ${place}.x * uniforms.stepCols + colTaps.offset;
  let image${n} = ${place}.z;`;
  });
}

/** The pixel after one: (column, row, image). */
export const NEXT = `
fn next(place: vec3<i32>) -> vec3<i32> {
  let right = place + vec3<i32>(1, 0, 0);
  let below = select(right, vec3<i32>(0, place.y + 1, place.z), right.x == uniforms.cols);
  return select(below, vec3<i32>(0, 0, place.z + 1), below.y == uniforms.rows);
}`;

/** For tap (tapRow, tapCol): whether pixel n reads inside of the image, `inside<n>`, and where, `imageAt<n>`. */
export function placesOfTap(pixels: number, lanes: Lanes = 4): string {
  return `      let rowMove = tapRow * rowTaps.offsetStep;
      let colMove = tapCol * colTaps.offsetStep;
${each(
  range(pixels),
  (n) => `      let inside${n} = ${within(`(row${n} + rowMove)`, 'uniforms.imageHeight')}
        & ${within(`(col${n} + colMove)`, 'uniforms.imageWidth')};
      let pixelAt${n} = imageAt(image${n}, row${n} + rowMove, col${n} + colMove);
      let imageAt${n} = select(0, (pixelAt${n} + firstDepth)${lanes === 4 ? ' >> 2u' : ''}, inside${n});`,
)}`;
}
