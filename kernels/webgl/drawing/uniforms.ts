// SPDX-License-Identifier: Apache-2.0
/** The uniforms of a program. One is sent only where its value is another than last time. */

/** Values of uniforms by name; of members of a struct as `struct.member`. A vector is an array. */
export type Uniforms = Readonly<Record<string, number | readonly number[]>>;

/** Sends a value of one type. */
type Send = (gl: WebGL2RenderingContext, at: WebGLUniformLocation, v: readonly number[]) => void;

/** A uniform of several values. */
export class Vector {
  private sent: readonly number[] = [];

  constructor(
    private readonly at: WebGLUniformLocation,
    private readonly send: Send,
  ) {}

  set(gl: WebGL2RenderingContext, value: readonly number[]): void {
    const { sent } = this;
    let same = sent.length === value.length;
    for (let n = 0; same && n < value.length; n++) same = sent[n] === value[n];
    if (same) return;
    this.sent = [...value];
    this.send(gl, this.at, value);
  }
}

/** A uniform of a single value: most are, and need no array. */
export class Scalar {
  private sent: number | undefined;

  constructor(
    private readonly at: WebGLUniformLocation,
    private readonly isInteger: boolean,
  ) {}

  set(gl: WebGL2RenderingContext, value: number): void {
    if (value === this.sent) return;
    this.sent = value;
    if (this.isInteger) gl.uniform1i(this.at, value);
    else gl.uniform1f(this.at, value);
  }
}

/** How a value of a vector type is sent. */
export function sendOf(gl: WebGL2RenderingContext, type: number): Send {
  if (type === gl.INT_VEC2) return (to, at, v) => to.uniform2iv(at, v);
  if (type === gl.INT_VEC4) return (to, at, v) => to.uniform4iv(at, v);
  throw new Error(`No program here has a uniform of type ${type}`);
}
