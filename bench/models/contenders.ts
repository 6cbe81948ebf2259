// SPDX-License-Identifier: Apache-2.0
/**
 * Who runs a network, in Node and in a page alike, on the backend that is set: stock tfjs; the same model under
 * install(); what stock cannot write, as layers of `tfjs-conv2d-transpose/layers`; and onnxruntime-web on one thread.
 * Each has a model of its own from the files, as a user has it, and gets plain values in every call.
 */
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web';
import seedrandom from 'seedrandom';
import { install, uninstall } from '../../src';
import { conv1dTranspose, conv2dTranspose } from '../../src/integrations/layers';
import { type Network, writingsOf } from './networks';
import { type Writing, Written } from './written';

export const CONTENDERS = ['stock', 'install()', 'layers', 'onnxruntime'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** Who can run a network. onnxruntime-web computes on the CPU: against a GPU it says nothing. */
export function contendersOf(network: Network, runsOn: 'cpu' | 'gpu'): ContenderName[] {
  return CONTENDERS.filter((name) => {
    if (name === 'layers') return writingsOf(network).includes('layers');
    return name !== 'onnxruntime' || runsOn === 'cpu';
  });
}

/** Where the files are. */
export interface ModelFiles {
  handler(network: string, writing: Writing): tf.io.IOHandler;
  onnx(network: string): Promise<Uint8Array>;
}

/** A contender with its model loaded. */
export interface Player {
  readonly name: ContenderName;
  /** Called before each run, not timed. */
  prepare(): void;
  /** The whole result; or a loss. */
  run(): Promise<Float32Array> | Float32Array;
  /** What puts a result in stock's order, if it has another. */
  toNHWC?(result: Float32Array): Float32Array;
  dispose(): unknown;
}

/** What comes in: values and shapes with a batch, the same for the same network. */
export interface Given {
  readonly values: Float32Array;
  readonly shape: number[];
}

/** Uniform, of variance 1. */
export function seededInputs(network: Network, batch = 1): Given[] {
  return network.inputs(new Written('stock')).map((shape, n) => {
    return given(`${network.name} input ${n}`, [batch, ...shape], Math.sqrt(3));
  });
}

function given(seed: string, shape: number[], limit: number): Given {
  const next = seedrandom.alea(seed);
  const values = new Float32Array(tf.util.sizeFromShape(shape)).map(() => limit * (2 * next() - 1));
  return { values, shape };
}

/** Stock's layers are registered under the names that ours take over when they are imported. */
const LAYERS = {
  stock: [tf.layers.conv2dTranspose({ filters: 1, kernelSize: 1, name: 'stock' })],
  layers: [
    conv2dTranspose({ filters: 1, kernelSize: 1, name: 'ours' }),
    conv1dTranspose({ filters: 1, kernelSize: 1, name: 'ours' }),
  ],
};
type LayerClass = tf.serialization.SerializableConstructor<tf.serialization.Serializable>;

async function loaded(files: ModelFiles, network: Network, writing: Writing): Promise<tf.LayersModel> {
  for (const { constructor } of LAYERS[writing]) tf.serialization.registerClass(constructor as unknown as LayerClass);
  return tf.loadLayersModel(files.handler(network.name, writing));
}

/** A contender that predicts. */
export async function predictor(name: ContenderName, network: Network, files: ModelFiles): Promise<Player> {
  if (name === 'onnxruntime') return onnxPredictor(network, files);
  const model = await loaded(files, network, name === 'layers' ? 'layers' : 'stock');
  const inputs = seededInputs(network);
  const shapes = model.inputs.map(({ shape }) => [1, ...(shape.slice(1) as number[])]);
  // No tidy around it: that would walk over every value of what it returns.
  const predict = (): Float32Array => {
    const tensors = inputs.map(({ values }, n) => tf.tensor(values, shapes[n]));
    const y = model.predict(tensors) as tf.Tensor;
    const values = y.dataSync<'float32'>();
    tf.dispose([y, ...tensors]);
    return values;
  };
  return { name, prepare: preparation(name), run: predict, dispose: () => model.dispose() };
}

/** A contender that makes training steps; what it returns is the loss. */
export async function trainer(name: ContenderName, network: Network, files: ModelFiles): Promise<Player> {
  const model = await loaded(files, network, 'stock');
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'meanSquaredError' });
  const batch = network.trainingBatch!;
  const [{ values, shape }] = seededInputs(network, batch);
  const target = given(`${network.name} target`, [batch, ...(model.outputs[0].shape.slice(1) as number[])], 1);
  return {
    name,
    prepare: preparation(name),
    async run() {
      const [x, y] = [tf.tensor(values, shape), tf.tensor(target.values, target.shape)];
      try {
        return Float32Array.of((await model.trainOnBatch(x, y)) as number);
      } finally {
        tf.dispose([x, y]);
      }
    },
    dispose: () => model.dispose(),
  };
}

function preparation(name: ContenderName): () => void {
  return name === 'stock' ? uninstall : () => void install();
}

async function onnxPredictor(network: Network, files: ModelFiles): Promise<Player> {
  ort.env.wasm.numThreads = 1;
  const options = { executionProviders: ['wasm'] };
  const session = await ort.InferenceSession.create(await files.onnx(network.name), options);
  const inputs = seededInputs(network).map(({ values, shape }, n) => {
    const dims = (session.inputMetadata[n] as { shape: readonly number[] }).shape;
    return { values: transposed(values, shape.at(-1)!, 'channels first'), dims };
  });
  const [, outChannels] = (session.outputMetadata[0] as { shape: readonly number[] }).shape;
  return {
    name: 'onnxruntime',
    toNHWC: (result) => transposed(result, outChannels, 'channels last'),
    prepare: () => undefined,
    async run() {
      const feeds = inputs.map(({ values, dims }, n) => {
        return [session.inputNames[n], new ort.Tensor('float32', values, dims)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      return results[session.outputNames[0]].data as Float32Array;
    },
    dispose: () => session.release(),
  };
}

/** Values of one example, `[…pixels, channels]` to `[channels, …pixels]`, or back. */
function transposed(values: Float32Array, channels: number, to: 'channels first' | 'channels last'): Float32Array {
  const pixels = values.length / channels;
  const [rows, columns] = to === 'channels first' ? [pixels, channels] : [channels, pixels];
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}
