// SPDX-License-Identifier: Apache-2.0
/**
 * Draws with programs of our own through the backend's WebGL 2 context, into several render targets at a time, which tfjs does not do.
 * The context's state is left as found. What is kept (programs, a framebuffer, a vertex array) belongs to one context
 * and is found through it: a backend registered anew starts empty.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { GPGPUContext, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Layers, isLayers, textureOf } from './textures';

/** GLSL of a program, without version and precision. Equal keys mean equal programs: what varies more often is a uniform. */
export interface ProgramSource {
  readonly key: string;
  readonly fragment: string;
  /** Default: one triangle that covers the viewport. */
  readonly vertex?: string;
}

export interface Draw {
  readonly source: ProgramSource;
  /** What to write to: a texture, or all layers of several. */
  readonly target: TensorInfo | Layers;
  /** Textures to read from, by the names of their samplers. */
  readonly textures: Readonly<Record<string, TensorInfo | Layers>>;
  readonly passes: readonly Pass[];
  /** Cells of the targets are cleared to 0 first, and what is drawn is added. */
  readonly adds?: boolean;
}

/** One draw call: into a rectangle of the targets, or of that many points. */
export interface Pass {
  readonly viewport: readonly [x: number, y: number, width: number, height: number];
  readonly points?: number;
  /** Integer uniforms, vectors of 1 to 4. */
  readonly uniforms: Readonly<Record<string, readonly number[]>>;
}

interface Program {
  readonly program: WebGLProgram;
  readonly locations: Map<string, WebGLUniformLocation | null>;
}

interface Kept {
  readonly framebuffer: WebGLFramebuffer;
  readonly vertexArray: WebGLVertexArrayObject;
  readonly programs: Map<string, Program>;
}

const kept = new WeakMap<GPGPUContext, Kept>();

