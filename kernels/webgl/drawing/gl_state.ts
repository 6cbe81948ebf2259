// SPDX-License-Identifier: Apache-2.0
/** The state of the GL context, which others use as well: left as found. */

const WHAT_WOULD_WORK = "Remove the backend (tf.removeBackend('webgl')), register it anew and make its tensors again";

/** @throws Error if the context is lost: what it would compute is garbage. */
export function throwIfLost(gl: WebGLRenderingContext): void {
  if (gl.isContextLost()) throw new Error(`The WebGL context of tfjs is lost. ${WHAT_WOULD_WORK}`);
}

/** For a context that was lost and is there again, without all that was made in it: it would compute zeros. */
export function errorOfRestored(): Error {
  return new Error(
    `The WebGL context of tfjs was lost. The browser has restored it, but not what tfjs had in it: textures, ` +
      `programs. ${WHAT_WOULD_WORK}`,
  );
}

/**
 * Remembers what drawing changes, sets what all draws share, and returns what puts it back. Textures that are bound
 * are not remembered: tfjs binds its own before each use. The browser knows all of this by itself: nothing waits for
 * the GPU.
 */
export function enterState(gl: WebGL2RenderingContext, vertexArray: WebGLVertexArrayObject): () => void {
  const framebuffer = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
  const program = gl.getParameter(gl.CURRENT_PROGRAM) as WebGLProgram | null;
  const before = gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null;
  const viewport = gl.getParameter(gl.VIEWPORT) as Int32Array;
  const unit = gl.getParameter(gl.ACTIVE_TEXTURE) as number;
  const blends = gl.isEnabled(gl.BLEND);
  const scissors = gl.isEnabled(gl.SCISSOR_TEST);
  gl.bindVertexArray(vertexArray);
  if (scissors) gl.disable(gl.SCISSOR_TEST);
  if (blends) gl.disable(gl.BLEND);
  return () => {
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.useProgram(program);
    gl.bindVertexArray(before);
    gl.viewport(viewport[0], viewport[1], viewport[2], viewport[3]);
    gl.activeTexture(unit);
    if (blends) gl.enable(gl.BLEND);
    else gl.disable(gl.BLEND);
    if (scissors) gl.enable(gl.SCISSOR_TEST);
  };
}
