// SPDX-License-Identifier: Apache-2.0
/** The state of the GL context, which others use as well: left as found. */
import { howToRenew } from '../../../src/contract';

/** @throws Error if the context is lost: what it would compute is garbage. */
export function throwIfLost(gl: WebGLRenderingContext): void {
  if (gl.isContextLost()) throw new Error(`The WebGL context of tfjs is lost. ${howToRenew('webgl')}`);
}

/** For a context that was lost and is there again, without all that was made in it: it would compute zeros. */
export function errorOfRestored(): Error {
  return new Error(
    `The WebGL context of tfjs was lost. The browser has restored it, but not what tfjs had in it: textures, ` +
      `programs. ${howToRenew('webgl')}`,
  );
}

/** The parameters of which Blending remembers the values. */
const BLENDING = [
  'BLEND_EQUATION_RGB',
  'BLEND_EQUATION_ALPHA',
  'BLEND_SRC_RGB',
  'BLEND_DST_RGB',
  'BLEND_SRC_ALPHA',
  'BLEND_DST_ALPHA',
] as const;

/** What is bound to a texture unit. */
interface Unit {
  readonly plain: WebGLTexture | null;
  readonly layers: WebGLTexture | null;
}

/**
 * The state while we draw. It remembers what drawing changes before that is changed, sets what all draws share, and
 * puts everything back when it is left. Nothing waits for the GPU, with one exception: browsers know all of this by
 * themselves but how blending is set, which is asked for only where it is used.
 */
export class DrawingState {
  private readonly drawFramebuffer: WebGLFramebuffer | null;
  private readonly readFramebuffer: WebGLFramebuffer | null;
  private readonly program: WebGLProgram | null;
  private readonly vertexArray: WebGLVertexArrayObject | null;
  private readonly viewport: Int32Array;
  private readonly activeTexture: number;
  private readonly blends: boolean;
  private readonly scissors: boolean;
  private readonly units = new Map<number, Unit>();
  private blending: readonly number[] | undefined;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    vertexArray: WebGLVertexArrayObject,
  ) {
    this.drawFramebuffer = gl.getParameter(gl.DRAW_FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
    this.readFramebuffer = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
    this.program = gl.getParameter(gl.CURRENT_PROGRAM) as WebGLProgram | null;
    this.vertexArray = gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null;
    this.viewport = gl.getParameter(gl.VIEWPORT) as Int32Array;
    this.activeTexture = gl.getParameter(gl.ACTIVE_TEXTURE) as number;
    this.blends = gl.isEnabled(gl.BLEND);
    this.scissors = gl.isEnabled(gl.SCISSOR_TEST);
    this.useUnit(this.activeTexture); // New textures, also those of tfjs, are bound to it.
    gl.bindVertexArray(vertexArray);
    if (this.scissors) gl.disable(gl.SCISSOR_TEST);
    if (this.blends) gl.disable(gl.BLEND);
  }

  /** Makes a texture unit, TEXTURE0 + n, the active one. */
  useUnit(unit: number): void {
    const { gl, units } = this;
    gl.activeTexture(unit);
    if (units.has(unit)) return;
    units.set(unit, {
      plain: gl.getParameter(gl.TEXTURE_BINDING_2D) as WebGLTexture | null,
      layers: gl.getParameter(gl.TEXTURE_BINDING_2D_ARRAY) as WebGLTexture | null,
    });
  }

  /** What is drawn is added to what is there, until `stopAdding`. */
  startAdding(): void {
    const { gl } = this;
    this.blending ??= BLENDING.map((name) => gl.getParameter(gl[name]) as number);
    gl.enable(gl.BLEND);
    gl.blendEquation(gl.FUNC_ADD);
    gl.blendFunc(gl.ONE, gl.ONE);
  }

  stopAdding(): void {
    this.gl.disable(this.gl.BLEND);
  }

  /** Puts everything back. */
  leave(): void {
    const { gl, viewport, blending } = this;
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, this.drawFramebuffer);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.readFramebuffer);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.vertexArray);
    gl.viewport(viewport[0], viewport[1], viewport[2], viewport[3]);
    for (const [unit, { plain, layers }] of this.units) {
      gl.activeTexture(unit);
      gl.bindTexture(gl.TEXTURE_2D, plain);
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, layers);
    }
    gl.activeTexture(this.activeTexture);
    if (blending !== undefined) {
      gl.blendEquationSeparate(blending[0], blending[1]);
      gl.blendFuncSeparate(blending[2], blending[3], blending[4], blending[5]);
    }
    if (this.blends) gl.enable(gl.BLEND);
    else gl.disable(gl.BLEND);
    if (this.scissors) gl.enable(gl.SCISSOR_TEST);
  }
}
