// SPDX-License-Identifier: Apache-2.0
/**
 * `foldGraph`: a graph model's files, rewritten before it is loaded. Here they are read, checked and written; what
 * becomes of the nodes stands in ./graph_rewriting.
 */
import { type Tensor, io, tidy } from '@tensorflow/tfjs-core';
import { type GraphNode, Rewriting, nameOf } from './graph_rewriting';

interface Signature {
  outputs?: Record<string, { name: string }>;
}

/** @throws Error if it is not the topology of a graph model: nodes with names, ops and inputs. */
function nodesOf(topology: io.ModelArtifacts['modelTopology']): GraphNode[] {
  const { node: nodes } = (topology ?? {}) as { node?: unknown };
  if (!Array.isArray(nodes))
    throw new Error('foldGraph: a graph model with nodes is expected; for layers models see fold of …/layers');
  const isNode = (node: Partial<GraphNode> | null): boolean =>
    typeof node?.name === 'string' &&
    typeof node.op === 'string' &&
    (node.input === undefined || (Array.isArray(node.input) && node.input.every((name) => typeof name === 'string')));
  const wrong = nodes.findIndex((node: Partial<GraphNode> | null) => !isNode(node));
  if (wrong >= 0)
    throw new Error(
      `foldGraph: the model is broken: node ${wrong} must have a name, an op and a list of names as input, ` +
        `but is ${JSON.stringify(nodes[wrong])}`,
    );
  return nodes as GraphNode[];
}

/** @throws Error if the weights are not those that their list tells of; nothing is left behind then. */
function decoded(data: io.WeightData, specs: io.WeightsManifestEntry[]): Record<string, Tensor> {
  try {
    return tidy(() => io.decodeWeights(data, specs));
  } catch (error) {
    throw new Error(
      `foldGraph: the model's weights are not what its list of weights says: ${(error as Error).message}; ` +
        'are all of its files there, and whole?',
      { cause: error },
    );
  }
}

async function foldArtifacts(artifacts: io.ModelArtifacts): Promise<io.ModelArtifacts> {
  const { modelTopology, weightData, weightSpecs = [], signature, userDefinedMetadata, modelInitializer } = artifacts;
  const nodes = nodesOf(modelTopology);
  if (!weightData) throw new Error('foldGraph: this graph model has no weights; give a source that loads them too');
  const metadata = userDefinedMetadata as { signature?: Signature } | undefined;
  const { outputs } = (metadata?.signature ?? signature ?? {}) as Signature;
  const initial = (modelInitializer as { node?: GraphNode[] } | undefined)?.node ?? [];
  const kept = [...Object.values(outputs ?? {}), ...initial].map(({ name }) => nameOf(name));
  const weights = decoded(weightData, weightSpecs);
  const loaded = Object.values(weights);
  try {
    const rewritten = new Rewriting(nodes, weights, new Set(kept)).run();
    const { data, specs } = await io.encodeWeights(weights);
    return {
      ...artifacts,
      modelTopology: { ...modelTopology, node: rewritten },
      weightData: data,
      weightSpecs: specs,
      getWeightStream: undefined,
    };
  } finally {
    [...loaded, ...Object.values(weights)].forEach((weight) => weight.dispose());
  }
}

/**
 * A graph model's files with fewer nodes, for `tf.loadGraphModel(foldGraph(url))`: constant scales and shifts
 * (FusedBatchNorm, Mul, Add, Sub, BiasAdd) behind a Conv2D, DepthwiseConv2dNative or Conv2DBackpropInput with constant
 * filters go into its weights, and an activation into its kernel.
 *
 * Left as it is: what is NCHW, has a filter that is computed, stands in a function of the graph (a loop's or a branch's
 * body), or whose result is used more than once or is an output. Nodes that were taken up cannot be asked for by
 * `execute` any more; a node that has taken some up has the name of the last. Quantized weights become float32, as
 * loading makes them in any case.
 *
 * @param source What `tf.loadGraphModel` takes: a URL, or an IOHandler.
 * @param options What it takes besides, for a URL: `fetchFunc`, `requestInit` and others. Given to `tf.loadGraphModel`
 *   with the handler, they would not be heeded.
 * @returns An IOHandler that loads what the source does, rewritten.
 * @throws Error, when it loads, if it is no graph model or a broken one, or the source cannot be loaded.
 */
export function foldGraph(source: string | io.IOHandler, options: io.LoadOptions = {}): io.IOHandler {
  const handlerOf = (url: string): io.IOHandler => io.getLoadHandlers(url, options)[0] ?? io.http(url, options);
  const handler = typeof source === 'string' ? handlerOf(source) : source;
  if (typeof handler?.load !== 'function')
    throw new Error('foldGraph: a URL or an IOHandler with load() is expected, as tf.loadGraphModel takes');
  return { load: async () => foldArtifacts(await handler.load!()) };
}
