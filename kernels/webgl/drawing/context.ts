// SPDX-License-Identifier: Apache-2.0
/**
 * What is kept of one GL context: compiled programs, render targets, a vertex array. A backend registered anew
 * starts empty.
 */
import type { GPGPUContext, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { contextOf, isIntact } from '../tfjs_internals';
import { errorOfRestored, throwIfLost } from './gl_state';
import { type Program, type ProgramSource, isShort, link } from './program';
import { type Proof, prove } from './proof';
import { RenderTargetPool, targetFormat } from './render_targets';

/** Everything of ours in a context. */
export class Kept {
  /** Without attributes: vertices know their number, and that is enough. */
  readonly vertexArray: WebGLVertexArrayObject;
  readonly targets: RenderTargetPool;
  private readonly programs = new Map<string, Program>();
  private readonly proofs = new Map<number, Proof>();
  readonly gl: WebGL2RenderingContext;
  private readonly canvas: EventTarget | null;
  private wasLost: boolean;
  private ownRenderer: string | undefined;

  constructor(context: GPGPUContext) {
    const gl = (this.gl = context.gl as WebGL2RenderingContext);
    this.canvas = gl.canvas as EventTarget | null; // React Native has none.
    this.wasLost = !isIntact(context);
    this.canvas?.addEventListener('webglcontextlost', this.onLost);
    this.vertexArray = gl.createVertexArray()!;
    this.targets = new RenderTargetPool(gl);
  }

  /**
   * Whether the context is lost or ever was, since tfjs got it. The browser may restore it, but empty: what tfjs reads
   * and writes there is gone. It is never restored before the event has been heard.
   */
  get isLost(): boolean {
    return this.wasLost || this.gl.isContextLost();
  }

  /** @throws Error if the context is lost or ever was: what it would compute is garbage. */
  throwIfLost(): void {
    throwIfLost(this.gl);
    if (this.wasLost) throw errorOfRestored();
  }

  /** What the machine draws with, by name; asked for once. */
  get renderer(): string {
    return (this.ownRenderer ??= rendererOf(this.gl));
  }

  get programCount(): number {
    return this.programs.size;
  }

  /** How many render targets of the format in use are proven. */
  get proof(): Proof {
    const format = targetFormat(this.gl);
    let proof = this.proofs.get(format);
    if (proof === undefined) {
      proof = prove(this.gl, this.vertexArray, format);
      this.proofs.set(format, proof);
    }
    return proof;
  }

  /** The program of a source, compiled at its first use. @param most The largest number that it divides. */
  program(source: ProgramSource, most: number): Program {
    const short = isShort(most);
    const key = short ? source.key : `${source.key}, large`;
    let program = this.programs.get(key);
    if (program === undefined) {
      program = link(this.gl, source, short);
      this.programs.set(key, program);
    }
    return program;
  }

  dispose(): void {
    this.canvas?.removeEventListener('webglcontextlost', this.onLost);
    for (const { program } of this.programs.values()) this.gl.deleteProgram(program);
    this.programs.clear();
    this.gl.deleteVertexArray(this.vertexArray);
    this.targets.dispose();
  }

  private readonly onLost = (): void => {
    this.wasLost = true;
  };
}

/** The name of what a context draws with, as far as the browser tells. */
export function rendererOf(gl: WebGLRenderingContext): string {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

const kept = /* @__PURE__ */ new WeakMap<GPGPUContext, Kept>();

export function keptOf(backend: MathBackendWebGL): Kept {
  const context = contextOf(backend);
  let own = kept.get(context);
  if (own === undefined) {
    own = new Kept(context);
    kept.set(context, own);
  }
  return own;
}

/** Gives back all that is kept of a backend's context; may be called again. */
export function releaseKept(backend: MathBackendWebGL): void {
  const context = contextOf(backend);
  kept.get(context)?.dispose();
  kept.delete(context);
}

/** How many programs of ours a backend has compiled. */
export function programCount(backend: MathBackendWebGL): number {
  return kept.get(contextOf(backend))?.programCount ?? 0;
}
