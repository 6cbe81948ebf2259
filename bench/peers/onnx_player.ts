// SPDX-License-Identifier: Apache-2.0
/** onnxruntime as a player: plain values in, the whole result out, weights in the model. */
import * as ortWeb from 'onnxruntime-web';
import type { Player } from '../race';
import { channelsFirst, channelsLast } from './channels';

/** What of onnxruntime's packages is used here: they share one interface. */
export interface OnnxRuntime {
  readonly ort: Pick<typeof ortWeb, 'InferenceSession' | 'Tensor'>;
  readonly options: ortWeb.InferenceSession.SessionOptions;
  /** Puts values where a model on a GPU takes them, as the op before would leave them. Default: it is given them. */
  readonly place?: (values: Float32Array, dims: readonly number[]) => Promise<ortWeb.Tensor>;
}

/** How many threads onnxruntime-web has; to be said before the first player. */
export function setOnnxThreads(count: number): void {
  ortWeb.env.wasm.numThreads = count;
}
setOnnxThreads(1);

/** Milliseconds for which its threads spin after a run, on cores that whoever runs next would use. */
const SPINNING_MS = 250;
let spinsUntil = 0;

/** Resolves when the threads of onnxruntime-web have gone to sleep; `undefined` if they have. */
export function onnxAsleep(): Promise<void> | undefined {
  const left = spinsUntil - performance.now();
  return left > 0 ? new Promise((resume) => setTimeout(resume, left)) : undefined;
}
export const ONNXRUNTIME_WEB: OnnxRuntime = { ort: ortWeb, options: { executionProviders: ['wasm'] } };

/** The native build, a ceiling; `undefined` where it is not installed (it downloads its binary). */
export async function nativeOnnxruntime(): Promise<OnnxRuntime | undefined> {
  const name = 'onnxruntime-node';
  try {
    return { ort: (await import(name)) as OnnxRuntime['ort'], options: { intraOpNumThreads: 1 } };
  } catch {
    return undefined;
  }
}

/**
 * A model of one output, loaded.
 *
 * @param inputs Values, channels last.
 */
export async function onnxPlayer<N extends string>(
  name: N,
  model: Uint8Array,
  inputs: readonly Float32Array[],
  { ort, options, place }: OnnxRuntime = ONNXRUNTIME_WEB,
): Promise<Player<N>> {
  const session = await ort.InferenceSession.create(model, options);
  const shapeOf = (port: ortWeb.InferenceSession.ValueMetadata): readonly number[] =>
    (port as { shape: readonly number[] }).shape;
  const feeds: Record<string, ortWeb.Tensor> = {};
  for (const [n, values] of inputs.entries()) {
    const dims = shapeOf(session.inputMetadata[n]);
    const ordered = channelsFirst(values, dims[0], dims[1]);
    feeds[session.inputNames[n]] = place ? await place(ordered, dims) : new ort.Tensor('float32', ordered, dims);
  }
  const [batch, channels] = shapeOf(session.outputMetadata[0]);
  return {
    name,
    toNHWC: (result) => channelsLast(result, batch, channels),
    async run() {
      const results = await session.run(feeds);
      if (ortWeb.env.wasm.numThreads !== 1) spinsUntil = performance.now() + SPINNING_MS;
      return results[session.outputNames[0]].data as Float32Array;
    },
    dispose: () => {
      Object.values(feeds).forEach((tensor) => tensor.dispose());
      return session.release();
    },
  };
}
