// SPDX-License-Identifier: Apache-2.0
/**
 * All that this room knows of tfjs's webgl backend beyond its public face: its flags, its GL context, and where it
 * keeps the elements of a tensor. Nothing else here reaches into a backend or reads a flag: the linter says so. That
 * it is so is proven at the first use (./proof_of_tensors). What tfjs changes inside is mended in this file.
 *
 * A tensor is a texture in one of two forms. Example: shape [1, 1, 3, 5], elements numbered in row-major order.
 *
 *     Unpacked: an element a texel, in its      Packed: 2 × 2 elements of the last two dimensions a texel.
 *     red channel, in order, line by line.
 *                                                r  g │ r  g │ r  g
 *      0 │ 1 │ 2 │ 3                             b  a │ b  a │ b  a
 *     ───┼───┼───┼───                           ──────┼──────┼──────
 *      4 │ 5 │ 6 │ 7                             0  1 │ 2  3 │ 4  ·     texels 0, 1, 2
 *     ───┼───┼───┼───                            5  6 │ 7  8 │ 9  ·
 *      8 │ 9 │10 │11                            ──────┼──────┼──────
 *     ───┼───┼───┼───                           10 11 │12 13 │14  ·     texels 3, 4, 5
 *     12 │13 │14 │                               ·  · │ ·  · │ ·  ·
 *
 * Texels stand in order, too, in lines as long as tfjs likes; `·` is undefined. A slice shares the unpacked texture
 * of the tensor it was cut from, from an offset on. A reshaped tensor lies as it did before it was reshaped. So the
 * packed texture of [a, b, c, d] is that of [1, a · b · c, d] as well, if c is even: no texel holds lines of two
 * matrices. tfjs's own convolutions leave their results so, and ours do: it reads two dimensions faster than three.
 */
