// SPDX-License-Identifier: Apache-2.0
/**
 * The nodes of a graph model, rewritten: a convolution takes up the nodes behind it, as long as nothing else uses what
 * goes from one to the next. The node that does it all has the name of the last.
 */
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import {
  type Affine,
  type ChannelOf,
  after,
  biasOf,
  folded,
  last,
  lastTwo,
  normalizationOf,
  transposed,
} from './fold_arithmetic';

/** Attributes as protocol buffers have them in JSON. */
interface Attribute {
  s?: string | number[];
  f?: number;
  i?: number | string;
  type?: string | number;
  list?: object;
  tensor?: object;
}
export interface GraphNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, Attribute>;
}

/** The op of a transposed convolution that has taken something up; ./graph registers it. */
export const FUSED_TRANSPOSE = 'FusedConv2DBackpropInput';

/** An op that takes up what is behind it. */
interface Kind {
  becomes: string;
  channelOf: ChannelOf;
  /** Channels of the result, of the filter's shape. */
  channels(shape: readonly number[]): number;
  /** With another filter; it is the second input of all. */
  inputs(given: readonly string[], filter: string): string[];
  activations: readonly string[];
}

const ofTfjs = ['Relu', 'Relu6', 'Elu', 'Sigmoid', 'LeakyRelu', 'Prelu'];

/** The list of what takes up scales, shifts and activations. */
const KINDS: Readonly<Record<string, Kind>> = {
  Conv2D: {
    becomes: '_FusedConv2D',
    channelOf: last,
    channels: (shape) => shape[3],
    inputs: ([x], filter) => [x, filter],
    activations: ofTfjs,
  },
  DepthwiseConv2dNative: {
    becomes: 'FusedDepthwiseConv2dNative',
    channelOf: lastTwo,
    channels: (shape) => shape[2] * shape[3],
    inputs: ([x], filter) => [x, filter],
    // The converter does not hand on the slope of its LeakyRelu.
    activations: ofTfjs.filter((name) => name !== 'LeakyRelu'),
  },
  Conv2DBackpropInput: {
    becomes: FUSED_TRANSPOSE,
    channelOf: transposed,
    channels: (shape) => shape[2],
    inputs: ([sizes, , dy], filter) => [sizes, filter, dy],
    activations: [...ofTfjs, 'Tanh'],
  },
};

/** Ops that are taken up on either side of their other operand. */
const EITHER_SIDE = ['Add', 'AddV2', 'Mul', 'Sub'];

/** What a convolution has taken up. */
interface State {
  readonly affine: Affine;
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
  readonly alpha?: Float32Array;
}

const toBase64 = (text: string): string => btoa(text);
const textOf = ({ attr }: GraphNode, name: string, otherwise: string): string => {
  const s = attr?.[name]?.s;
  if (s === undefined) return otherwise;
  return Array.isArray(s) ? String.fromCharCode(...s) : atob(s);
};
/** The node that a reference names, without its output and whether it only waits for it. */
export const nameOf = (reference: string): string => reference.replace(/^\^/, '').replace(/:\d+$/, '');

/** A graph and its weights, while it is rewritten. */
export class Rewriting {
  private readonly nodes: Map<string, GraphNode>;
  private readonly users = new Map<string, { node: string; reference: string }[]>();

  constructor(
    nodes: readonly GraphNode[],
    private readonly weights: Record<string, Tensor>,
    private readonly outputs: ReadonlySet<string>,
  ) {
    this.nodes = new Map(nodes.map((node) => [node.name, node]));
    for (const { name, input = [] } of nodes)
      for (const reference of input) {
        const of = nameOf(reference);
        this.users.set(of, [...(this.users.get(of) ?? []), { node: name, reference }]);
      }
  }

  run(): GraphNode[] {
    for (const node of [...this.nodes.values()]) if (node.op in KINDS) this.fold(node, KINDS[node.op]);
    this.sweep();
    return [...this.nodes.values()];
  }

  private fold(node: GraphNode, kind: Kind): void {
    const filter = this.constant(node.input?.[1]);
    if (!filter || filter.rank !== 4 || textOf(node, 'data_format', 'NHWC') !== 'NHWC') return;
    const channels = kind.channels(filter.shape);
    const nothing: State = { affine: biasOf(undefined, channels) };
    let state = nothing;
    const gone = [node];
    for (;;) {
      const next = this.onlyUser(gone[gone.length - 1]);
      const taken = next && this.take(state, next, gone[gone.length - 1].name, kind, channels);
      if (!taken) break;
      state = taken;
      gone.push(next);
    }
    const values = folded(filter.dataSync<'float32'>(), state.affine, kind.channelOf(filter.shape, 1));
    if (state === nothing || !values) return;
    const { name } = gone[gone.length - 1];
    gone.slice(0, -1).forEach((each) => this.nodes.delete(each.name));
    const args = [this.add(`${name}/folded_bias`, values.bias, [channels])];
    if (state.alpha) args.push(this.add(`${name}/folded_alpha`, state.alpha, [channels]));
    const ops = ['BiasAdd', ...(state.activation ? [state.activation] : [])];
    this.nodes.set(name, {
      name,
      op: kind.becomes,
      input: [...kind.inputs(node.input!, this.add(`${name}/folded_filter`, values.filter, filter.shape)), ...args],
      attr: {
        ...node.attr,
        num_args: { i: String(args.length) },
        fused_ops: { list: { s: ops.map(toBase64) } },
        leakyrelu_alpha: { f: state.leakyreluAlpha ?? 0.2 },
      },
    });
  }

