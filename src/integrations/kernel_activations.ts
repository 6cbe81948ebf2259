// SPDX-License-Identifier: Apache-2.0
/**
 * Activations that kernels apply and Keras's layers cannot name, because they have parameters: 'leakyrelu' with its
 * slope, 'prelu' with a weight `alpha` per channel. A layer that has them says so in its arguments and its config:
 * `activation: 'leakyrelu', leakyreluAlpha: 0.1`.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { initializers } from '@tensorflow/tfjs-layers';
import { LEAKYRELU_ALPHA } from '../contract';
import { show } from '../geometry/checks';
import { type Layer, addWeight } from './stock_layers';

const PARAMETRIC = ['leakyrelu', 'prelu'] as const;
export type Parametric = (typeof PARAMETRIC)[number];

const isParametric = (name: unknown): name is Parametric => PARAMETRIC.includes(name as Parametric);

/** What a layer keeps of it. */
export interface HasParametric {
  readonly parametric: Parametric | null;
  /** The slope of 'leakyrelu'. */
  readonly leakyreluAlpha: number;
  /** The slopes of 'prelu'. */
  alpha: { read(): Tensor } | null;
}

/** The arguments that a stock layer understands. */
export function stockArgs<T extends object>(args: T): T {
  return isParametric((args as { activation?: unknown }).activation) ? { ...args, activation: 'linear' } : args;
}

/** What the arguments of a layer say of it. */
export function parametricOf(className: string, args: object): Pick<HasParametric, 'parametric' | 'leakyreluAlpha'> {
  const { activation, leakyreluAlpha = LEAKYRELU_ALPHA } = args as { activation?: unknown; leakyreluAlpha?: number };
  if (!Number.isFinite(leakyreluAlpha))
    throw new Error(`${className}: leakyreluAlpha must be a number, but was ${JSON.stringify(leakyreluAlpha)}`);
  if ('leakyreluAlpha' in args && args.leakyreluAlpha !== undefined && activation !== 'leakyrelu')
    throw new Error(`${className}: leakyreluAlpha needs activation 'leakyrelu', but that is ${show(activation)}`);
  return { parametric: isParametric(activation) ? activation : null, leakyreluAlpha };
}

/** Adds the weight of a 'prelu', of one value per channel. */
export function buildAlpha(layer: Layer & HasParametric, channels: number): void {
  if (layer.parametric !== 'prelu') return;
  layer.alpha = addWeight(layer, 'alpha', [channels], 'float32', initializers.zeros(), null, true, null);
}

/** What a config says beyond the stock layer's. */
export function parametricConfig({ parametric, leakyreluAlpha }: HasParametric): Record<string, string | number> {
  if (!parametric) return {};
  return parametric === 'leakyrelu' ? { activation: parametric, leakyreluAlpha } : { activation: parametric };
}

/** What a fused op is told. */
export function parametricFusion({ leakyreluAlpha, alpha }: HasParametric): {
  leakyreluAlpha: number;
  preluActivationWeights?: Tensor;
} {
  return { leakyreluAlpha, preluActivationWeights: alpha?.read() };
}
