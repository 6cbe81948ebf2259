// SPDX-License-Identifier: Apache-2.0
/**
 * `Conv2D` with every activation that tfjs's own fused kernel has. Stock's layer asks that kernel for 'relu' and 'elu'
 * alone, and runs the others as ops of their own. `fold` makes such layers; a model.json calls them `FusedConv2D`.
 */
import {
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  fused,
  type serialization,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { type Shape, layers } from '@tensorflow/tfjs-layers';
import { ACTIVATIONS, type Activation } from '../contract';
import {
  type HasParametric,
  type Parametric,
  buildAlpha,
  parametricConfig,
  parametricFusion,
  parametricOf,
  stockArgs,
} from './kernel_activations';
import { classOf, single } from './stock_layers';

const StockConv2D = classOf(layers.conv2d({ filters: 1, kernelSize: 1, name: 'stock' }));

/** Tfjs's fused kernels have all of ours but one. */
type StockActivation = Exclude<Activation, 'tanh'>;
const FUSED: readonly string[] = ACTIVATIONS.filter((name) => name !== 'tanh');

export class FusedConv2D extends StockConv2D implements HasParametric {
  static readonly className = 'FusedConv2D';
  readonly parametric: Parametric | null;
  readonly leakyreluAlpha: number;
  alpha: HasParametric['alpha'] = null;

  constructor(args: object) {
    super(stockArgs(args));
    const { parametric, leakyreluAlpha } = parametricOf('FusedConv2D', args);
    this.parametric = parametric;
    this.leakyreluAlpha = leakyreluAlpha;
  }

  override build(inputShape: Shape | Shape[]): void {
    super.build(inputShape);
    buildAlpha(this, this.filters);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const x = single(inputs) as Tensor4D;
      const channelsFirst = this.dataFormat === 'channelsFirst';
      const name = this.parametric ?? this.activation?.getClassName() ?? 'linear';
      const fuses = FUSED.includes(name);
      const { leakyreluAlpha, preluActivationWeights } = parametricFusion(this);
      const y = fused.conv2d({
        x: channelsFirst ? transpose(x, [0, 2, 3, 1]) : x,
        filter: this.kernel.read() as Tensor4D,
        strides: this.strides as [number, number],
        pad: this.padding,
        dilations: this.dilationRate as [number, number],
        bias: this.bias?.read() as Tensor1D | undefined,
        activation: fuses ? (name as StockActivation) : 'linear',
        leakyreluAlpha,
        preluActivationWeights,
      });
      const inLayout: Tensor = channelsFirst ? transpose(y, [0, 3, 1, 2]) : y;
      return fuses ? inLayout : this.activation!.apply(inLayout);
    });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...parametricConfig(this) };
  }
}
