// SPDX-License-Identifier: Apache-2.0
/**
 * How a network is written down as a layers model. Stock tfjs has neither groups nor one dimension for transposed
 * convolution; what its users write instead computes the same: a dense filter that is zero off its groups, and images
 * of height 1. So a network that has either is written twice, with the same weights; its other layers are the same.
 */
import * as tf from '@tensorflow/tfjs';
import { conv1dTranspose, conv2dTranspose } from '../../src/integrations/layers';

/** For stock tfjs, or with the layers of `tfjs-conv2d-transpose/layers`. */
export const WRITINGS = ['stock', 'layers'] as const;
export type Writing = (typeof WRITINGS)[number];

export type Values = tf.SymbolicTensor;
export type Activation = 'relu' | 'relu6' | 'tanh' | 'sigmoid';

/** What the weights of a layer are made of (./weights), besides its name and their shapes. */
export interface Recipe {
  /** Mean square of the layer's result, if that of its input is 1. Default: 2, as before a relu. */
  gain?: number;
  /** Of a transposed convolution. Default: 1. */
  groups?: number;
  /** Whether the filter interpolates, instead of being random. */
  bilinear?: boolean;
}

interface Common extends Omit<Recipe, 'groups'> {
  activation?: Activation;
  bias?: boolean;
}
export interface ConvOptions extends Common {
  strides?: number;
  dilation?: number;
}
export interface UpOptions extends Common {
  strides: number;
  groups?: number;
}

/** The layers that the networks are made of, each with a name of its own, in the order in which they are made. */
export class Written {
  readonly recipes = new Map<string, Recipe>();
  private count = 0;

  constructor(private readonly writing: Writing) {}

  private named(kind: string, recipe: Recipe = {}): string {
    const name = `${kind}_${++this.count}`;
    this.recipes.set(name, recipe);
    return name;
  }

  /** The shape of an input along one dimension. */
  sequence(length: number, channels: number): number[] {
    return this.writing === 'stock' ? [1, length, channels] : [length, channels];
  }

  dense(x: Values, units: number, options: Common = {}): Values {
    const { activation, bias: useBias = true, ...recipe } = options;
    return applied(tf.layers.dense({ name: this.named('dense', recipe), units, activation, useBias }), x);
  }

  reshape(x: Values, targetShape: number[]): Values {
    return applied(tf.layers.reshape({ name: this.named('reshape'), targetShape }), x);
  }

  conv(x: Values, filters: number, kernelSize: number, options: ConvOptions = {}): Values {
    const { activation, bias: useBias = true, strides = 1, dilation: dilationRate = 1, ...recipe } = options;
    const name = this.named('conv', recipe);
    const args = { name, filters, kernelSize, strides, padding: 'same' as const, dilationRate, activation, useBias };
    return applied(tf.layers.conv2d(args), x);
  }

  /** A transposed convolution, 'same'. */
  up(x: Values, filters: number, kernelSize: number, options: UpOptions): Values {
    const { activation, bias: useBias = true, strides, ...recipe } = options;
    const name = this.named('up', recipe);
    const args = { name, filters, kernelSize, strides, padding: 'same' as const, activation, useBias };
    const stock = this.writing === 'stock';
    return applied(stock ? tf.layers.conv2dTranspose(args) : conv2dTranspose({ ...args, groups: recipe.groups }), x);
  }

  conv1d(x: Values, filters: number, kernelSize: number, options: ConvOptions = {}): Values {
    const { activation, bias: useBias = true, strides = 1, dilation = 1, ...recipe } = options;
    const args = { name: this.named('conv', recipe), filters, padding: 'same' as const, activation, useBias };
    const layer =
      this.writing === 'stock'
        ? tf.layers.conv2d({
            ...args,
            kernelSize: [1, kernelSize],
            strides: [1, strides],
            dilationRate: [1, dilation],
          })
        : tf.layers.conv1d({ ...args, kernelSize, strides, dilationRate: dilation });
    return applied(layer, x);
  }

  up1d(x: Values, filters: number, kernelSize: number, options: UpOptions): Values {
    const { activation, bias: useBias = true, strides, ...recipe } = options;
    const args = { name: this.named('up', recipe), filters, padding: 'same' as const, activation, useBias };
    const layer =
      this.writing === 'stock'
        ? tf.layers.conv2dTranspose({ ...args, kernelSize: [1, kernelSize], strides: [1, strides] })
        : conv1dTranspose({ ...args, kernelSize, strides, groups: recipe.groups });
    return applied(layer, x);
  }

  norm(x: Values): Values {
    return applied(tf.layers.batchNormalization({ name: this.named('norm') }), x);
  }

  activation(x: Values, activation: Activation): Values {
    return applied(tf.layers.activation({ name: this.named(activation), activation }), x);
  }

  leakyReLU(x: Values, alpha = 0.2): Values {
    return applied(tf.layers.leakyReLU({ name: this.named('leaky_relu'), alpha }), x);
  }

  prelu(x: Values): Values {
    return applied(tf.layers.prelu({ name: this.named('prelu'), sharedAxes: [1, 2] }), x);
  }

  maxPool(x: Values): Values {
    return applied(tf.layers.maxPooling2d({ name: this.named('pool'), poolSize: 2, strides: 2 }), x);
  }

  concat(...xs: Values[]): Values {
    return applied(tf.layers.concatenate({ name: this.named('concat'), axis: -1 }), xs);
  }

  add(...xs: Values[]): Values {
    return applied(tf.layers.add({ name: this.named('add') }), xs);
  }
}

function applied(layer: tf.layers.Layer, x: Values | Values[]): Values {
  return layer.apply(x) as Values;
}
