// SPDX-License-Identifier: Apache-2.0
/**
 * Where tfjs keeps the elements of a tensor. Unpacked: one element a texel, in order. Packed: 2 × 2 elements of the last two dimensions a
 * texel, texels in order, lanes beyond an odd size undefined; and after a reshape still as before it.
 */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type ProgramSource, draw } from './draw';
import type { DenseLayout, Layers } from './textures';

/** A tensor's texture on the GPU, and the uniform `tensor` of `ELEMENT`. */
export interface Elements {
  readonly info: TensorInfo;
  readonly uniforms: { readonly tensor: readonly number[] };
  /** Texels in a line of the texture. */
  readonly lineTexels: number;
  /** Whether 2 × 2 elements of the last two dimensions of the tensor's own shape share a texel. */
  readonly inBlocks: boolean;
}

/** Brings a tensor onto the GPU, if it isn't there. */
export function elementsOf(backend: MathBackendWebGL, info: TensorInfo): Elements {
  backend.uploadToGPU(info.dataId);
  const { isPacked, texShape, shape, slice } = backend.texData.get(info.dataId);
  const width = texShape![1];
  if (!isPacked) {
    return { info, uniforms: { tensor: [width, slice?.flatOffset ?? 0, 0, 0] }, lineTexels: width, inBlocks: false };
  }
  const lineTexels = Math.ceil(width / 2);
  const [rows, cols] = [1, 1, ...shape].slice(-2);
  const inBlocks = rows === info.shape.at(-2) && cols === info.shape.at(-1);
  return { info, uniforms: { tensor: [lineTexels, 0, rows, cols] }, lineTexels, inBlocks };
}

/** GLSL of `float element(int index)`, the element of that index in row-major order, and of `ivec2 placeOf(int texel)`, the place of a texel of that index; by other names for another tensor. */
export function elementSource(sampler: string, tensor: string, element: string, placeOf: string): string {
  return `
uniform sampler2D ${sampler};
uniform ivec4 ${tensor};
ivec2 ${placeOf}(int texel) {
  int y = quotient(texel, ${tensor}.x);
  return ivec2(texel - y * ${tensor}.x, y);
}
float ${element}(int index) {
  if (${tensor}.z == 0) return texelFetch(${sampler}, ${placeOf}(index + ${tensor}.y), 0).r;
  int line = quotient(index, ${tensor}.w), col = index - line * ${tensor}.w;
  int block = quotient(line, ${tensor}.z), row = line - block * ${tensor}.z;
  int texel = (block * ((${tensor}.z + 1) >> 1) + (row >> 1)) * ((${tensor}.w + 1) >> 1) + (col >> 1);
  vec4 four = texelFetch(${sampler}, ${placeOf}(texel), 0);
  vec2 pair = (row & 1) == 0 ? four.rg : four.ba;
  return (col & 1) == 0 ? pair.r : pair.g;
}`;
}

export const ELEMENT = elementSource('A', 'tensor', 'element', 'placeOf');

/** A tensor without values on the GPU, packed if tfjs packs, to be drawn to. */
export function emptyTensor(backend: MathBackendWebGL, shape: number[]): { info: TensorInfo; size: [number, number] } {
  const info = backend.makeTensorInfo(shape, 'float32');
  const data = backend.texData.get(info.dataId);
  data.isPacked = env().getBool('WEBGL_PACK');
  backend.uploadToGPU(info.dataId);
  const [height, width] = data.texShape!;
  return { info, size: data.isPacked ? [Math.ceil(width / 2), Math.ceil(height / 2)] : [width, height] };
}

/** Whether pairs of channels from an even one on, in a group, share a texel. */
export function pairsShareTexels({ inBlocks, info }: Elements, groups: number): boolean {
  return inBlocks && (groups === 1 || (info.shape[3] / groups) % 2 === 0);
}

/** Draws an image of rank 4, laid out anew, into all of a texture. */
export function layOut(
  backend: MathBackendWebGL,
  source: ProgramSource,
  elements: Elements,
  { textureWidth, textureHeight }: DenseLayout,
  target: TensorInfo | Layers,
  uniforms: Record<string, number[]>,
): void {
  const [, height, width, channels] = elements.info.shape;
  const size = [height, width, channels];
  const blocks = [Math.ceil(width / 2), Math.ceil(channels / 2)];
  const viewport = [0, 0, textureWidth, textureHeight] as const;
  const passes = [{ viewport, uniforms: { ...elements.uniforms, ...uniforms, size, blocks } }];
  draw(backend, { source, target, textures: { A: elements.info }, passes });
}
