// SPDX-License-Identifier: Apache-2.0
/**
 * Writes a layers model as ONNX: the same graph with the same weights, batch 1. ONNX has the channels before the
 * pixels, so that inputs and outputs are NCHW (or NCW); what a Dense layer computes for a Reshape behind it is put in
 * that order by permuting the layer's columns.
 */
import * as tf from '@tensorflow/tfjs';
import { type Attribute, type Initializer, type Node, onnxModel } from './onnx';

interface Config {
  readonly kernelSize: number[];
  readonly strides: number[];
  readonly padding: 'same' | 'valid';
  readonly dilationRate: number[];
  readonly groups?: number;
  readonly outputPadding?: number[] | null;
  readonly activation?: string;
  readonly useBias: boolean;
  readonly epsilon: number;
  readonly alpha: number;
  readonly poolSize: number[];
  readonly targetShape: number[];
}

/** A layer in the graph: what comes in, by name, and what goes out. */
interface Placed {
  readonly layer: tf.layers.Layer;
  readonly config: Config;
  readonly inputs: string[];
  /** NHWC, as the layer has them, without the batch. */
  readonly inShape: number[];
  readonly outShape: number[];
}

/** The bytes of the model file; inputs and outputs have the names of their layers. */
export function onnxOfLayers(model: tf.LayersModel): Uint8Array {
  const graph = new GraphWriter();
  for (const layer of model.layers) {
    const [node] = layer.inboundNodes;
    if (layer.inboundNodes.length !== 1) throw new Error(`'${layer.name}' is used more than once`);
    if (layer.getClassName() === 'InputLayer') continue;
    graph.place({
      layer,
      config: layer.getConfig() as unknown as Config,
      inputs: node.inboundLayers.map(({ name }) => name),
      inShape: node.inputTensors[0].shape.slice(1) as number[],
      outShape: node.outputTensors[0].shape.slice(1) as number[],
    });
  }
  const port = (tensor: tf.SymbolicTensor): { name: string; shape: number[] } => ({
    name: tensor.sourceLayer.name,
    shape: [1, ...channelsFirst(tensor.shape.slice(1) as number[])],
  });
  const { nodes, initializers } = graph;
  return onnxModel({ nodes, initializers, inputs: model.inputs.map(port), outputs: model.outputs.map(port) });
}

/** A shape without its batch, `[…pixels, channels]` to `[channels, …pixels]`. */
function channelsFirst(shape: readonly number[]): number[] {
  return [shape.at(-1)!, ...shape.slice(0, -1)];
}

class GraphWriter {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  /** Dense layers wait for what is behind them, which may be a Reshape. */
  private readonly dense = new Map<string, Placed>();

  place(placed: Placed): void {
    const { layer, inputs, config } = placed;
    const waiting = inputs.map((name) => this.dense.get(name)).find((one) => one !== undefined);
    const kind = layer.getClassName();
    if (waiting && kind !== 'Reshape')
      throw new Error(`'${waiting.layer.name}' needs a Reshape behind it, not ${kind}`);
    switch (kind) {
      case 'Dense':
        this.dense.set(layer.name, placed);
        return;
      case 'Reshape':
        return this.reshape(placed, waiting);
      case 'Conv1D':
      case 'Conv2D':
        return this.convolution(placed, 'Conv');
      case 'Conv1DTranspose':
      case 'Conv2DTranspose':
        return this.convolution(placed, 'ConvTranspose');
      case 'BatchNormalization':
        return this.node(placed, 'BatchNormalization', this.weights(placed), { epsilon: { float: config.epsilon } });
      case 'Activation':
        return this.activate(layer.name, inputs[0], config.activation!);
      case 'LeakyReLU':
        return this.node(placed, 'LeakyRelu', [], { alpha: { float: config.alpha } });
      case 'PReLU':
        return this.prelu(placed);
      case 'MaxPooling2D':
        return this.maxPool(placed);
      case 'Concatenate':
        return this.node(placed, 'Concat', [], { axis: 1 });
      case 'Add':
        return this.sum(placed);
      default:
        throw new Error(`There is no ONNX for the layer '${layer.name}' of class ${kind}`);
    }
  }

  private node(
    { layer, inputs }: Placed,
    op: string,
    more: readonly string[] = [],
    attributes: Record<string, Attribute> = {},
    output = layer.name,
  ): void {
    this.nodes.push({ op, inputs: [...inputs, ...more], output, attributes });
  }

  /** The name of a new initializer. */
  private initializer(name: string, shape: readonly number[], values: Initializer['values']): string {
    this.initializers.push({ name, shape, values });
    return name;
  }

  /** The layer's vectors, as initializers. BatchNormalization's are in ONNX's order: gamma, beta, mean, variance. */
  private weights({ layer }: Placed): string[] {
    return layer.getWeights().map((weight, n) => {
      return this.initializer(`${layer.name}/${n}`, weight.shape, weight.dataSync<'float32'>().slice());
    });
  }

  private transposed(name: string, weight: tf.Tensor, permutation: number[]): string {
    const tensor = tf.tidy(() => tf.transpose(weight, permutation));
    this.initializer(name, tensor.shape, tensor.dataSync<'float32'>().slice());
    tensor.dispose();
    return name;
  }

  /** Applies an activation to what is called `from`, if there is any to apply, and calls the result `to`. */
  private activate(to: string, from: string, activation: string): void {
    const ops: Record<string, string> = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid', relu6: 'Clip' };
    const op = ops[activation];
    if (op === undefined) throw new Error(`There is no ONNX for the activation '${activation}' of '${to}'`);
    const bounds = op === 'Clip' ? [0, 6].map((n) => this.initializer(`${to}/${n}`, [], Float32Array.of(n))) : [];
    this.nodes.push({ op, inputs: [from, ...bounds], output: to });
  }

