// SPDX-License-Identifier: Apache-2.0
/** `foldGraph`: graph models written here after layers models, whose float64 definition says what is right. */
import * as tf from '@tensorflow/tfjs-core';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { type LayersModel, type SymbolicTensor, layers as L } from '@tensorflow/tfjs-layers';
import { foldGraph } from '../src/integrations/graph';
import { mismatch } from './support/compare';
import { describeOnEveryBackend } from './support/environments';
import { sizeOf } from './support/layer';
import { evaluate } from './support/model_oracle';
import { uniform } from './support/random';
import { chain, seededModel } from './support/seeded_model';
import { input } from './support/values';

type Layer = SymbolicTensor['sourceLayer'];

interface Node {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, unknown>;
}

const text = (value: string): { s: string } => ({ s: btoa(value) });
const ints = (list: number[]): { list: { i: string[] } } => ({ list: { i: list.map(String) } });
const dim = (shape: (number | null)[]): object => ({ dim: shape.map((size) => ({ size: String(size ?? -1) })) });

/** A graph in the making. */
class Graph {
  readonly nodes: Node[] = [];
  private readonly weights: Record<string, tf.Tensor> = {};

  add(op: string, inputs: string[], attr: Node['attr'] = {}): string {
    const name = `${op}_${this.nodes.length}`;
    this.nodes.push({ name, op, input: inputs, attr });
    return name;
  }

  constant(value: tf.Tensor): string {
    const dtype = value.dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT';
    const name = this.add('Const', [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, tensorShape: dim(value.shape) } },
    });
    this.weights[name] = value;
    return name;
  }

  async handler(outputs: string[]): Promise<tf.io.IOHandler> {
    const { data, specs } = await tf.io.encodeWeights(this.weights);
    tf.dispose(this.weights);
    return tf.io.fromMemory({
      format: 'graph-model',
      modelTopology: { node: this.nodes, versions: { producer: 1087 } },
      weightData: data,
      weightSpecs: specs,
      signature: { outputs: Object.fromEntries(outputs.map((name) => [name, { name: `${name}:0` }])) },
    });
  }
}

/** Writes a chain of layers; BatchNormalization as one node or as two. */
function write(graph: Graph, model: LayersModel, x: string, spread: boolean): string {
  const node = (layer: Layer, from: string): string => {
    const weights = layer.getWeights();
    const config = layer.getConfig() as Record<string, number[]> & { alpha: number; activation: string };
    const copy = (at: number): string => graph.constant(tf.clone(weights[at]));
    const attr = {
      strides: ints([1, ...(config.strides ?? []), 1]),
      dilations: ints([1, 1, 1, 1]),
      padding: text('SAME'),
      data_format: text('NHWC'),
    };
    const biased = (y: string): string => (weights[1] ? graph.add('BiasAdd', [y, copy(1)]) : y);
    switch (layer.getClassName()) {
      case 'Conv2D':
        return biased(graph.add('Conv2D', [from, graph.add('Identity', [copy(0)])], attr));
      case 'DepthwiseConv2D':
        return biased(graph.add('DepthwiseConv2dNative', [from, copy(0)], attr));
      case 'Conv2DTranspose': {
        const sizes = [2, ...((layer.output as SymbolicTensor).shape.slice(1) as number[])];
        return biased(
          graph.add('Conv2DBackpropInput', [graph.constant(tf.tensor1d(sizes, 'int32')), copy(0), from], attr),
        );
      }
      case 'BatchNormalization': {
        if (!spread)
          return graph.add('FusedBatchNormV3', [from, copy(0), copy(1), copy(2), copy(3)], { epsilon: { f: 1e-5 } });
        const [gamma, beta, mean, variance] = weights.map((weight) => weight.dataSync<'float32'>());
        const k = gamma.map((g, c) => g / Math.sqrt(variance[c] + 1e-5));
        const scaled = graph.add('Mul', [graph.constant(tf.tensor(k, [1, 1, 1, k.length])), from]);
        return graph.add('AddV2', [scaled, graph.constant(tf.tensor(k.map((s, c) => beta[c] - mean[c] * s)))]);
      }
      case 'ReLU':
        return graph.add('Relu', [from]);
      case 'LeakyReLU':
        return graph.add('LeakyRelu', [from], { alpha: { f: config.alpha } });
      case 'PReLU':
        return graph.add('Prelu', [from, copy(0)]);
      default:
        return graph.add({ tanh: 'Tanh', sigmoid: 'Sigmoid' }[config.activation]!, [from]);
    }
  };
  return model.layers.slice(1).reduce((from, layer) => node(layer, from), x);
}

const placeholder = (graph: Graph, shape: number[]): string =>
  graph.add('Placeholder', [], { dtype: { type: 'DT_FLOAT' }, shape: { shape: dim(shape) } });

