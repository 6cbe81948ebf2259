// SPDX-License-Identifier: Apache-2.0
/** Devices that have less, played by a context whose calls are wrapped. */

export type Context = WebGL2RenderingContext;
/** Replaces calls of a context; `targetsOf` tells how many targets are bound. */
export type Wrap = (gl: Context, targetsOf: () => number) => void;

/** More targets than that, and the framebuffer is incomplete: nothing is drawn. */
export const incompleteBeyond =
  (most: number): Wrap =>
  (gl, targetsOf) => {
    const { checkFramebufferStatus } = gl;
    gl.checkFramebufferStatus = (target) =>
      targetsOf() > most ? gl.FRAMEBUFFER_UNSUPPORTED : checkFramebufferStatus.call(gl, target);
    silentBeyond(most)(gl, targetsOf);
  };

/** More targets than that, and nothing is drawn, though all looks well. */
export const silentBeyond =
  (most: number): Wrap =>
  (gl, targetsOf) => {
    const { drawArrays } = gl;
    gl.drawArrays = (...args) => void (targetsOf() <= most && drawArrays.apply(gl, args));
  };

/** An error of a call that does nothing else. */
export function failing(gl: Context, error: number): () => void {
  const { getError } = gl;
  let pending: number = gl.NO_ERROR;
  gl.getError = () => {
    const found = pending === gl.NO_ERROR ? (getError.call(gl) as number) : pending;
    pending = gl.NO_ERROR;
    return found;
  };
  return () => (pending = error);
}

/** So many draw buffers, and it is said. */
export const saysDrawBuffers =
  (most: number): Wrap =>
  (gl, targetsOf) => {
    const { getParameter } = gl;
    gl.getParameter = (name) => (name === gl.MAX_DRAW_BUFFERS ? most : (getParameter.call(gl, name) as unknown));
    incompleteBeyond(most)(gl, targetsOf);
  };

/** The GPU has another name. */
export const isCalled =
  (name: string): Wrap =>
  (gl) => {
    const { getParameter } = gl;
    const unmasked = gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER;
    gl.getParameter = (of) => (of === unmasked ? name : (getParameter.call(gl, of) as unknown));
  };

/** More layers than that are refused. */
export const fewLayers =
  (most: number): Wrap =>
  (gl) => {
    const { texStorage3D } = gl;
    const fail = failing(gl, gl.INVALID_VALUE);
    gl.texStorage3D = (...args) => (args[5] > most ? fail() : texStorage3D.apply(gl, args));
  };

/** No extension of that name. */
export const without =
  (name: string): Wrap =>
  (gl) => {
    const { getExtension, getSupportedExtensions } = gl;
    gl.getExtension = (asked: string) => (asked === name ? null : (getExtension.call(gl, asked as never) as never));
    gl.getSupportedExtensions = () => getSupportedExtensions.call(gl)!.filter((extension) => extension !== name);
  };

/** Larger textures are refused. */
export const texturesUpTo =
  (most: number): Wrap =>
  (gl) => {
    const { getParameter, texStorage2D, texStorage3D } = gl;
    const fail = failing(gl, gl.INVALID_VALUE);
    gl.getParameter = (name) => (name === gl.MAX_TEXTURE_SIZE ? most : (getParameter.call(gl, name) as unknown));
    gl.texStorage2D = (...args) => (Math.max(args[3], args[4]) > most ? fail() : texStorage2D.apply(gl, args));
    gl.texStorage3D = (...args) => (Math.max(args[3], args[4]) > most ? fail() : texStorage3D.apply(gl, args));
  };

/** Wraps a context. A wrapped call is a property of the context itself; without it, that of its class is found. */
export function stub(gl: Context, wraps: readonly Wrap[]): void {
  // tfjs draws to framebuffers of its own, of which drawBuffers is never said: 0 targets as far as limits go.
  const counts = new WeakMap<WebGLFramebuffer, number>();
  const bound = (): WebGLFramebuffer | null => gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
  const { drawBuffers } = gl;
  gl.drawBuffers = (buffers) => {
    counts.set(bound()!, [...buffers].length);
    drawBuffers.call(gl, buffers);
  };
  for (const wrap of wraps) wrap(gl, () => counts.get(bound()!) ?? 0);
}
