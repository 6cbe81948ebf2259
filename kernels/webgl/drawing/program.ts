// SPDX-License-Identifier: Apache-2.0
/**
 * A compiled program, its samplers and its uniforms. Samplers get a texture unit each when the program is linked.
 */
import type { TensorTexture } from '../tfjs_internals';
import { throwIfLost } from './gl_state';
import { Scalar, type Uniforms, Vector, sendOf } from './uniforms';

/** GLSL of a program, without version and precision. Equal keys mean equal programs. What varies is a uniform. */
export interface ProgramSource {
  readonly key: string;
  /** Asked for once, when the program is compiled. */
  readonly fragment: () => string;
  /** Default: one triangle that covers the viewport. */
  readonly vertex?: () => string;
}

/**
 * Numbers up to this are divided in 4 instructions rather than 15. (a + ½) / b is at least ½ / b away from both
 * integers beside it. Rounded, it is off by 3 · 2⁻²³ of itself at most (GLSL: 2.5 units in the last place for the
 * reciprocal, half a unit for the product), which is less for a < 2²³ / 6.
 */
const SHORT = 2 ** 20;

/** What all programs start with. GPUs divide integers slowly, SwiftShader lane by lane. So floats do it. */
const headOf = (isShort: boolean): string => `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler2DArray;
/** ⌊a / b⌋ for a ≥ 0 and b > 0. */
int quotient(int a, int b) {
  float perB = 1. / float(b);
  ${
    isShort
      ? 'return int((float(a) + .5) * perB);'
      : `int q = int(float(a) * perB);
  int more = int(float(a - q * b) * perB);
  q += more;
  int r = a - q * b;
  return q + int(r >= b) - int(r < 0);`
  }
}
`;

const WHOLE_VIEWPORT = `void main() {
  gl_Position = vec4(float(gl_VertexID % 2) * 4. - 1., float(gl_VertexID / 2) * 4. - 1., 0., 1.);
}`;

/** The uniforms `TensorTexture` of a sampler that reads a tensor: see programs/tensor_element. */
interface TensorUniforms {
  readonly lineTexels?: Scalar;
  readonly offset?: Scalar;
  readonly packedRows?: Scalar;
  readonly packedCols?: Scalar;
}

/** A sampler, and the texture unit it reads. */
export interface Sampler extends TensorUniforms {
  readonly unit: number;
}

export class Program {
  readonly samplers: ReadonlyMap<string, Sampler>;
  private readonly scalars = new Map<string, Scalar>();
  private readonly vectors = new Map<string, Vector>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    readonly program: WebGLProgram,
  ) {
    const samplers: string[] = [];
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) as number;
    for (let n = 0; n < count; n++) {
      const { name, type } = gl.getActiveUniform(program, n)!;
      const at = gl.getUniformLocation(program, name)!;
      if (type === gl.SAMPLER_2D || type === gl.SAMPLER_2D_ARRAY) samplers.push(name);
      else if (type === gl.INT || type === gl.FLOAT) this.scalars.set(name, new Scalar(at, type === gl.INT));
      else this.vectors.set(name, new Vector(at, sendOf(gl, type)));
    }
    gl.useProgram(program);
    const member = (name: string, of: string): Scalar | undefined => this.scalars.get(`${name}Tensor.${of}`);
    this.samplers = new Map(
      samplers.map((name, unit) => {
        gl.uniform1i(gl.getUniformLocation(program, name), unit);
        const lies = {
          lineTexels: member(name, 'lineTexels'),
          offset: member(name, 'offset'),
          packedRows: member(name, 'packedRows'),
          packedCols: member(name, 'packedCols'),
        };
        return [name, { unit, ...lies }];
      }),
    );
  }

  /** Sends what has changed. The program is in use. Names that the compiler has optimised away are passed over. */
  set(uniforms: Uniforms): void {
    for (const name in uniforms) {
      const value = uniforms[name];
      if (typeof value === 'number') this.scalars.get(name)?.set(this.gl, value);
      else this.vectors.get(name)?.set(this.gl, value);
    }
  }

  /** Says how the tensor of a sampler lies in its texture. */
  setTensor(sampler: Sampler, tensor: TensorTexture): void {
    sampler.lineTexels?.set(this.gl, tensor.lineTexels);
    sampler.offset?.set(this.gl, tensor.offset);
    sampler.packedRows?.set(this.gl, tensor.packedRows);
    sampler.packedCols?.set(this.gl, tensor.packedCols);
  }
}

/** Whether a program that divides no number above `most` may divide in the short way. */
export const isShort = (most: number): boolean => most <= SHORT;

/** Compiles and links. @throws Error with the compiler's log. */
export function link(gl: WebGL2RenderingContext, source: ProgramSource, isShort: boolean): Program {
  const { vertex, fragment, key } = source;
  const program = gl.createProgram()!;
  for (const [type, text] of [
    [gl.VERTEX_SHADER, vertex?.() ?? WHOLE_VIEWPORT],
    [gl.FRAGMENT_SHADER, fragment()],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, headOf(isShort) + text);
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
  return new Program(gl, program);
}
