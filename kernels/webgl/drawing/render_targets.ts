// SPDX-License-Identifier: Apache-2.0
/**
 * Textures that are drawn to, and the framebuffers they are attached to. No other file attaches a texture.
 *
 * Temporary ones are kept for the next call of the same size, still attached: making, attaching and deleting one
 * took a fifth of the JavaScript of a filter gradient (layer 1×4×4×4 → 4, Chromium 156). Nobody may rely on what is
 * in them.
 */
import type { ScratchMeter } from '../../../src/contract';
import { type ResultTexture, drawsFloat32 } from '../tfjs_internals';
import { throwIfLost } from './gl_state';

/** Where programs draw to: a texture, or each of several layers, one for an output of the program. */
export interface RenderTarget {
  readonly texture: WebGLTexture;
  /** Of a texture with layers, which is read by a sampler2DArray; 0 for a plain one. */
  readonly layers: number;
  /** In texels of 4 floats each. */
  readonly width: number;
  readonly height: number;
  readonly framebuffer: WebGLFramebuffer;
  readonly bytes: number;
  readonly format: number;
}

/** The most of a context that is kept unused. Chosen: some layers of a decoder. tfjs itself keeps all it ever had. */
const MOST_FREE_BYTES = 16 * 2 ** 20;
const MOST_FREE_TARGETS = 32;

/** Bytes of temporary render targets, of all contexts. */
class Meter implements ScratchMeter {
  private usedBytes = 0;
  peakBytes = 0;
  retainedBytes = 0;

  reset(): void {
    this.peakBytes = 0;
  }

  use(bytes: number): void {
    this.usedBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
  }

  retain(bytes: number): void {
    this.retainedBytes += bytes;
  }
}

const meter = /* @__PURE__ */ new Meter();
export const scratch: ScratchMeter = meter;

/** The format of render targets, as tfjs's flags say. */
export function targetFormat(gl: WebGL2RenderingContext): number {
  return drawsFloat32() ? gl.RGBA32F : gl.RGBA16F;
}

/** The temporary render targets of one context. */
export class RenderTargetPool {
  /** The longest unused first. */
  private readonly free: RenderTarget[] = [];
  private freeBytes = 0;
  /** For tensors of tfjs, which come and go: attached for one draw. */
  private readonly forResults: WebGLFramebuffer;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.forResults = gl.createFramebuffer()!;
  }

  /** A target of that size and so many layers, or a plain one for 0; its content is unknown. */
  take(width: number, height: number, layers: number): RenderTarget {
    const { gl, free } = this;
    const format = targetFormat(gl);
    for (let n = free.length - 1; n >= 0; n--) {
      const found = free[n];
      const fits = found.width === width && found.height === height && found.layers === layers;
      if (fits && found.format === format) {
        free.splice(n, 1);
        this.countFree(-found.bytes);
        meter.use(found.bytes);
        return found;
      }
    }
    const made = makeTarget(gl, width, height, layers, format);
    meter.use(made.bytes);
    return made;
  }

  giveBack(target: RenderTarget): void {
    meter.use(-target.bytes);
    if (target.bytes > MOST_FREE_BYTES) return deleteTarget(this.gl, target); // Others need not make room for it.
    this.free.push(target);
    this.countFree(target.bytes);
    while (this.freeBytes > MOST_FREE_BYTES || this.free.length > MOST_FREE_TARGETS) this.deleteOldest();
  }

  /** Runs `body` with a result of tfjs attached to the bound framebuffer. */
  drawingTo({ texture }: ResultTexture, body: () => void): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.forResults);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    try {
      body();
    } finally {
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, null, 0);
    }
  }

  dispose(): void {
    while (this.free.length > 0) this.deleteOldest();
    this.gl.deleteFramebuffer(this.forResults);
  }

  private deleteOldest(): void {
    const oldest = this.free.shift()!;
    this.countFree(-oldest.bytes);
    deleteTarget(this.gl, oldest);
  }

  private countFree(bytes: number): void {
    this.freeBytes += bytes;
    meter.retain(bytes);
  }
}

export function deleteTarget(gl: WebGL2RenderingContext, { texture, framebuffer }: RenderTarget): void {
  gl.deleteFramebuffer(framebuffer);
  gl.deleteTexture(texture);
}

/**
 * Makes a texture and attaches it, once for its life. Whoever calls has entered a DrawingState, which puts back what
 * this leaves bound.
 *
 * @throws Error if there is no such texture, or it cannot be drawn to: what is drawn to it would come back as zeros.
 */
export function makeTarget(
  gl: WebGL2RenderingContext,
  width: number,
  height: number,
  layers: number,
  format: number,
): RenderTarget {
  while (gl.getError() !== gl.NO_ERROR); // Of others.
  const texture = gl.createTexture()!;
  const framebuffer = gl.createFramebuffer()!;
  const kind = layers > 0 ? gl.TEXTURE_2D_ARRAY : gl.TEXTURE_2D;
  gl.bindTexture(kind, texture);
  if (layers > 0) gl.texStorage3D(kind, 1, format, width, height, layers);
  else gl.texStorage2D(kind, 1, format, width, height);
  gl.texParameteri(kind, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(kind, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.bindTexture(kind, null);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  const attachments: number[] = [];
  for (let n = 0; n < Math.max(1, layers); n++) {
    const attachment = gl.COLOR_ATTACHMENT0 + n;
    if (layers > 0) gl.framebufferTextureLayer(gl.FRAMEBUFFER, attachment, texture, 0, n);
    else gl.framebufferTexture2D(gl.FRAMEBUFFER, attachment, kind, texture, 0);
    attachments.push(attachment);
  }
  gl.drawBuffers(attachments);
  const texelBytes = format === gl.RGBA32F ? 16 : 8;
  const bytes = width * height * attachments.length * texelBytes;
  const target = { texture, layers, width, height, framebuffer, bytes, format };
  const problem = problemWith(gl);
  if (problem === '') return target;
  deleteTarget(gl, target);
  throwIfLost(gl);
  const size = `${width} × ${height} texels of ${texelBytes} bytes`;
  throw new Error(`WebGL cannot draw to ${attachments.length} targets of ${size}: ${problem}`);
}

/** What is wrong with the framebuffer that is bound and has just been made, or ''. */
function problemWith(gl: WebGL2RenderingContext): string {
  const error = gl.getError();
  if (error === gl.OUT_OF_MEMORY) return 'the GPU is out of memory';
  if (error !== gl.NO_ERROR) return `error 0x${error.toString(16)}`;
  const status = gl.checkFramebufferStatus(gl.FRAMEBUFFER);
  return status === gl.FRAMEBUFFER_COMPLETE ? '' : `the framebuffer is incomplete (0x${status.toString(16)})`;
}
