// SPDX-License-Identifier: Apache-2.0
/** Brings an image, wherever and however tfjs keeps it, into what a correlation reads; or leaves it as it lies. */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import { keptBy } from '../../src/geometry/kept';
import { type Correlation, readsColumnPairs } from './correlation';
import type { ProgramSource } from './drawing/program';
import type { Uniforms } from './drawing/uniforms';
import type { RenderTarget } from './drawing/render_targets';
import type { Scope, Texture } from './drawing/scope';
import { pairsShareTexels } from './layouts/channels';
import type { DenseLayout } from './layouts/dense_image';
import {
  IMAGE_FROM_ELEMENTS,
  IMAGE_FROM_PACKED,
  IMAGE_FROM_PACKED_ELEMENTS,
  type Im2col,
  denseImageUniforms,
} from './programs/dense_image';
import { type TensorTexture, elementsOf, packedTexelsOf } from './tfjs_internals';

/**
 * What a correlation reads: a dense image, or a tensor as tfjs packs it, with its pairs of columns in lines of their
 * own.
 */
export interface SourceImage {
  readonly texture: Texture;
  readonly form: 'dense' | 'packed';
}

/** An image as it lies, if tfjs has packed it in lines that suit and pairs of columns will do; else a dense one. */
export function sourceImage(scope: Scope, tensor: TensorTexture, correlation: Correlation): SourceImage {
  const { image, request } = correlation;
  const { groups } = request.channels;
  const channels = tensor.shape[3];
  const suits = tensor.isPacked && tensor.lineTexels === channels / 2;
  // Whole quads of channels: what is beyond those of a group must not be met, it might not be finite.
  if (suits && (channels / groups) % 4 === 0 && readsColumnPairs(correlation)) {
    return { texture: tensor, form: 'packed' };
  }
  return dense(denseImage(scope, tensor, image, groups));
}

export function dense(texture: RenderTarget): SourceImage {
  return { texture, form: 'dense' };
}

/** An image [batch, height, width, groups · channels] in dense layout. */
export function denseImage(scope: Scope, tensor: TensorTexture, layout: DenseLayout, groups: number): RenderTarget {
  const byTexels = pairsShareTexels(tensor, groups);
  const source = byTexels ? IMAGE_FROM_PACKED : fromElements(tensor);
  const height = tensor.shape[1];
  const uniforms = uniformsOf(layout)(() => denseImageUniforms(tensor.shape, layout, groups, asItIs(height)));
  return drawDense(scope, source, tensor, layout, uniforms, byTexels ? packedTexelsOf(tensor) : elementsOf(tensor));
}

/** im2col of dy: a pixel for each of x, with the channels of all that it meets. */
export function im2colImage(
  scope: Scope,
  dy: TensorTexture,
  layout: DenseLayout,
  g: Conv2DTransposeGeometry,
): RenderTarget {
  const uniforms = uniformsOf(layout)(() => denseImageUniforms(dy.shape, layout, g.groups, im2colOf(g)));
  return drawDense(scope, fromElements(dy), dy, layout, uniforms, elementsOf(dy));
}

function fromElements({ isPacked }: TensorTexture): ProgramSource {
  return isPacked ? IMAGE_FROM_PACKED_ELEMENTS : IMAGE_FROM_ELEMENTS;
}

/** Uniforms are kept with the layout: it is of one image of one plan. */
const uniformsOf = keptBy((_layout: DenseLayout) => {
  let kept: Uniforms | undefined;
  return (make: () => Uniforms): Uniforms => (kept ??= make());
});

function drawDense(
  scope: Scope,
  source: ProgramSource,
  tensor: TensorTexture,
  { rows, width, textureWidth, textureHeight }: DenseLayout,
  uniforms: Uniforms,
  /** What the program counts in the source: its texels, or its elements. */
  counted: number,
): RenderTarget {
  const target = scope.texture(textureWidth, textureHeight);
  const most = Math.max(counted, rows, width, textureWidth, textureHeight);
  scope.draw({ source, target, textures: { source: tensor }, uniforms: [uniforms], most });
  return target;
}

/** Each pixel meets itself. */
function asItIs(height: number): Im2col {
  const one = { tapRows: 1, tapCols: 1, strideRows: 1, strideCols: 1, dilationRows: 0, dilationCols: 0 };
  return { height, ...one, padTop: 0, padLeft: 0 };
}

function im2colOf(g: Conv2DTransposeGeometry): Im2col {
  return {
    height: g.inHeight,
    tapRows: g.filterHeight,
    tapCols: g.filterWidth,
    strideRows: g.strideHeight,
    strideCols: g.strideWidth,
    dilationRows: g.dilationHeight,
    dilationCols: g.dilationWidth,
    padTop: g.padTop,
    padLeft: g.padLeft,
  };
}