  /** What a convolution is with one more node; undefined if it cannot take that up. */
  private take(state: State, node: GraphNode, from: string, kind: Kind, channels: number): State | undefined {
    const input = node.input ?? [];
    const others = input.filter((reference) => nameOf(reference) !== from);
    const isFirst = input[0] !== undefined && nameOf(input[0]) === from;
    if (input.length - others.length !== 1 || textOf(node, 'data_format', 'NHWC') !== 'NHWC') return undefined;
    if (input.some((reference) => reference.startsWith('^'))) return undefined;
    if (!isFirst && !EITHER_SIDE.includes(node.op)) return undefined;
    if (node.op === 'Identity') return state;
    if (state.activation) return undefined;
    const perChannel = others.map((reference) => this.perChannel(reference, channels));
    if (perChannel.some((values) => !values)) return undefined;
    const [first] = perChannel as Float32Array[];
    const affine = (scale: (c: number) => number, shift: (c: number) => number): State => ({
      affine: after(state.affine, {
        scale: state.affine.scale.map((_, c) => scale(c)),
        shift: state.affine.shift.map((_, c) => shift(c)),
      }),
    });
    switch (node.op) {
      case 'BiasAdd':
      case 'Add':
      case 'AddV2':
        return affine(
          () => 1,
          (c) => first[c],
        );
      case 'Sub':
        return isFirst
          ? affine(
              () => 1,
              (c) => -first[c],
            )
          : affine(
              () => -1,
              (c) => first[c],
            );
      case 'Mul':
        return affine(
          (c) => first[c],
          () => 0,
        );
      case 'FusedBatchNorm':
      case 'FusedBatchNormV2':
      case 'FusedBatchNormV3': {
        if (perChannel.length !== 4) return undefined;
        const [gamma, beta, mean, variance] = perChannel as Float32Array[];
        // The converter's own default.
        const epsilon = node.attr?.epsilon?.f ?? 1e-3;
        return { affine: after(state.affine, normalizationOf(variance, epsilon, { gamma, beta, mean })) };
      }
    }
    if (!kind.activations.includes(node.op)) return undefined;
    if (node.op === 'Prelu') return { ...state, activation: node.op, alpha: first };
    const leakyreluAlpha = node.op === 'LeakyRelu' ? (node.attr?.alpha?.f ?? 0.2) : undefined;
    return { ...state, activation: node.op, leakyreluAlpha };
  }

  /** The one node that uses a node's first output, if it is the only thing that knows the node at all. */
  private onlyUser({ name }: GraphNode): GraphNode | undefined {
    const users = this.users.get(name) ?? [];
    if (this.outputs.has(name) || users.length !== 1) return undefined;
    const [{ node, reference }] = users;
    return reference === name || reference === `${name}:0` ? this.nodes.get(node) : undefined;
  }

  /** The weight that a reference leads to. */
  private constant(reference: string | undefined): Tensor | undefined {
    let node = reference === undefined ? undefined : this.nodes.get(nameOf(reference));
    while (node?.op === 'Identity') node = this.nodes.get(nameOf(node.input![0]));
    const weight = node?.op === 'Const' ? this.weights[node.name] : undefined;
    return weight?.dtype === 'float32' ? weight : undefined;
  }

  /** A weight of one value, or of one for each channel, which are last. */
  private perChannel(reference: string, channels: number): Float32Array | undefined {
    const weight = this.constant(reference);
    if (!weight || weight.rank > 4) return undefined;
    const values = weight.dataSync<'float32'>();
    if (weight.size === 1) return new Float32Array(channels).fill(values[0]);
    return weight.size === channels && weight.shape[weight.rank - 1] === channels ? values : undefined;
  }

  private add(name: string, values: Float32Array, shape: number[]): string {
    const dtype = { type: 'DT_FLOAT' };
    const dim = shape.map((size) => ({ size: String(size) }));
    const value = { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim } } };
    this.nodes.set(name, { name, op: 'Const', input: [], attr: { dtype, value } });
    this.weights[name] = tensor(values, shape, 'float32');
    return name;
  }

  /** Takes out constants that were used and are not any more: they would be taken for outputs. */
  private sweep(): void {
    const used = new Set([...this.nodes.values()].flatMap(({ input = [] }) => input.map(nameOf)));
    const unused = [...this.nodes.values()].filter(
      ({ name, op }) =>
        (op === 'Const' || op === 'Identity') && this.users.has(name) && !used.has(name) && !this.outputs.has(name),
    );
    for (const { name } of unused) {
      this.nodes.delete(name);
      delete this.weights[name];
    }
    if (unused.length > 0) this.sweep(); // What only they used.
  }
}