import { type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo, env, getKernel } from '@tensorflow/tfjs-core';
import type { GPGPUContext, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';

/** WebGL 1 has neither several render targets for sure nor integer fetches. */
export function isWebGL2(): boolean {
  return env().getNumber('WEBGL_VERSION') === 2;
}

/** Width and height of the largest texture, in texels. */
export function maxTextureSize(): number {
  return env().getNumber('WEBGL_MAX_TEXTURE_SIZE');
}

/** Whether results are packed. */
export function packsResults(): boolean {
  return env().getBool('WEBGL_PACK');
}

/** Whether one can draw into 32-bit floats; else into 16-bit ones. */
export function drawsFloat32(): boolean {
  return env().getBool('WEBGL_RENDER_FLOAT32_ENABLED');
}

/** Whether programs are only compiled now, and nothing is drawn or uploaded: `ENGINE_COMPILE_ONLY`. */
export function onlyCompiles(): boolean {
  return env().getFlags().ENGINE_COMPILE_ONLY === true;
}

/** The backend's GL context; what is made of it is kept by it. A backend registered anew has another one. */
export function contextOf(backend: MathBackendWebGL): GPGPUContext {
  return backend.gpgpu;
}

/** Whether there is a context where we look for it. */
export function hasContext(backend: MathBackendWebGL): boolean {
  return Boolean((backend.gpgpu as GPGPUContext | undefined)?.gl);
}

export function glOf(backend: MathBackendWebGL): WebGL2RenderingContext {
  return backend.gpgpu.gl as WebGL2RenderingContext;
}

/** Whether the context still holds what tfjs made in it at first: one that was lost and restored is empty. Waits. */
export function isIntact({ gl, vertexBuffer }: GPGPUContext): boolean {
  return gl.isBuffer(vertexBuffer);
}

/** How tfjs times its programs, while `tf.time` or `tf.profile` asks for it. */
interface Timing {
  activeTimers?: { readonly name: string; readonly query: Promise<number> }[];
  startTimer(): unknown;
  endTimer(query: unknown): unknown;
  getQueryTime(query: unknown): Promise<number>;
}

/** Runs a draw call, timed as tfjs times its programs. Must not contain one of them: times do not nest. */
export function timed(backend: MathBackendWebGL, name: string, draw: () => void): void {
  const timing = backend as unknown as Timing;
  if (!timing.activeTimers) return draw();
  let query = timing.startTimer();
  try {
    draw();
  } finally {
    query = timing.endTimer(query);
  }
  // A list of `name: ms, name: ms` is made of it.
  timing.activeTimers.push({ name: name.replace(/[,:]/g, ''), query: timing.getQueryTime(query) });
}

/** Runs what is no part of what a user times. */
export function untimed<T>(backend: MathBackendWebGL, body: () => T): T {
  const timing = backend as unknown as Timing;
  const { activeTimers } = timing;
  timing.activeTimers = undefined;
  try {
    return body();
  } finally {
    timing.activeTimers = activeTimers;
  }
}

/** A tensor on the GPU, and how it lies there. */
export interface TensorTexture {
  readonly texture: WebGLTexture;
  readonly shape: readonly number[];
  /** Texels in a line of the texture. */
  readonly lineTexels: number;
  /** Elements in front of the tensor's first; 0 if it is packed. */
  readonly offset: number;
  /** The last two dimensions of the shape that it was packed with; 0 if it is unpacked. */
  readonly packedRows: number;
  readonly packedCols: number;
  /** Whether its texels are those of the last two dimensions of its own shape. */
  readonly isPacked: boolean;
}

/** How many elements a tensor has. */
export function elementsOf({ shape }: TensorTexture): number {
  return shape.reduce((elements, size) => elements * size, 1);
}

/** How many texels a tensor of rank 4 has, if they are those of its own shape. */
export function packedTexelsOf({ shape: [a, b, c, d] }: TensorTexture): number {
  return a * b * Math.ceil(c / 2) * Math.ceil(d / 2);
}

/** Whether a tensor's values have still to be brought to the GPU, which draws by tfjs's own programs. */
export function isOnGPU(backend: MathBackendWebGL, { dataId }: TensorInfo): boolean {
  return Boolean(backend.texData.get(dataId).texture);
}

/**
 * The texture of a tensor; brings its values onto the GPU, if they are not there: packed, as tfjs does for its own
 * packed programs. So weights are read as they lie, in each call, rather than brought into another form each time.
 */
export function textureOf(backend: MathBackendWebGL, { dataId, shape }: TensorInfo): TensorTexture {
  const data = backend.texData.get(dataId);
  if (!data.texture && packsResults()) {
    data.isPacked = true;
    data.shape = shape;
  }
  backend.uploadToGPU(dataId);
  const texture = data.texture!.texture;
  const width = data.texShape![1];
  if (!data.isPacked) {
    const offset = data.slice?.flatOffset ?? 0;
    return { texture, shape, lineTexels: width, offset, packedRows: 0, packedCols: 0, isPacked: false };
  }
  const rank = data.shape.length;
  const packedRows = rank > 1 ? data.shape[rank - 2] : 1;
  const packedCols = rank > 0 ? data.shape[rank - 1] : 1;
  const rows = shape[shape.length - 2];
  const rowsFit = packedRows === rows || (packedRows % 2 === 0 && rows % 2 === 0);
  const isPacked = rowsFit && packedCols === shape[shape.length - 1];
  return { texture, shape, lineTexels: Math.ceil(width / 2), offset: 0, packedRows, packedCols, isPacked };
}

/** Brings a tensor's values onto the GPU as tfjs does for its own programs that are not packed. */
export function uploadUnpacked(backend: MathBackendWebGL, { dataId }: TensorInfo): void {
  backend.uploadToGPU(dataId);
}

/** A tensor to be drawn to, and its texture. */
export interface ResultTexture {
  readonly info: TensorInfo;
  readonly texture: WebGLTexture;
  /** In texels. */
  readonly width: number;
  readonly height: number;
}

/** Makes a tensor of rank 4 on the GPU, of unknown values, in the form that results have. */
export function makeResult(backend: MathBackendWebGL, shape: number[]): ResultTexture {
  const [a, b, c, d] = shape;
  const isOneMatrix = packsResults() && c % 2 === 0;
  const { dataId } = backend.makeTensorInfo(isOneMatrix ? [1, a * b * c, d] : shape, 'float32');
  const info: TensorInfo = { dataId, shape, dtype: 'float32' };
  const data = backend.texData.get(info.dataId);
  data.isPacked = packsResults();
  try {
    backend.uploadToGPU(info.dataId);
  } catch (error) {
    backend.disposeIntermediateTensorInfo(info);
    throw error;
  }
  const [height, width] = data.texShape!;
  const texture = data.texture!.texture;
  return data.isPacked
    ? { info, texture, width: Math.ceil(width / 2), height: Math.ceil(height / 2) }
    : { info, texture, width, height };
}

export function disposeResult(backend: MathBackendWebGL, { info }: ResultTexture): void {
  backend.disposeIntermediateTensorInfo(info);
}

/** A tensor of values, which tfjs has yet to bring to the GPU. */
export function tensorOf(backend: MathBackendWebGL, shape: number[], values: Float32Array): TensorInfo {
  return { dataId: backend.write(values, shape, 'float32'), shape, dtype: 'float32' };
}

/** The values of a tensor, as tfjs reads them. */
export function valuesOf(backend: MathBackendWebGL, { dataId }: TensorInfo): Float32Array {
  return backend.readSync(dataId) as Float32Array;
}

export function disposeTensor(backend: MathBackendWebGL, { dataId }: TensorInfo): void {
  backend.disposeData(dataId);
}

/** Runs a kernel of tfjs past its engine, which neither tracks nor records it; `undefined` if it is not there. */
export function runKernel(
  backend: MathBackendWebGL,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
): TensorInfo | undefined {
  return getKernel(kernelName, 'webgl')?.kernelFunc({ inputs, attrs, backend }) as TensorInfo | undefined;
}