/** Integers are divided by way of floats, and put right: GPUs, and SwiftShader more so, take an order of magnitude longer over their own division. */
const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler2DArray;
/** ⌊a / b⌋ for a ≥ 0 and b > 0. */
int quotient(int a, int b) {
  float perB = 1. / float(b);
  int q = int(float(a) * perB);
  int more = int(float(a - q * b) * perB);
  q += more;
  int r = a - q * b;
  return q + int(r >= b) - int(r < 0);
}
`;
const WHOLE_VIEWPORT = `void main() {
  gl_Position = vec4(float(gl_VertexID % 2) * 4. - 1., float(gl_VertexID / 2) * 4. - 1., 0., 1.);
}`;

/** How many programs of ours a backend has compiled. */
export function programCount(backend: MathBackendWebGL): number {
  return kept.get(backend.gpgpu)?.programs.size ?? 0;
}

/** Runs the passes of a draw. @throws Error if the context is lost. */
export function draw(backend: MathBackendWebGL, { source, target, textures, passes, adds }: Draw): void {
  const { gpgpu } = backend;
  const gl = gpgpu.gl as WebGL2RenderingContext;
  throwIfLost(gl);
  let own = kept.get(gpgpu);
  if (own === undefined) {
    own = { framebuffer: gl.createFramebuffer()!, vertexArray: gl.createVertexArray()!, programs: new Map() };
    kept.set(gpgpu, own);
  }
  let program = own.programs.get(source.key);
  if (program === undefined) {
    program = { program: link(gl, source), locations: new Map() };
    own.programs.set(source.key, program);
  }
  const restore = saveState(gl);
  gl.bindFramebuffer(gl.FRAMEBUFFER, own.framebuffer);
  const attachments = Array.from({ length: isLayers(target) ? target.count : 1 }, (_, n) => gl.COLOR_ATTACHMENT0 + n);
  attachments.forEach((attachment, n) => {
    if (isLayers(target)) gl.framebufferTextureLayer(gl.FRAMEBUFFER, attachment, target.texture, 0, n);
    else attach(gl, attachment, textureOf(backend, target));
  });
  gl.drawBuffers(attachments);
  gl.bindVertexArray(own.vertexArray);
  gl.useProgram(program.program);
  Object.entries(textures).forEach(([name, info], unit) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    if (isLayers(info)) gl.bindTexture(gl.TEXTURE_2D_ARRAY, info.texture);
    else gl.bindTexture(gl.TEXTURE_2D, textureOf(backend, info));
    gl.uniform1i(location(gl, program, name), unit);
  });
  gl.disable(gl.SCISSOR_TEST);
  if (adds) {
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendEquation(gl.FUNC_ADD);
    gl.blendFunc(gl.ONE, gl.ONE);
  } else {
    gl.disable(gl.BLEND);
  }
  for (const { viewport, points, uniforms } of passes) {
    for (const [name, value] of Object.entries(uniforms)) {
      const at = location(gl, program, name);
      if (value.length === 1) gl.uniform1iv(at, value);
      else if (value.length === 2) gl.uniform2iv(at, value);
      else if (value.length === 3) gl.uniform3iv(at, value);
      else gl.uniform4iv(at, value);
    }
    gl.viewport(...viewport);
    if (points === undefined) gl.drawArrays(gl.TRIANGLES, 0, 3);
    else gl.drawArrays(gl.POINTS, 0, points);
  }
  attachments.forEach((attachment) => attach(gl, attachment, null));
  restore();
  throwIfLost(gl);
}

/** @throws Error if the context is lost: what it would compute is garbage. */
export function throwIfLost(gl: WebGLRenderingContext): void {
  if (gl.isContextLost()) {
    throw new Error(
      "The WebGL context of tfjs is lost. Remove the backend (tf.removeBackend('webgl')), register it anew and make its tensors again",
    );
  }
}

function attach(gl: WebGL2RenderingContext, attachment: number, texture: WebGLTexture | null): void {
  gl.framebufferTexture2D(gl.FRAMEBUFFER, attachment, gl.TEXTURE_2D, texture, 0);
}

function location(
  gl: WebGL2RenderingContext,
  { program, locations }: Program,
  name: string,
): WebGLUniformLocation | null {
  if (!locations.has(name)) locations.set(name, gl.getUniformLocation(program, name));
  return locations.get(name)!;
}

function link(gl: WebGL2RenderingContext, { vertex = WHOLE_VIEWPORT, fragment, key }: ProgramSource): WebGLProgram {
  const program = gl.createProgram()!;
  for (const [type, text] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, HEAD + text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader); // It lives as long as the program does.
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    const logs = gl.getAttachedShaders(program)!.map((shader) => gl.getShaderInfoLog(shader));
    const reason = [gl.getProgramInfoLog(program), ...logs].filter(Boolean).join('\n');
    gl.deleteProgram(program);
    throwIfLost(gl);
    throw new Error(`The WebGL program '${key}' does not link on this machine: ${reason}`);
  }
  return program;
}

/** Remembers what `draw` changes; tfjs sets the rest before each use. All of it is known on this side: nothing waits for the GPU. */
function saveState(gl: WebGL2RenderingContext): () => void {
  const framebuffer = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
  const program = gl.getParameter(gl.CURRENT_PROGRAM) as WebGLProgram | null;
  const vertexArray = gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null;
  const viewport = gl.getParameter(gl.VIEWPORT) as Int32Array;
  const unit = gl.getParameter(gl.ACTIVE_TEXTURE) as number;
  const [blends, scissors] = [gl.isEnabled(gl.BLEND), gl.isEnabled(gl.SCISSOR_TEST)];
  return () => {
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.useProgram(program);
    gl.bindVertexArray(vertexArray);
    gl.viewport(viewport[0], viewport[1], viewport[2], viewport[3]);
    gl.activeTexture(unit);
    if (!blends) gl.disable(gl.BLEND);
    if (scissors) gl.enable(gl.SCISSOR_TEST);
  };
}