  private activated(placed: Placed): string {
    const { layer, config } = placed;
    const { activation = 'linear' } = config;
    return activation === 'linear' ? layer.name : `${layer.name}/linear`;
  }

  private finish({ layer, config }: Placed, output: string): void {
    if (output !== layer.name) this.activate(layer.name, output, config.activation!);
  }

  /** A Dense layer with its columns so permuted that the reshaped result has its channels first. */
  private reshape(placed: Placed, dense: Placed | undefined): void {
    if (!dense) throw new Error(`'${placed.layer.name}' reshapes what does not come from a Dense layer`);
    const { layer, outShape: shape } = placed;
    const name = dense.layer.name;
    const [kernel, bias] = dense.layer.getWeights();
    const toFirst = [shape.length - 1, ...shape.keys()].slice(0, shape.length);
    const permuted = (weight: tf.Tensor, label: string): string => {
      const rows = weight.size / tf.util.sizeFromShape(shape);
      const tensor = tf.tidy(() => {
        const ordered = tf.transpose(tf.reshape(weight, [rows, ...shape]), [0, ...toFirst.map((axis) => axis + 1)]);
        return tf.reshape(ordered, weight.shape);
      });
      this.initializer(`${name}/${label}`, tensor.shape, tensor.dataSync<'float32'>().slice());
      tensor.dispose();
      return `${name}/${label}`;
    };
    const operands = [permuted(kernel, 'kernel'), ...(bias ? [permuted(bias, 'bias')] : [])];
    const linear = this.activated(dense);
    this.node(dense, 'Gemm', operands, {}, linear);
    this.finish(dense, linear);
    const target = this.initializer(`${layer.name}/shape`, [shape.length + 1], [1, ...channelsFirst(shape)]);
    this.node(placed, 'Reshape', [target]);
  }

  private convolution(placed: Placed, op: 'Conv' | 'ConvTranspose'): void {
    const { layer, config, inShape } = placed;
    const rank = config.kernelSize.length;
    const spatial = [...Array(rank).keys()];
    const [kernel, bias] = layer.getWeights();
    // Conv: [outChannels, inChannels, …taps]; ConvTranspose: [inChannels, outChannels / groups, …taps]. Both come so.
    const filter = this.transposed(`${layer.name}/filter`, kernel, [rank + 1, rank, ...spatial]);
    const added = bias ? [this.initializer(`${layer.name}/bias`, bias.shape, bias.dataSync<'float32'>().slice())] : [];
    const pads = spatial.map((axis) => (op === 'Conv' ? padOf : transposedPadOf)(config, axis, inShape[axis]));
    const attributes: Record<string, Attribute> = {
      kernel_shape: config.kernelSize,
      strides: config.strides,
      dilations: config.dilationRate ?? spatial.map(() => 1),
      pads: [...pads.map(({ begin }) => begin), ...pads.map(({ end }) => end)],
      group: config.groups ?? 1,
      ...(op === 'ConvTranspose' && { output_padding: pads.map(({ room }) => room) }),
    };
    const linear = this.activated(placed);
    this.node(placed, op, [filter, ...added], attributes, linear);
    this.finish(placed, linear);
  }

  private prelu(placed: Placed): void {
    const [alpha] = placed.layer.getWeights();
    const values = alpha.dataSync<'float32'>().slice();
    if (values.length !== alpha.shape.at(-1))
      throw new Error(`'${placed.layer.name}' has more than a slope per channel`);
    const shape = [values.length, ...placed.outShape.slice(0, -1).map(() => 1)];
    this.node(placed, 'PRelu', [this.initializer(`${placed.layer.name}/slope`, shape, values)]);
  }

  private maxPool(placed: Placed): void {
    const { poolSize, strides, padding } = placed.config;
    if (padding !== 'valid') throw new Error(`'${placed.layer.name}' pools with padding '${padding}', not 'valid'`);
    this.node(placed, 'MaxPool', [], { kernel_shape: poolSize, strides });
  }

  private sum(placed: Placed): void {
    const { inputs, layer } = placed;
    if (inputs.length !== 2) throw new Error(`'${layer.name}' adds ${inputs.length} tensors, not 2`);
    this.node(placed, 'Add');
  }
}

interface Pads {
  readonly begin: number;
  readonly end: number;
  /** Cells that a transposed convolution adds at the end, where its kernel is smaller than its stride. */
  readonly room: number;
}

function halves(total: number, room = 0): Pads {
  return { begin: Math.floor(total / 2), end: Math.ceil(total / 2), room };
}

/** Of a convolution: TensorFlow's 'same' has the odd cell at the end. */
function padOf({ padding, strides, kernelSize, dilationRate }: Config, axis: number, inSize: number): Pads {
  if (padding === 'valid') return halves(0);
  const extent = dilationRate[axis] * (kernelSize[axis] - 1) + 1;
  return halves(Math.max(0, (Math.ceil(inSize / strides[axis]) - 1) * strides[axis] + extent - inSize));
}

/** Of a transposed convolution without dilation, whose result is in · stride for 'same'. */
function transposedPadOf({ padding, strides, kernelSize, ...config }: Config, axis: number): Pads {
  const dilation = config.dilationRate?.[axis] ?? 1;
  if (config.outputPadding || dilation > 1) throw new Error('No ONNX for an output padding or a dilation');
  const room = Math.max(0, strides[axis] - kernelSize[axis]);
  return padding === 'valid' ? halves(0, room) : halves(Math.max(0, kernelSize[axis] - strides[axis]), room);
}
