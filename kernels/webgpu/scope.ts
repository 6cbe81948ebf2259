// SPDX-License-Identifier: Apache-2.0
/** One call of a kernel: its programs run one after another; buffers between them go back to tfjs's pool at the end. */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { FLOATS } from './programs/floats';
import { Program, type ProgramSource, elementwise } from './programs/program';
import { disposeTensor, holdsFloats, runProgram, tensorOf } from './tfjs_internals';

/** A run of a program. */
export interface Step {
  readonly source: ProgramSource;
  readonly workgroups: number;
  /** By the names of its inputs. */
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly output: TensorInfo;
}

export class Scope {
  private readonly made: TensorInfo[] = [];

  private constructor(private readonly backend: WebGPUBackend) {}

  /** Runs `body`; what it returns is kept, all else that was made is given back, also after an error. */
  static run(backend: WebGPUBackend, body: (scope: Scope) => TensorInfo): TensorInfo {
    const scope = new Scope(backend);
    let result: TensorInfo | undefined;
    try {
      return (result = body(scope));
    } finally {
      for (const info of scope.made) if (info !== result) disposeTensor(backend, info);
    }
  }

  /** A buffer of floats, which hold anything. */
  buffer(shape: number[]): TensorInfo {
    const info = tensorOf(this.backend, shape);
    this.made.push(info);
    return info;
  }

  /** A tensor in floats: itself, if its buffer holds them. */
  floats(info: TensorInfo): TensorInfo {
    if (holdsFloats(this.backend, info)) return info;
    const output = this.buffer(info.shape);
    const uniforms = { floats: util.sizeFromShape(info.shape) };
    this.run({ ...elementwise(FLOATS, info.shape), inputs: { integers: info }, uniforms, output });
    return output;
  }

  run({ source, workgroups, inputs, uniforms, output }: Step): void {
    const tensors = source.inputs.map(({ name }) => inputs[name]);
    runProgram(this.backend, new Program(source, workgroups), tensors, uniforms, output);
  }
}
