// SPDX-License-Identifier: Apache-2.0
/**
 * Textures of the webgl kernels. Single ones are textures of tfjs tensors, acquired from and given back to its texture manager, so that its accounting
 * stays right. What is written by several targets at once is a texture with layers, of which tfjs has none: made for one call, and deleted in it.
 *
 * Dense layout of an image [batch, height, width, channels]: a texel holds 4 channels of a pixel; the channels of each group are filled
 * up with zeros to a multiple of 4; the texels of a row of pixels follow one another, and `rowsPerLine` rows stand side by side in a line of
 * the texture, as few as its greatest height allows.
 */
import { type TensorInfo, env } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';

/** An image in dense layout, or the plan of one. Sizes in pixels, `texels` per pixel. */
export interface DenseLayout {
  readonly rows: number;
  readonly width: number;
  readonly texels: number;
  readonly rowsPerLine: number;
  readonly textureWidth: number;
  readonly textureHeight: number;
}

/** The four floats of a texel. */
export const LANES = [0, 1, 2, 3];

/** Lays out `rows` rows of `width` pixels; `undefined` if no texture is large enough. */
export function denseLayout(rows: number, width: number, texels: number, maxSize: number): DenseLayout | undefined {
  const rowsPerLine = Math.max(1, Math.ceil(rows / maxSize));
  const textureWidth = rowsPerLine * width * texels;
  if (textureWidth > maxSize) return undefined;
  return { rows, width, texels, rowsPerLine, textureWidth, textureHeight: Math.max(1, Math.ceil(rows / rowsPerLine)) };
}

/** A texture of width × height texels with 4 floats each, of unknown content. */
export function makeTexture(backend: MathBackendWebGL, width: number, height: number): TensorInfo {
  const info = backend.makeTensorInfo([2 * height, 2 * width], 'float32');
  const data = backend.texData.get(info.dataId);
  data.isPacked = true;
  data.texShape = [2 * height, 2 * width];
  backend.uploadToGPU(info.dataId);
  return info;
}

/** The texture behind a tensor that is on the GPU. */
export function textureOf(backend: MathBackendWebGL, info: TensorInfo): WebGLTexture {
  return backend.texData.get(info.dataId).texture!.texture;
}

/** A texture with layers, each a target to draw to; programs read them with one sampler2DArray, so that they need not choose among textures. */
export interface Layers {
  readonly texture: WebGLTexture;
  readonly count: number;
}

export function isLayers(texture: TensorInfo | Layers): texture is Layers {
  return 'texture' in texture;
}

/** Layers of width × height texels with 4 floats each, of unknown content. Its maker deletes it. */
export function makeLayers(backend: MathBackendWebGL, width: number, height: number, count: number): Layers {
  const gl = backend.gpgpu.gl as WebGL2RenderingContext;
  const texture = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
  const format = env().getBool('WEBGL_RENDER_FLOAT32_ENABLED') ? gl.RGBA32F : gl.RGBA16F;
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, format, width, height, count);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, null);
  return { texture, count };
}

export function deleteLayers(backend: MathBackendWebGL, ...layers: Layers[]): void {
  for (const { texture } of layers) backend.gpgpu.gl.deleteTexture(texture);
}
