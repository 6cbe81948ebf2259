// SPDX-License-Identifier: Apache-2.0
/**
 * Layers for `tf.layers` models. Importing this entry point registers them under Keras's class names: a model.json with
 * a `Conv2DTranspose` or `Conv1DTranspose` in it gets them, with all that Keras's config says and stock ignores
 * (`output_padding`, `dilation_rate`, `groups`, `channels_first`).
 *
 * They are made of the stock layers, of which they keep initializers, regularizers, constraints and activations, names
 * and weights.
 *
 * @module tfjs-conv2d-transpose/layers
 */
import { type Tensor, type Tensor3D, type Tensor4D, serialization, tidy } from '@tensorflow/tfjs-core';
import { type Shape, layers } from '@tensorflow/tfjs-layers';
import { conv1dTranspose as conv1dTransposeOp } from '../op/conv1d_transpose';
import { fusedConv2dTranspose } from '../op/fused';
import { applyFused } from '../op/activations';
import { ACTIVATIONS, type Activation, type Variant } from '../contract';
import { checkNames, checkObject } from '../geometry/checks';
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
import { type Layer, type StockLayer, classOf, single } from './stock_layers';
import { type Own, buildWeights, outputShapeOf, ownOf } from './transposed_layer';

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

/** Activations that kernels apply themselves: Keras calls them as tfjs does, where they have no parameter. */
const FUSED: readonly string[] = ACTIVATIONS.filter((name) => name !== 'leakyrelu' && name !== 'prelu');

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
    const { outputPadding, groups, variant } = ownOf('Conv2DTranspose', 2, args, this.padding);
    this.outputPadding = outputPadding;
    this.groups = groups;
    this.variant = variant;
  }

  override build(inputShape: Shape | Shape[]): void {
    buildWeights('Conv2DTranspose', this, inputShape);
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
    const { outputPadding, groups, variant } = ownOf('Conv1DTranspose', 1, args, this.padding);
    this.outputPadding = outputPadding;
    this.groups = groups;
    this.variant = variant;
  }

  override build(inputShape: Shape | Shape[]): void {
    buildWeights('Conv1DTranspose', this, inputShape);
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
