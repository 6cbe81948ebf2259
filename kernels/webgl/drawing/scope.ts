// SPDX-License-Identifier: Apache-2.0
/**
 * One call of a kernel on the GPU. A scope owns the temporary render targets of the call and the GL state while it
 * draws; when its body ends, also by an error, targets are given back, a result that was not finished is disposed
 * of, and the state is as it was found.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import {
  type ResultTexture,
  type TensorTexture,
  disposeResult,
  isOnGPU,
  makeResult,
  textureOf,
  timed,
} from '../tfjs_internals';
import { type Kept, keptOf } from './context';
import { DrawingState } from './gl_state';
import type { Program, ProgramSource } from './program';
import type { Uniforms } from './uniforms';
import type { RenderTarget } from './render_targets';

/** What a sampler reads. */
export type Texture = TensorTexture | RenderTarget;

/** One draw call: into a rectangle of the target, or of that many points. */
export interface Pass {
  readonly viewport: readonly [x: number, y: number, width: number, height: number];
  readonly points?: number;
  /** What differs from pass to pass. */
  readonly uniforms?: Uniforms;
}

export interface Draw {
  readonly source: ProgramSource;
  readonly target: RenderTarget | ResultTexture;
  /** By the names of their samplers. */
  readonly textures: Readonly<Record<string, Texture>>;
  /** The same for all passes. */
  readonly uniforms: readonly Uniforms[];
  /** The largest number that the program divides, besides where a tensor starts in its texture. Default: any. */
  readonly most?: number;
  /** Default: one that fills the target. */
  readonly passes?: readonly Pass[];
  /** The target is cleared to 0 first, and what is drawn is added. */
  readonly adds?: boolean;
}

const offsetOf = (texture: Texture): number => ('offset' in texture ? texture.offset : 0);

const ZERO = /* @__PURE__ */ new Float32Array(4);

export class Scope {
  private readonly gl: WebGL2RenderingContext;
  private readonly kept: Kept;
  private readonly taken: RenderTarget[] = [];
  private readonly results: ResultTexture[] = [];
  private state: DrawingState | undefined;

  private constructor(private readonly backend: MathBackendWebGL) {
    this.kept = keptOf(backend);
    this.gl = this.kept.gl;
  }

  /** Runs a call. @throws Error if the context is lost. */
  static run(backend: MathBackendWebGL, body: (scope: Scope) => ResultTexture): TensorInfo {
    const scope = new Scope(backend);
    let result: ResultTexture | undefined;
    try {
      scope.kept.throwIfLost();
      result = body(scope);
      scope.kept.throwIfLost();
      scope.results.splice(scope.results.indexOf(result), 1);
      return result.info;
    } finally {
      scope.end();
    }
  }

  /** The texture of a tensor. Its upload is drawn by tfjs, which must not find its context in our state. */
  tensor(info: TensorInfo): TensorTexture {
    if (!isOnGPU(this.backend, info)) this.leave();
    return textureOf(this.backend, info);
  }

  /** A temporary texture of texels with 4 floats each, of unknown content. */
  texture(width: number, height: number): RenderTarget {
    return this.take(width, height, 0);
  }

  /** Several of them, as the layers of one: a target for each output of a program. */
  layers(width: number, height: number, count: number): RenderTarget {
    return this.take(width, height, count);
  }

  /** A tensor to draw to. */
  result(shape: number[]): ResultTexture {
    const result = makeResult(this.backend, shape);
    this.results.push(result);
    return result;
  }

  draw({ source, target, textures, uniforms, most = Infinity, passes, adds }: Draw): void {
    const { gl, kept } = this;
    const state = this.enter();
    let offset = 0;
    for (const name in textures) offset = Math.max(offset, offsetOf(textures[name]));
    const program = kept.program(source, most + offset);
    gl.useProgram(program.program);
    for (const name in textures) this.bind(state, program, name, textures[name]);
    for (const some of uniforms) program.set(some);
    const drawAll = (): void => {
      if (adds) {
        this.clear('layers' in target ? Math.max(1, target.layers) : 1);
        state.startAdding();
      }
      for (const pass of passes ?? [{ viewport: [0, 0, target.width, target.height] } as Pass]) {
        const [x, y, width, height] = pass.viewport;
        if (pass.uniforms) program.set(pass.uniforms);
        gl.viewport(x, y, width, height);
        if (pass.points === undefined) gl.drawArrays(gl.TRIANGLES, 0, 3);
        else gl.drawArrays(gl.POINTS, 0, pass.points);
      }
      if (adds) state.stopAdding();
    };
    timed(this.backend, source.key, () => {
      if ('framebuffer' in target) {
        gl.bindFramebuffer(gl.FRAMEBUFFER, target.framebuffer);
        drawAll();
      } else {
        kept.targets.drawingTo(target, drawAll);
      }
    });
  }

  private take(width: number, height: number, layers: number): RenderTarget {
    this.enter();
    const target = this.kept.targets.take(width, height, layers);
    this.taken.push(target);
    return target;
  }

  private bind(state: DrawingState, program: Program, name: string, texture: Texture): void {
    const sampler = program.samplers.get(name);
    if (sampler === undefined) return;
    const { gl } = this;
    state.useUnit(gl.TEXTURE0 + sampler.unit);
    if ('lineTexels' in texture) {
      gl.bindTexture(gl.TEXTURE_2D, texture.texture);
      program.setTensor(sampler, texture);
    } else {
      gl.bindTexture(texture.layers > 0 ? gl.TEXTURE_2D_ARRAY : gl.TEXTURE_2D, texture.texture);
    }
  }

  private clear(outputs: number): void {
    for (let n = 0; n < outputs; n++) this.gl.clearBufferfv(this.gl.COLOR, n, ZERO);
  }

  private enter(): DrawingState {
    return (this.state ??= new DrawingState(this.gl, this.kept.vertexArray));
  }

  private leave(): void {
    this.state?.leave();
    this.state = undefined;
  }

  private end(): void {
    this.leave();
    for (const target of this.taken) this.kept.targets.giveBack(target);
    for (const result of this.results) disposeResult(this.backend, result);
  }
}