const inputShape = [4, 5, 3];
const size = { filters: 6, kernelSize: 3, padding: 'same' as const };
const up = (useBias: boolean): Layer => L.conv2dTranspose({ ...size, strides: 2, useBias });
const norm = (): Layer => L.batchNormalization({ epsilon: 1e-5 });

/** Layers, and the ops that are left besides constants. */
const CASES: Readonly<Record<string, [() => Layer[], string[]]>> = {
  'a convolution': [() => [L.conv2d({ ...size, useBias: false }), norm(), L.reLU()], ['_FusedConv2D']],
  'a convolution with a bias and sigmoid': [
    () => [L.conv2d(size), norm(), L.activation({ activation: 'sigmoid' })],
    ['_FusedConv2D'],
  ],
  'a depthwise convolution': [
    () => [L.depthwiseConv2d({ ...size, depthMultiplier: 2 }), norm(), L.prelu({ sharedAxes: [1, 2] })],
    ['FusedDepthwiseConv2dNative'],
  ],
  'a depthwise convolution and an activation whose slope gets lost': [
    () => [L.depthwiseConv2d(size), norm(), L.leakyReLU({ alpha: 0.1 })],
    ['FusedDepthwiseConv2dNative', 'LeakyRelu'],
  ],
  'a convolution and LeakyRelu': [() => [L.conv2d(size), norm(), L.leakyReLU({ alpha: 0.1 })], ['_FusedConv2D']],
  'a convolution and Prelu': [() => [L.conv2d(size), norm(), L.prelu({ sharedAxes: [1, 2] })], ['_FusedConv2D']],
  'a transposed convolution': [() => [up(false), norm(), L.leakyReLU({ alpha: 0.1 })], ['FusedConv2DBackpropInput']],
  'a transposed convolution with a bias and Prelu': [
    () => [up(true), norm(), L.prelu({ sharedAxes: [1, 2] })],
    ['FusedConv2DBackpropInput'],
  ],
  'a generator': [
    () => [up(false), norm(), L.reLU(), up(false), norm(), L.reLU(), up(true), L.activation({ activation: 'tanh' })],
    ['FusedConv2DBackpropInput', 'FusedConv2DBackpropInput', 'FusedConv2DBackpropInput'],
  ],
  'an activation that its kernel has not, and a normalization behind one': [
    () => [L.conv2d(size), norm(), L.activation({ activation: 'tanh' }), norm()],
    ['_FusedConv2D', 'Tanh', 'NORM'],
  ],
};

/** The ops of a loaded model, without its input and its constants. */
const opsOf = (model: GraphModel): string[] =>
  (model as unknown as { artifacts: { modelTopology: { node: Node[] } } }).artifacts.modelTopology.node
    .map(({ op }) => op)
    .filter((op) => !['Placeholder', 'Const', 'Identity'].includes(op));

