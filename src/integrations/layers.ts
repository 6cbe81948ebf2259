// SPDX-License-Identifier: Apache-2.0
/**
 * Layers for `tf.layers` models. Importing this entry point registers them under Keras's class names: a model.json with
 * a `Conv2DTranspose` or `Conv1DTranspose` in it gets them, with all that Keras's config says and stock ignores
 * (`output_padding`, `dilation_rate`, `groups`, `channels_first`).
 *
 * They are made of the stock layers, of which they keep initializers, regularizers, constraints and activations, names
 * and weights.
 */
import { type Tensor, type Tensor3D, type Tensor4D, serialization, tidy } from '@tensorflow/tfjs-core';
import { type Shape, layers } from '@tensorflow/tfjs-layers';
import { conv1dTranspose as conv1dTransposeOp } from '../op/conv1d_transpose';
import { fusedConv2dTranspose } from '../op/fused';
import { applyFused } from '../op/activations';
import { ACTIVATIONS, type Activation, VARIANTS, type Variant } from '../contract';
import { checkInteger, checkNames, checkObject } from '../geometry/checks';
import { FusedConv2D } from './fused_conv2d_layer';
import {
  type HasParametric,
  type Parametric,
  buildAlpha,
  parametricConfig,
  parametricFusion,
  parametricOf,
  stockArgs,
} from './kernel_activations';
import { type Layer, type StockLayer, addWeight, classOf, single } from './stock_layers';

type StockArgs = Parameters<typeof layers.conv2dTranspose>[0];

/**
 * Arguments of {@link conv2dTranspose}: those of `tf.layers.conv2dTranspose`, the first two of which stock accepts and
 * ignores.
 */
export interface Conv2DTransposeLayerArgs extends Omit<StockArgs, 'filters' | 'activation'> {
  filters: number;
  /** One of Keras's, or 'leakyrelu', or 'prelu' with a weight `alpha` per channel. Default: 'linear'. */
  activation?: StockArgs['activation'] | Parametric;
  /** The slope of 'leakyrelu'. Default: 0.2. */
  leakyreluAlpha?: number;
  /** Distance between neighbouring taps. Default: 1. */
  dilationRate?: StockArgs['dilationRate'];
  /**
   * Cells added at the bottom and the right; it determines the size then: stride·(in − 1) + kernel − 2·pad +
   * outputPadding, where 'same' pads ⌊kernel / 2⌋.
   */
  outputPadding?: number | [number, number] | null;
  /** Groups that channels are divided into. Default: 1. */
  groups?: number;
  /** The algorithm. Default: 'auto'. */
  variant?: Variant | 'auto';
}

/** Arguments of {@link conv1dTranspose}: those of `tf.layers.conv1d`, and what is said of the two-dimensional layer. */
export interface Conv1DTransposeLayerArgs extends Omit<Parameters<typeof layers.conv1d>[0], 'filters'> {
  filters: number;
  outputPadding?: number | [number] | null;
  groups?: number;
  variant?: Variant | 'auto';
}

/** The names of the arguments of both layers: stock's, and those that are added. */
const ARGUMENTS: Readonly<Record<keyof Conv2DTransposeLayerArgs | keyof Conv1DTransposeLayerArgs, true>> = {
  filters: true,
  kernelSize: true,
  strides: true,
  padding: true,
  outputPadding: true,
  dilationRate: true,
  groups: true,
  dataFormat: true,
  variant: true,
  activation: true,
  leakyreluAlpha: true,
  useBias: true,
  kernelInitializer: true,
  biasInitializer: true,
  kernelConstraint: true,
  biasConstraint: true,
  kernelRegularizer: true,
  biasRegularizer: true,
  activityRegularizer: true,
  inputShape: true,
  batchInputShape: true,
  batchSize: true,
  dtype: true,
  inputDType: true,
  name: true,
  trainable: true,
  weights: true,
};

/** A model's file may hold what later versions of Keras add; what a caller writes has to be known. */
function checkArguments(who: string, args: object, others: readonly string[] = []): void {
  checkObject(`${who}: the argument`, args);
  const names = Object.keys(ARGUMENTS).filter((name) => !others.includes(name));
  checkNames(who, args, names);
}

const StockConv2DTranspose = classOf(layers.conv2dTranspose({ filters: 1, kernelSize: 1, name: 'stock' }));
const StockConv1D = classOf(layers.conv1d({ filters: 1, kernelSize: 1, name: 'stock' }));

/** What both layers have beyond stock's. */
interface Own {
  outputPadding: number[] | null;
  groups: number;
  variant: Variant | 'auto';
}

/** Activations that kernels apply themselves: Keras calls them as tfjs does, where they have no parameter. */
const FUSED: readonly string[] = ACTIVATIONS.filter((name) => name !== 'leakyrelu' && name !== 'prelu');

