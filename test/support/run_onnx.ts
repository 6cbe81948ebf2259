// SPDX-License-Identifier: Apache-2.0
/**
 * Runs ONNX models by onnxruntime-web, as a process of its own: it imports its WebAssembly dynamically, which jest does
 * not let it. Takes a JSON file of {@link OnnxRun}s and writes one of {@link OnnxResult}s.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';

export interface OnnxRun {
  /** Of the model. */
  readonly file: string;
  readonly values: number[];
  readonly shape: number[];
}
export interface OnnxResult {
  readonly values: number[];
  readonly shape: readonly number[];
}

const [runs, results] = process.argv.slice(2);
ort.env.wasm.numThreads = 1;
const found: OnnxResult[] = [];
for (const { file, values, shape } of JSON.parse(readFileSync(runs, 'utf8')) as OnnxRun[]) {
  const session = await ort.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] });
  const x = new ort.Tensor('float32', Float32Array.from(values), shape);
  const { data, dims } = (await session.run({ [session.inputNames[0]]: x }))[session.outputNames[0]];
  found.push({ values: [...(data as Float32Array)], shape: dims });
  await session.release();
}
writeFileSync(results, JSON.stringify(found));
