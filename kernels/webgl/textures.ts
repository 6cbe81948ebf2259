// SPDX-License-Identifier: Apache-2.0
/**
 * Textures of the webgl kernels. All are textures of tfjs tensors, acquired from and given back to its texture manager,
 * so that its accounting stays right.
 *
 * Dense layout of an image [batch, height, width, channels]: a texel holds 4 channels of a pixel; the channels of each group are filled
 * up with zeros to a multiple of 4; the texels of a row of pixels follow one another, and `rowsPerLine` rows stand side by side in a line of
 * the texture, as few as its greatest height allows.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
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

/** Lays out `rows` rows of `width` pixels; `undefined` if no texture is large enough. */
export function denseLayout(rows: number, width: number, texels: number, maxSize: number): DenseLayout | undefined {
  const rowsPerLine = Math.max(1, Math.ceil(rows / maxSize));
  const textureWidth = rowsPerLine * width * texels;
  if (textureWidth > maxSize) return undefined;
  return { rows, width, texels, rowsPerLine, textureWidth, textureHeight: Math.max(1, Math.ceil(rows / rowsPerLine)) };
}

/** Texels that hold `channels` channels in `groups` groups. */
export function texelsOf(channels: number, groups: number): number {
  return groups * Math.ceil(channels / groups / 4);
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