function own(className: string, rank: number, args: object, padding: string): Own {
  const { outputPadding = null, groups = 1, variant = 'auto', useBias } = args as Partial<Own & { useBias: unknown }>;
  if (padding !== 'same' && padding !== 'valid')
    throw new Error(`${className}: padding must be 'same' or 'valid', but was '${padding}'`);
  if (!Number.isInteger(groups) || groups < 1)
    throw new Error(`${className}: groups must be a whole number of at least 1, but was ${JSON.stringify(groups)}`);
  if (variant !== 'auto' && !VARIANTS.includes(variant))
    throw new Error(
      `${className}: variant must be one of ${VARIANTS.join(', ')}, auto, but was ${JSON.stringify(variant)}`,
    );
  if (useBias !== undefined && useBias !== null && typeof useBias !== 'boolean')
    throw new Error(`${className}: useBias must be true or false, but was ${JSON.stringify(useBias)}`);
  const pads = typeof outputPadding === 'number' ? new Array<number>(rank).fill(outputPadding) : outputPadding;
  if (pads && (pads.length !== rank || !pads.every((pad) => Number.isInteger(pad) && pad >= 0)))
    throw new Error(
      `${className}: outputPadding must be ${rank === 1 ? 'a whole number' : 'a whole number or two'}, ` +
        `but was ${JSON.stringify(outputPadding)}`,
    );
  // tfjs takes any numbers here, and gives shapes of halves, or none.
  const { kernelSize, strides = 1, dilationRate = 1 } = args as Partial<Record<string, number | number[]>>;
  for (const [name, sizes] of Object.entries({ kernelSize, strides, dilationRate }))
    [sizes].flat().forEach((size) => checkInteger(`${className}: ${name}`, size, 1));
  return { outputPadding: pads, groups, variant };
}

/**
 * Keras's size of an output: without an output padding 'valid' has room for a kernel smaller than its stride; with one,
 * 'same' crops ⌊k / 2⌋ on both sides. Source: keras.ops, `compute_conv_transpose_output_length`.
 */
function kerasLength(
  inSize: number | null,
  layer: Pick<StockLayer, 'kernelSize' | 'strides' | 'padding' | 'dilationRate'>,
  outputPadding: number[] | null,
  n: number,
): number | null {
  if (inSize === null) return null;
  const [stride, kernel] = [layer.strides[n], layer.dilationRate[n] * (layer.kernelSize[n] - 1) + 1];
  if (outputPadding) {
    const pad = layer.padding === 'same' ? Math.floor(kernel / 2) : 0;
    return stride * (inSize - 1) + kernel - 2 * pad + outputPadding[n];
  }
  return layer.padding === 'same' ? inSize * stride : inSize * stride + Math.max(kernel - stride, 0);
}

/** The shape of the result, and where its dimensions are. */
function outputShapeOf(layer: StockLayer & Own, given: Shape | Shape[]): Shape {
  const shape = [...(Array.isArray(given[0]) ? (given[0] as Shape) : (given as Shape))];
  const channelAxis = layer.dataFormat === 'channelsFirst' ? 1 : shape.length - 1;
  const firstAxis = layer.dataFormat === 'channelsFirst' ? 2 : 1;
  shape[channelAxis] = layer.filters;
  layer.kernelSize.forEach((_, n) => {
    shape[firstAxis + n] = kerasLength(shape[firstAxis + n], layer, layer.outputPadding, n);
  });
  return shape;
}

function build(className: string, layer: StockLayer & Own, given: Shape | Shape[]): void {
  const shape = Array.isArray(given[0]) ? (given[0] as Shape) : (given as Shape);
  const rank = layer.kernelSize.length;
  if (shape.length !== rank + 2)
    throw new Error(`${className}: the input must have rank ${rank + 2}, but has shape [${shape}]`);
  const channelAxis = layer.dataFormat === 'channelsFirst' ? 1 : rank + 1;
  const inChannels = shape[channelAxis];
  if (inChannels === null || inChannels === undefined)
    throw new Error(`${className}: the channels of the input must be known, but its shape is [${shape}]`);
  const { groups, filters } = layer;
  if (filters % groups !== 0 || inChannels % groups !== 0)
    throw new Error(
      `${className}: filters (${filters}) and input channels (${inChannels}) must be multiples of groups (${groups})`,
    );
  const add = (name: 'kernel' | 'bias', weightShape: number[]): { read(): Tensor } =>
    addWeight(
      layer,
      name,
      weightShape,
      'float32',
      layer[`${name}Initializer`],
      layer[`${name}Regularizer`],
      true,
      layer[`${name}Constraint`],
    );
  layer.kernel = add('kernel', [...layer.kernelSize, filters / groups, inChannels]);
  if (layer.useBias) layer.bias = add('bias', [filters]);
  layer.built = true;
}

/** The activation that a kernel applies, and what is left to apply. */
function split({ activation }: StockLayer): { fused: Activation; rest?: (x: Tensor) => Tensor } {
  const name = activation?.getClassName() ?? 'linear';
  if (FUSED.includes(name)) return { fused: name as Activation };
  return { fused: 'linear', rest: (x) => activation!.apply(x) };
}

