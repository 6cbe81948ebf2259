// SPDX-License-Identifier: Apache-2.0
/**
 * Programs that write the dense layout (../layouts/dense_image) of an image of tfjs: as it is, or by im2col.
 *
 * From a packed image, a texel takes half of each of two. Example: [1, 1, 2, 8], columns 0 and 1:
 *
 *     tfjs: columns 0 and 1 × 2 channels a texel          dense: 4 channels a texel
 *
 *      c0:0 c0:1 │ c0:2 c0:3 │ c0:4 c0:5 │ c0:6 c0:7       c0:0–3 │ c0:4–7 │ c1:0–3 │ c1:4–7
 *      c1:0 c1:1 │ c1:2 c1:3 │ c1:4 c1:5 │ c1:6 c1:7
 *
 * By im2col, a pixel of x gets the channels of all pixels of dy that it meets, tap by tap; zeros where it meets none.
 * Example: dy [1, 1, 5, 1] of values a to e, x 1 × 2, kernel 1 × 3, stride 2, no crop:
 *
 *     dy   a │ b │ c │ d │ e         dense   a b c 0 │ c d e 0
 *                                     taps   0 1 2     0 1 2
 */
import type { ProgramSource } from '../drawing/program';
import type { Uniforms } from '../drawing/uniforms';
import { DENSE_PLACE, DENSE_STRUCT, type DenseLayout, denseUniforms } from '../layouts/dense_image';
import { LANES, each } from './glsl';
import { TENSOR_STRUCT, tensorElement } from './tensor_element';

const HEAD = `${TENSOR_STRUCT}${tensorElement('source')}${DENSE_STRUCT}${DENSE_PLACE}
uniform Dense dense;
uniform int groupTexels, groupTerms, groupChannels;
uniform int rows, sourceWidth;  // what is beyond is the margin
layout(location = 0) out vec4 value;`;

/** Which row, column, group and first term of it a fragment is about. */
const LOCATE = `
  ivec3 place = densePlace(dense, ivec2(gl_FragCoord.xy));
  int row = place.x, col = place.y;
  int group = quotient(place.z, groupTexels);
  int term = 4 * (place.z - group * groupTexels);`;

/** From a packed image whose pairs of channels share texels: 2 fetches a texel. */
export const IMAGE_FROM_PACKED = {
  key: 'image from packed',
  fragment: () => `${HEAD}
uniform int columnPairs, channelPairs;
void main() {
  ${LOCATE}
  int count = row < rows && col < sourceWidth ? groupChannels - term : 0;
  int first = count > 0 ? (row * columnPairs + (col >> 1)) * channelPairs + ((group * groupChannels + term) >> 1) : 0;
  vec4 a = texelFetch(source, sourceTexel(first), 0);
  vec4 b = texelFetch(source, sourceTexel(count > 2 ? first + 1 : first), 0);
  vec4 both = (col & 1) == 0 ? vec4(a.rg, b.rg) : vec4(a.ba, b.ba);
  value = mix(vec4(0.), both, greaterThan(ivec4(count), ivec4(0, 1, 2, 3)));
}`,
};

/** How an element of an image is read: `float elementAt(int row, int col, int channel)`, rows those of all images. */
const ELEMENT = `
float elementAt(int row, int col, int channel) {
  return sourceElement((row * sourceWidth + col) * sourceChannels + channel);
}`;
const PACKED_ELEMENT = `
uniform int columnPairs, channelPairs;
float elementAt(int row, int col, int channel) {
  vec4 four = texelFetch(source, sourceTexel((row * columnPairs + (col >> 1)) * channelPairs + (channel >> 1)), 0);
  vec2 pair = (col & 1) == 0 ? four.rg : four.ba;
  return (channel & 1) == 0 ? pair.r : pair.g;
}`;

/** A fetch an element. From one term to the next it is a channel, and after the last of them a tap. */
function fromElements(key: string, element: string): ProgramSource {
  const fragment = (): string => `${HEAD}
uniform int height, sourceHeight, sourceChannels;
uniform int tapRows, tapCols, strideRows, strideCols, dilationRows, dilationCols, padTop, padLeft;
${element}
void main() {
  ${LOCATE}
  int image = quotient(row, height);
  int tap = quotient(term, groupChannels), channel = term - tap * groupChannels;
  int tapRow = quotient(tap, tapCols), tapCol = tap - tapRow * tapCols;
  int firstRow = (row - image * height) * strideRows - padTop, firstCol = col * strideCols - padLeft;
  ${each(
    LANES,
    (lane) => `int y${lane} = firstRow + tapRow * dilationRows, x${lane} = firstCol + tapCol * dilationCols;
  bool there${lane} = row < rows && term + ${lane} < groupTerms &&
    y${lane} >= 0 && y${lane} < sourceHeight && x${lane} >= 0 && x${lane} < sourceWidth;
  value[${lane}] = elementAt(
    image * sourceHeight + clamp(y${lane}, 0, sourceHeight - 1),
    clamp(x${lane}, 0, sourceWidth - 1),
    group * groupChannels + channel);
  if (++channel == groupChannels) {
    channel = 0;
    if (++tapCol == tapCols) {
      tapCol = 0;
      tapRow++;
    }
  }`,
  )}
  value = mix(vec4(0.), value, bvec4(${LANES.map((lane) => `there${lane}`).join(', ')}));
}`;
  return { key, fragment };
}

/** From any image, as it is or by im2col. */
export const IMAGE_FROM_ELEMENTS = fromElements('image from elements', ELEMENT);
/** The same from a packed image, in which an element is found sooner. */
export const IMAGE_FROM_PACKED_ELEMENTS = fromElements('image from packed elements', PACKED_ELEMENT);

/** What a pixel of the dense image meets in the source: itself, unless it is by im2col. */
export interface Im2col {
  /** Rows of each dense image. */
  readonly height: number;
  readonly tapRows: number;
  readonly tapCols: number;
  readonly strideRows: number;
  readonly strideCols: number;
  readonly dilationRows: number;
  readonly dilationCols: number;
  readonly padTop: number;
  readonly padLeft: number;
}

export function denseImageUniforms(
  [batch, sourceHeight, sourceWidth, sourceChannels]: readonly number[],
  layout: DenseLayout,
  groups: number,
  im2col: Im2col,
): Uniforms {
  const groupChannels = sourceChannels / groups;
  return {
    ...denseUniforms('dense', layout),
    ...im2col,
    rows: batch * im2col.height,
    sourceHeight,
    sourceWidth,
    sourceChannels,
    groupChannels,
    groupTerms: groupChannels * im2col.tapRows * im2col.tapCols,
    groupTexels: layout.texels / groups,
    columnPairs: Math.ceil(sourceWidth / 2),
    channelPairs: Math.ceil(sourceChannels / 2),
  };
}