describeOnEveryBackend('foldGraph', (environment) => {
  const halfFloats = environment.precision === 16;

  for (const [name, [layers, ops]] of Object.entries(CASES)) {
    for (const spread of [false, true]) {
      it(`${name}, normalized by ${spread ? 'Mul and AddV2' : 'FusedBatchNormV3'}`, async () => {
        const truth = seededModel(chain(inputShape, layers()), name, halfFloats);
        const graph = new Graph();
        const output = write(graph, truth, placeholder(graph, [2, ...inputShape]), spread);
        const before = tf.memory().numTensors;
        const model = await loadGraphModel(foldGraph(await graph.handler([output])));
        expect(opsOf(model)).toEqual(
          ops.flatMap((op) => (op !== 'NORM' ? op : spread ? ['Mul', 'AddV2'] : 'FusedBatchNormV3')),
        );
        expect(model.outputNodes).toEqual([output]);
        const values = uniform(2 * sizeOf(inputShape), `${name} x`);
        const [expected] = evaluate(truth, [input(values, [2, ...inputShape], halfFloats)]);
        const y = tf.tidy(() => {
          const result = model.predict(tf.tensor(values, [2, ...inputShape])) as tf.Tensor;
          return { shape: result.shape, values: result.dataSync() };
        });
        expect(y.shape).toEqual(expected.shape);
        expect(mismatch(y.values, expected)).toBe('');
        model.dispose();
        // The graph's constants were made before and have been given to it.
        expect(tf.memory().numTensors).toBeLessThan(before);
        truth.dispose();
      });
    }
  }

  it('leaves what is used elsewhere, what is an output, and the source', async () => {
    const graph = new Graph();
    const x = placeholder(graph, [1, 4, 4, 2]);
    const filter = graph.constant(tf.ones([3, 3, 2, 2]));
    const attr = { strides: ints([1, 1, 1, 1]), dilations: ints([1, 1, 1, 1]), padding: text('SAME') };
    const [twice, seen, free] = [0, 1, 2].map(() => graph.add('Conv2D', [x, filter], attr));
    const relus = [twice, seen, free].map((y) => graph.add('Relu', [y]));
    const sum = graph.add('AddV2', [relus[0], twice]);
    const handler = await graph.handler([sum, seen, relus[1], relus[2]]);
    const [plain, model] = [await loadGraphModel(handler), await loadGraphModel(foldGraph(handler))];
    expect(opsOf(plain)).toEqual(['Conv2D', 'Conv2D', 'Conv2D', 'Relu', 'Relu', 'Relu', 'AddV2']);
    expect(opsOf(model)).toEqual(['Conv2D', 'Conv2D', 'Relu', 'Relu', '_FusedConv2D', 'AddV2']);
    tf.tidy(() => {
      const image = tf.tensor(uniform(32, 'x'), [1, 4, 4, 2]);
      const [expected, found] = [plain, model].map((each) =>
        (each.predict(image) as tf.Tensor[]).map((y) => [...y.dataSync()].map((v) => v.toFixed(4))),
      );
      expect(found).toEqual(expected);
    });
    [plain, model].forEach((each) => each.dispose());
  });

  it('takes up scales and shifts on either side, of one value or of many, without a signature', async () => {
    const graph = new Graph();
    const x = placeholder(graph, [1, 4, 4, 2]);
    const attr = { strides: ints([1, 1, 1, 1]), dilations: ints([1, 1, 1, 1]), padding: text('SAME') };
    const constant = (values: number[] | number): string => graph.constant(tf.tensor(values));
    const convolved = graph.add('Conv2D', [x, graph.constant(tf.ones([3, 3, 2, 2]))], attr);
    const turned = graph.add('Sub', [constant([3, -5]), convolved]);
    const scaled = graph.add('Mul', [graph.add('Identity', [turned]), constant(2)]);
    const shifted = graph.add('Sub', [scaled, constant([1, 4])]);
    const pixels = graph.add('Add', [shifted, graph.constant(tf.ones([4, 4, 2]))]);
    graph.add('Relu6', [pixels]);
    const handler = await graph.handler([]);
    const [plain, model] = [await loadGraphModel(handler), await loadGraphModel(foldGraph(handler))];
    expect(opsOf(model)).toEqual(['_FusedConv2D', 'Add', 'Relu6']);
    expect(model.outputNodes).toEqual(plain.outputNodes);
    tf.tidy(() => {
      const image = tf.tensor(
        Array.from({ length: 32 }, (_, at) => (at % 7) - 4),
        [1, 4, 4, 2],
      );
      // Whole numbers: nothing is rounded.
      const [expected, found] = [plain, model].map((each) => [...(each.predict(image) as tf.Tensor).dataSync()]);
      expect(found).toEqual(expected);
      expect(new Set(found).size).toBeGreaterThan(2);
    });
    [plain, model].forEach((each) => each.dispose());
  });

  it('explains what is wrong', async () => {
    expect(() => foldGraph({} as tf.io.IOHandler)).toThrowError(/a URL or an IOHandler/);
    const load = foldGraph(tf.io.fromMemory({ modelTopology: {} })).load!();
    const message = await Promise.resolve(load).catch((error: Error) => error.message);
    expect(message).toMatch(/a graph model.*is expected/);
    const weightSpecs: tf.io.WeightsManifestEntry[] = [
      { name: 'a', shape: [2], dtype: 'float32' },
      { name: 'b', shape: [2], dtype: 'float32' },
    ];
    const whole = { modelTopology: { node: [] as unknown[] }, weightSpecs, weightData: new ArrayBuffer(16) };
    const broken: [object, RegExp][] = [
      [{ ...whole, modelTopology: { node: 'nodes' } }, /a graph model with nodes is expected/],
      [{ ...whole, modelTopology: { node: [{ name: 'x', op: 'Const' }, null] } }, /node 1 must have .*but is null/],
      [{ ...whole, modelTopology: { node: [{ name: 'x' }] } }, /node 0 must have a name.*but is \{"name":"x"\}/],
      [{ ...whole, modelTopology: { node: [{ name: 'x', op: 'Relu', input: [1] }] } }, /a list of names as input/],
      [{ ...whole, weightData: undefined }, /has no weights/],
      [{ ...whole, weightData: new ArrayBuffer(10) }, /weights are not what its list of weights says: .*whole\?/],
    ];
    const tensors = tf.memory().numTensors;
    for (const [artifacts, expected] of broken) {
      const given = { load: () => Promise.resolve(artifacts as tf.io.ModelArtifacts) };
      const told = await foldGraph(given).load!().then(String, (error: Error) => error.message);
      expect(told).toMatch(expected);
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
