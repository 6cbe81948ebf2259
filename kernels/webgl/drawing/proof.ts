// SPDX-License-Identifier: Apache-2.0
/**
 * How many render targets a context really has. Limits that it reports may not be the ones that count: Apple GPUs say
 * 8 draw buffers, and allow 512 or 256 bits of colour a pixel, that is 4 or 2 targets of RGBA32F. Drawing into more is
 * no error, and gives zeros. So, once in each format: a framebuffer as kernels make it, a known tile drawn into it, and
 * what comes back. What is not proven is not used.
 */
import { DrawingState, throwIfLost } from './gl_state';
import { type ProgramSource, link } from './program';
import { type RenderTarget, deleteTarget, makeTarget } from './render_targets';

export interface Proof {
  /** Targets that a fragment can write to: 8, 4, 2, 1, or 0 if none is proven. */
  readonly targets: number;
  /** What is wrong with more. */
  readonly reason: string;
}

const COUNTS = [8, 4, 2, 1];
/** Width and height of the tile. */
const SIZE = 2;

export function prove(gl: WebGL2RenderingContext, vertexArray: WebGLVertexArrayObject, format: number): Proof {
  const state = new DrawingState(gl, vertexArray);
  const reported = gl.getParameter(gl.MAX_DRAW_BUFFERS) as number;
  let reason = reported < COUNTS[0] ? `MAX_DRAW_BUFFERS is ${reported}` : '';
  try {
    for (const targets of COUNTS.filter((count) => count <= reported)) {
      const problem = problemWith(gl, targets, format);
      if (problem === '') return { targets, reason };
      if (reason === '') reason = `${targets} targets: ${problem}`;
    }
    return { targets: 0, reason };
  } finally {
    state.leave();
  }
}

/** What goes wrong with so many targets, or ''. */
function problemWith(gl: WebGL2RenderingContext, targets: number, format: number): string {
  let target: RenderTarget | undefined;
  let program: WebGLProgram | undefined;
  try {
    target = makeTarget(gl, SIZE, SIZE, targets, format);
    ({ program } = link(gl, tile(targets), true));
    gl.useProgram(program);
    gl.viewport(0, 0, SIZE, SIZE);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (let n = 0; n < targets; n++) {
      gl.readBuffer(gl.COLOR_ATTACHMENT0 + n);
      const found = new Float32Array(4 * SIZE * SIZE);
      gl.readPixels(0, 0, SIZE, SIZE, gl.RGBA, gl.FLOAT, found);
      if (!found.every((value, at) => value === expected(n, at))) return `target ${n} came back as [${found}]`;
    }
    return '';
  } catch (error) {
    throwIfLost(gl);
    return (error as Error).message;
  } finally {
    if (program) gl.deleteProgram(program);
    if (target) deleteTarget(gl, target);
  }
}

/** The values of target n are n + ½, column + ½, row + ½ and 7. */
function tile(targets: number): ProgramSource {
  const outs = Array.from({ length: targets }, (_, n) => n);
  return {
    key: `proof of ${targets} targets`,
    fragment: () => `${outs.map((n) => `layout(location = ${n}) out vec4 out${n};`).join('\n')}
void main() {
  ${outs.map((n) => `out${n} = vec4(${n}.5, gl_FragCoord.xy, 7.);`).join('\n  ')}
}`,
  };
}

function expected(target: number, at: number): number {
  const [texel, lane] = [at >> 2, at & 3];
  return [target + 0.5, (texel % SIZE) + 0.5, Math.floor(texel / SIZE) + 0.5, 7][lane];
}
