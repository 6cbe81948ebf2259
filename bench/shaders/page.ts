// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page: does all work on a layer, ours and stock's, and records the fragment shaders that it takes. Nothing
 * is drawn, but for what devices and backends prove of themselves first.
 */
import * as tf from '@tensorflow/tfjs';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { descriptor } from '../../kernels/webgl';
import { Kept } from '../../kernels/webgl/drawing/context';
import { PASSES, type Pass, VARIANTS } from '../../src/contract';
import { computeGeometry, explain } from '../../src';
import { fieldOf } from '../field';
import { disposeOperands, makeOperands, makeValues } from '../operands';
import { CONVOLUTIONS, type Workload, workloadNamed } from '../workloads';

/** What a program is for. */
export interface Use {
  readonly layer: string;
  readonly pass: Pass;
  /** A variant, 'ours' (a gradient has one kernel), 'stock' or 'stock unpacked'. */
  readonly by: string;
  /** How many fragments it draws for it. */
  fragments: number;
}

/** A fragment shader as WebGL gets it. */
export interface Collected {
  /** The key of a program of ours, the class of one of tfjs. */
  readonly name: string;
  readonly owner: 'ours' | 'stock';
  readonly source: string;
  readonly uses: Use[];
}

/** Whose program is being made, and what for: while nobody works on a layer, no program is recorded. */
let maker: Pick<Collected, 'name' | 'owner'> = { name: '', owner: 'stock' };
let use: Omit<Use, 'fragments'> | undefined;
const collected = new Map<string, Collected>();

/** Records the fragment shader of each program that draws for a layer, and does not let it draw. */
function record(backend: MathBackendWebGL): void {
  const gl = WebGL2RenderingContext.prototype;
  const { shaderSource, attachShader, useProgram } = gl;
  const fragments = new WeakMap<WebGLShader, Collected>();
  const programs = new WeakMap<WebGLProgram, Collected>();
  gl.shaderSource = function (shader, source) {
    if (this.getShaderParameter(shader, this.SHADER_TYPE) === this.FRAGMENT_SHADER)
      fragments.set(shader, { ...maker, source, uses: [] });
    shaderSource.call(this, shader, source);
  };
  gl.attachShader = function (program, shader) {
    const fragment = fragments.get(shader);
    if (fragment) programs.set(program, fragment);
    attachShader.call(this, program, shader);
  };
  let inUse: Collected | undefined;
  gl.useProgram = function (program) {
    inUse = program ? programs.get(program) : undefined;
    useProgram.call(this, program);
  };
  const { drawArrays, drawElements } = gl;
  /** What stands for a way of drawing. */
  const recorded = <A extends unknown[]>(draw: (...args: A) => void) =>
    function (this: WebGL2RenderingContext, ...args: A): void {
      if (!use || !inUse) return draw.apply(this, args);
      const { uses } = collected.get(inUse.source) ?? (collected.set(inUse.source, inUse), inUse);
      const same = ({ layer, pass, by }: Use): boolean => layer === use!.layer && pass === use!.pass && by === use!.by;
      const known = uses.find(same) ?? (uses[uses.length] = { ...use, fragments: 0 });
      const [, , width, height] = this.getParameter(this.VIEWPORT) as Int32Array;
      known.fragments += width * height;
    };
  gl.drawArrays = recorded(drawArrays);
  gl.drawElements = recorded(drawElements);

  const { program } = Kept.prototype;
  Kept.prototype.program = function (source, most) {
    maker = { name: source.key, owner: 'ours' };
    return program.call(this, source, most);
  };
  const run = backend.runWebGLProgram.bind(backend);
  backend.runWebGLProgram = (stock, ...rest) => {
    const outer = maker;
    maker = { name: stock.constructor.name.replace(/\d*$/, ''), owner: 'stock' };
    try {
      return run(stock, ...rest);
    } finally {
      maker = outer; // It may be compiled after its operands have been brought, which takes programs as well.
    }
  };
}

/** Runs who computes a pass of a layer, operands as users have them. */
function work(workload: Workload, pass: Pass, stock: 'stock' | 'stock unpacked' | undefined): void {
  const operands = makeOperands(workload, makeValues(workload));
  const asked = { variants: stock ? [] : VARIANTS, stock: stock !== undefined };
  for (const contender of fieldOf(asked, workload, pass).contenders(operands)) {
    use = { layer: workload.name, pass, by: stock ?? contender.name };
    contender.run().dispose();
  }
  use = undefined;
  disposeOperands(operands);
}

/** Flags of tfjs that decide whether its convolutions are packed. */
const PACKING = ['WEBGL_PACK', 'WEBGL_CONV_IM2COL', 'WEBGL_PACK_CONV2DTRANSPOSE'];

const page = {
  /** Sets the backend and has it prove what it must. @param renderer What the browser is to call the GPU. */
  async ready(renderer?: string): Promise<string> {
    if (renderer) {
      const { getParameter } = WebGL2RenderingContext.prototype;
      WebGL2RenderingContext.prototype.getParameter = function (name) {
        const unmasked = this.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
        return name === unmasked ? renderer : (getParameter.call(this, name) as unknown);
      };
    }
    tf.enableProdMode();
    await tf.setBackend('webgl');
    tf.env().set('WEBGL_CPU_FORWARD', false);
    const backend = tf.backend() as MathBackendWebGL;
    const small = computeGeometry({ xShape: [1, 4, 4, 4], filterShape: [3, 3, 4, 4], strides: 2, pad: 'same' });
    record(backend);
    explain(small); // Ours prove what they rely on.
    return descriptor.device(backend);
  },
  /** Works on a layer: all passes of a transposed convolution, or the one that is a convolution. */
  collect(name: string, stock: boolean): void {
    const workload = workloadNamed(name);
    const passes = CONVOLUTIONS.includes(workload) ? (['input gradient'] as const) : PASSES;
    for (const pass of passes) {
      work(workload, pass, undefined);
      if (!stock) continue;
      work(workload, pass, 'stock');
      for (const flag of PACKING) tf.env().set(flag, false);
      work(workload, pass, 'stock unpacked');
      for (const flag of PACKING) tf.env().set(flag, true);
    }
  },
  collected: (): Collected[] => [...collected.values()],
};
export type ShadersPage = typeof page;
Object.assign(globalThis, { page });
