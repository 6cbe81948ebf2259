// SPDX-License-Identifier: Apache-2.0
/**
 * Who runs a network, in Node and in a page alike, on the backend that is set: stock tfjs; the same model under
 * install(); what stock cannot write, as layers of `tfjs-conv2d-transpose/layers`; the best that this package has, that
 * is the latter folded and under install(); and onnxruntime-web on one thread. Each has a model of its own from the
 * files, as a user has it, and gets plain values in every call.
 */
import * as tf from '@tensorflow/tfjs';
import type { BackendDescriptor } from '../../src/contract';
import { fold } from '../../src/integrations/layers';
import { readWhole } from '../as_users';
import { onnxPlayer } from '../peers/onnx_player';
import type { Player } from '../race';
import { NOT_NAIVE, withFlags } from '../with_flags';
import { type Network, writingsOf } from './networks';
import { seededInputs } from './seeded';
import { preparation, registerLayers } from './stock_or_ours';
import type { Writing } from './written';

export const CONTENDERS = ['stock', 'stock, not naive', 'install()', 'layers', 'fold()', 'onnxruntime'] as const;
export type ContenderName = (typeof CONTENDERS)[number];
/** Who runs on kernels of ours. */
export const OURS = ['install()', 'layers', 'fold()'] as const satisfies readonly ContenderName[];

/**
 * Who can run a network on a backend. onnxruntime-web computes on the CPU: against a GPU it says nothing. Stock webgpu
 * has two programs.
 */
export function contendersOf(network: Network, { name: backend, runsOn }: BackendDescriptor): ContenderName[] {
  return CONTENDERS.filter((name) => {
    if (name === 'layers') return writingsOf(network).includes('layers');
    if (name === 'stock, not naive') return backend === 'webgpu';
    return name !== 'onnxruntime' || runsOn === 'cpu';
  });
}

/** Where the files are. */
export interface ModelFiles {
  handler(network: string, writing: Writing): tf.io.IOHandler;
  onnx(network: string): Promise<Uint8Array>;
}

/** A network from its files, a writing of it. */
export async function loaded(files: ModelFiles, network: Network, writing: Writing): Promise<tf.LayersModel> {
  registerLayers(writing);
  return tf.loadLayersModel(files.handler(network.name, writing));
}

/** A contender that predicts. */
export async function predictor(
  name: ContenderName,
  network: Network,
  files: ModelFiles,
): Promise<Player<ContenderName>> {
  const inputs = seededInputs(network);
  if (name === 'onnxruntime') {
    return onnxPlayer(
      name,
      await files.onnx(network.name),
      inputs.map(({ values }) => values),
    );
  }
  const original = await loaded(files, network, writingFor(name, network));
  const model = name === 'fold()' ? fold(original) : original;
  const shapes = model.inputs.map(({ shape }) => [1, ...(shape.slice(1) as number[])]);
  // No tidy around it: that would walk over every value of what it returns.
  const compute = (): tf.Tensor[] => {
    const tensors = inputs.map(({ values }, n) => tf.tensor(values, shapes[n]));
    return [model.predict(tensors) as tf.Tensor, ...tensors];
  };
  const run = name === 'stock, not naive' ? withFlags(NOT_NAIVE, compute) : compute;
  const predict = (): Float32Array | Promise<Float32Array> => {
    const tensors = run();
    const values = readWhole(tensors[0]);
    if (values instanceof Promise) return values.finally(() => tf.dispose(tensors));
    tf.dispose(tensors);
    return values;
  };
  const dispose = (): void => new Set([model, original]).forEach((one) => void one.dispose());
  return { name, prepare: preparation(name), run: predict, dispose };
}

function writingFor(name: ContenderName, network: Network): Writing {
  return name === 'layers' || name === 'fold()' ? writingsOf(network).at(-1)! : 'stock';
}