class Conv2DTranspose extends StockConv2DTranspose implements Own, HasParametric {
  static readonly className = 'Conv2DTranspose';
  readonly parametric: Parametric | null;
  readonly leakyreluAlpha: number;
  alpha: HasParametric['alpha'] = null;
  readonly outputPadding: number[] | null;
  readonly groups: number;
  readonly variant: Variant | 'auto';

  constructor(args: Conv2DTransposeLayerArgs) {
    super(stockArgs(args));
    const { parametric, leakyreluAlpha } = parametricOf('Conv2DTranspose', args);
    this.parametric = parametric;
    this.leakyreluAlpha = leakyreluAlpha;
    const { outputPadding, groups, variant } = own('Conv2DTranspose', 2, args, this.padding);
    this.outputPadding = outputPadding;
    this.groups = groups;
    this.variant = variant;
  }

  override build(inputShape: Shape | Shape[]): void {
    build('Conv2DTranspose', this, inputShape);
    buildAlpha(this, this.filters);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const x = single(inputs) as Tensor4D;
      const { fused, rest } = split(this);
      const y: Tensor = fusedConv2dTranspose({
        x,
        filter: this.kernel.read() as Tensor4D,
        // What an output padding determines, the op works out by the same rule.
        outputShape: this.outputPadding
          ? undefined
          : (outputShapeOf(this, x.shape) as [number, number, number, number]),
        outputPadding: (this.outputPadding as [number, number] | null) ?? undefined,
        strides: this.strides as [number, number],
        pad: this.padding,
        dilations: this.dilationRate as [number, number],
        groups: this.groups,
        dataFormat: this.dataFormat === 'channelsFirst' ? 'NCHW' : 'NHWC',
        bias: this.bias?.read(),
        activation: this.parametric ?? fused,
        ...parametricFusion(this),
        variant: this.variant,
      });
      return rest ? rest(y) : y;
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return outputShapeOf(this, inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    const { outputPadding, groups, variant, dilationRate } = this;
    return { ...super.getConfig(), ...parametricConfig(this), dilationRate, outputPadding, groups, variant };
  }
}

class Conv1DTranspose extends StockConv1D implements Own {
  static readonly className = 'Conv1DTranspose';
  readonly outputPadding: number[] | null;
  readonly groups: number;
  readonly variant: Variant | 'auto';

  constructor(args: Conv1DTransposeLayerArgs) {
    super(args);
    const { outputPadding, groups, variant } = own('Conv1DTranspose', 1, args, this.padding);
    this.outputPadding = outputPadding;
    this.groups = groups;
    this.variant = variant;
  }

  override build(inputShape: Shape | Shape[]): void {
    build('Conv1DTranspose', this, inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const x = single(inputs) as Tensor3D;
      const channelsFirst = this.dataFormat === 'channelsFirst';
      const y: Tensor = conv1dTransposeOp(
        x,
        this.kernel.read() as Tensor3D,
        this.outputPadding ? undefined : (outputShapeOf(this, x.shape) as number[]),
        this.strides[0],
        this.padding,
        {
          outputPadding: this.outputPadding?.[0],
          dilation: this.dilationRate[0],
          groups: this.groups,
          dataFormat: channelsFirst ? 'NCW' : 'NWC',
          variant: this.variant,
        },
      );
      const bias = this.bias?.read();
      const biased = bias
        ? applyFused(y, { bias: channelsFirst ? bias.reshape([-1, 1]) : bias, activation: 'linear', leakyreluAlpha: 0 })
        : y;
      return this.activation ? this.activation.apply(biased) : biased;
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return outputShapeOf(this, inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    const { outputPadding, groups, variant, dataFormat } = this;
    return { ...super.getConfig(), dataFormat, outputPadding, groups, variant };
  }
}

type LayerClass = serialization.SerializableConstructor<serialization.Serializable>;
serialization.registerClass(Conv2DTranspose as unknown as LayerClass);
serialization.registerClass(Conv1DTranspose as unknown as LayerClass);
serialization.registerClass(FusedConv2D as unknown as LayerClass);

/**
 * A layer like `tf.layers.conv2dTranspose`, which also heeds `dilationRate`, `outputPadding` and `groups`, and runs on
 * the kernels of this library. Input `[batch, height, width, channels]`, or with dataFormat 'channelsFirst' `[batch,
 * channels, height, width]`; sizes are Keras's.
 *
 * @throws Error if an argument is unknown or not what it must be; the message says what was given and what would do.
 */
export function conv2dTranspose(args: Conv2DTransposeLayerArgs): Layer {
  checkArguments('layers.conv2dTranspose', args);
  return new Conv2DTranspose(args);
}

/**
 * The same along one dimension, which tfjs lacks: input `[batch, width, channels]`, or with dataFormat 'channelsFirst'
 * `[batch, channels, width]`.
 */
export function conv1dTranspose(args: Conv1DTransposeLayerArgs): Layer {
  checkArguments('layers.conv1dTranspose', args, ['leakyreluAlpha']);
  return new Conv1DTranspose(args);
}

export { fold } from './fold';
