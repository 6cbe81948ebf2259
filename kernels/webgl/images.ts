// SPDX-License-Identifier: Apache-2.0
/**
 * Brings images, wherever and however tfjs keeps them, into what a correlation gathers from: the dense layout of ./textures, im2col'ed where channels are
 * few; or leaves them as they lie.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import { type ProgramSource } from './draw';
import { ELEMENT, type Elements, elementsOf, layOut, pairsShareTexels } from './elements';
import { type DenseLayout, LANES, makeTexture } from './textures';

const AT = `
  ivec2 at = ivec2(gl_FragCoord.xy);
  int texels = layoutOf.y * layoutOf.z;
  int side = quotient(at.x, texels);
  int row = at.y * layoutOf.x + side;
  int within = at.x - side * texels;
  int col = quotient(within, layoutOf.z);
  int texel = within - col * layoutOf.z;
  int group = quotient(texel, dims.x);
  int term = 4 * (texel - group * dims.x);`;

const IMAGE_UNIFORMS = `
uniform ivec3 layoutOf;
uniform ivec4 dims;
uniform ivec3 size;
uniform ivec2 blocks;
layout(location = 0) out vec4 value;`;

/** From tfjs's blocks, two of which hold the 4 channels: 2 fetches a texel. */
const IMAGE_FROM_BLOCKS = {
  key: 'image from blocks',
  fragment: `${ELEMENT}${IMAGE_UNIFORMS}
void main() {
  ${AT}
  int first = (row * blocks.x + (col >> 1)) * blocks.y + ((group * dims.y + term) >> 1);
  int count = dims.y - term;
  vec4 a = texelFetch(A, placeOf(first), 0);
  vec4 b = texelFetch(A, placeOf(count > 2 ? first + 1 : first), 0);
  vec4 both = (col & 1) == 0 ? vec4(a.rg, b.rg) : vec4(a.ba, b.ba);
  value = mix(vec4(0.), both, greaterThan(ivec4(count), ivec4(0, 1, 2, 3)));
}`,
};

/** From anywhere, a fetch an element: the channels of a pixel, or of all that it meets through the taps of a kernel, tap by tap. */
const IMAGE_FROM_ELEMENTS = {
  key: 'image from elements',
  fragment: `${ELEMENT}${IMAGE_UNIFORMS}
uniform ivec4 kernel;
uniform ivec3 moves;
uniform ivec2 pads;
void main() {
  ${AT}
  int image = quotient(row, kernel.z);
  row -= image * kernel.z;
  value = vec4(0.);
  ${LANES.map(
    (lane) => `{
    int of = term + ${lane};
    int tap = quotient(of, dims.z);
    int m = quotient(tap, kernel.y);
    int y = row * moves.x + m * kernel.w - pads.x;
    int x = col * moves.y + (tap - m * kernel.y) * moves.z - pads.y;
    if (of < dims.y && y >= 0 && y < size.x && x >= 0 && x < size.y)
      value[${lane}] = element(((image * size.x + y) * size.y + x) * size.z + group * dims.z + of - tap * dims.z);
  }`,
  ).join('\n')}
}`,
};

/** What a correlation gathers from: a dense image, or a tensor as tfjs packs it, with its pairs of columns in lines of their own. */
export interface SourceImage {
  readonly info: TensorInfo;
  readonly inBlocks: boolean;
  /** Whether the texture was made for this, and is to be disposed of. */
  readonly made: boolean;
}

/** An image as it lies, if tfjs has packed it in lines that suit and `pairs` of columns will do; else a dense one. */
export function sourceImage(
  backend: MathBackendWebGL,
  image: TensorInfo,
  layout: DenseLayout,
  groups: number,
  pairs: boolean,
): SourceImage {
  const { inBlocks, lineTexels } = elementsOf(backend, image);
  const channels = image.shape[3];
  // Whole fours of channels: what is beyond those of a group must not be met, it might not be finite.
  if (pairs && inBlocks && lineTexels === channels / 2 && (channels / groups) % 4 === 0)
    return { info: image, inBlocks: true, made: false };
  return { info: denseImage(backend, image, layout, groups), inBlocks: false, made: true };
}

/** An image `[batch, height, width, groups · channels]`, dense. */
export function denseImage(
  backend: MathBackendWebGL,
  image: TensorInfo,
  layout: DenseLayout,
  groups: number,
): TensorInfo {
  const elements = elementsOf(backend, image);
  const source = pairsShareTexels(elements, groups) ? IMAGE_FROM_BLOCKS : IMAGE_FROM_ELEMENTS;
  return dense(backend, source, elements, layout, groups, {
    kernel: [1, 1, image.shape[1], 0],
    moves: [1, 1, 0],
    pads: [0, 0],
  });
}

/** im2col of dy: a pixel for each of x, with the channels of all that it meets, zeros where it meets nothing. */
export function joinedImage(
  backend: MathBackendWebGL,
  dy: TensorInfo,
  layout: DenseLayout,
  g: Conv2DTransposeGeometry,
): TensorInfo {
  return dense(backend, IMAGE_FROM_ELEMENTS, elementsOf(backend, dy), layout, g.groups, {
    kernel: [g.filterHeight, g.filterWidth, g.inHeight, g.dilationHeight],
    moves: [g.strideHeight, g.strideWidth, g.dilationWidth],
    pads: [g.padTop, g.padLeft],
  });
}

function dense(
  backend: MathBackendWebGL,
  source: ProgramSource,
  elements: Elements,
  layout: DenseLayout,
  groups: number,
  { kernel, ...more }: Record<'kernel' | 'moves' | 'pads', number[]>,
): TensorInfo {
  const target = makeTexture(backend, layout.textureWidth, layout.textureHeight);
  const depth = elements.info.shape[3] / groups;
  layOut(backend, source, elements, layout, target, {
    layoutOf: [layout.rowsPerLine, layout.width, layout.texels],
    dims: [layout.texels / groups, depth * kernel[0] * kernel[1], depth, 0],
    kernel,
    ...more,
  });
  return target;
}
