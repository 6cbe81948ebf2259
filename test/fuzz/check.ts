// SPDX-License-Identifier: Apache-2.0
/**
 * One case of the fuzz: a random call, and what is tried on it. Whatever is computed on the backend that is set is
 * compared with the oracle.
 */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  ACTIVATIONS,
  type Activation,
  REPLACEABLE,
  type Variant,
  computeGeometry,
  conv1dTranspose,
  conv2dTranspose,
  explain,
  fused,
  install,
  uninstall,
} from '../../src';
import { composedBackpropFilter, composedBackpropInput, composedConv2dTranspose } from '../../src/op/composed';
import { EXACT_VARIANTS } from '../support/environments';
import { mismatch } from '../support/compare';
import { type Layer, explicitPad, filterShape, requestOf, sizeOf, xShape, yShape } from '../support/layer';
import * as oracle from '../support/oracle';
import { uniform } from '../support/random';
import { type RandomCall, randomCalls } from '../support/random_calls';
import { secondOrderGradients, secondOrderTruths } from '../support/second_order';
import { runWinogradInput, winogradForward, winogradInputGradient } from '../support/winograd';

/** How operands are made of uniform numbers in [−1, 1). */
const VALUES = {
  uniform: (value: number): number => value,
  'half of them zero': (value: number): number => (value < 0 ? 0 : 2 * value - 1),
  integers: (value: number): number => Math.round(8 * value),
  'negative zeros and small ones': (value: number): number => (value < 0 ? -0 : value / 64),
  large: (value: number): number => 1000 * value,
} as const;

/** What is tried besides all variants and both gradients. */
const MORE = ['nothing', 'fused', 'fused', 'second order', 'install', 'composed', '1-D'] as const;

export interface FuzzCase extends RandomCall {
  readonly values: keyof typeof VALUES;
  /** Of the gradients and of what is tried besides. */
  readonly variant: Variant;
  readonly more: (typeof MORE)[number];
  readonly activation: Activation;
  readonly bias: 'none' | 'one' | 'per channel';
}

export const fuzzCases: fc.Arbitrary<FuzzCase> = fc
  .record({
    call: randomCalls,
    values: fc.constantFrom(...(Object.keys(VALUES) as (keyof typeof VALUES)[])),
    variant: fc.constantFrom(...EXACT_VARIANTS),
    more: fc.constantFrom(...MORE),
    activation: fc.constantFrom(...ACTIVATIONS),
    bias: fc.constantFrom('none' as const, 'one' as const, 'per channel' as const),
  })
  .map(({ call, ...rest }) => ({ ...call, ...rest }));

/** How many comparisons were made, and what was wrong in them. */
export interface Checked {
  readonly comparisons: number;
  readonly wrong: readonly string[];
}

export interface Operands {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly dy: Float32Array;
  readonly bias: Float32Array;
  readonly slopes: Float32Array;
}

/** Compares all that is tried on a case. An error that is thrown, or a tensor that is left behind, is wrong too. */
export async function checkCase(c: FuzzCase): Promise<Checked> {
  const { layer: l } = c;
  const operands = operandsOf(c);
  const { x, filter, dy } = operands;
  const wrong: string[] = [];
  let comparisons = 0;
  const before = tf.memory().numTensors;
  const compare = async (what: string, compute: () => tf.Tensor[], truths: readonly oracle.Truth[]): Promise<void> => {
    comparisons += truths.length;
    let computed: tf.Tensor[] = [];
    try {
      computed = tf.tidy(compute);
      // tfjs's webgpu has no other way in Node.
      const results = await Promise.all(computed.map((tensor) => tensor.data()));
      truths.forEach((truth, n) => {
        const found = mismatch(results[n], truth);
        if (found) wrong.push(`${what}${truths.length > 1 ? ` ${n}` : ''}: ${found}`);
      });
    } catch (error) {
      wrong.push(`${what}: ${(error as Error).stack ?? String(error)}`);
    } finally {
      tf.dispose(computed);
    }
  };

  const forward = oracle.forward(l, x, filter);
  for (const variant of EXACT_VARIANTS)
    await compare(variant, () => [nhwc(c, op(c, variant, tensorOf(c, x), filterOf(l, filter)))], [forward]);
  const backwards = [oracle.backpropInput(l, dy, filter), oracle.backpropFilter(l, x, dy)];
  await compare(`gradients of ${c.variant}`, () => gradients(c, operands), backwards);
  const compareFused = (what: string, variant: Variant, sums: oracle.Truth): Promise<void> =>
    compare(what, () => [runFused(c, operands, variant)], [fusedTruth(c, operands, sums)]);
  if (c.more === 'fused') await compareFused(`${c.activation} fused`, c.variant, forward);
  // Within a bound of its own, wherever it can run; its input gradient whether that pays or not.
  if (explain(requestOf(l)).variants.winograd.support.supported) {
    const sums = winogradForward(l, x, filter);
    await compare('winograd', () => [nhwc(c, op(c, 'winograd', tensorOf(c, x), filterOf(l, filter)))], [sums]);
    const gradient = (): tf.Tensor[] => [tf.tensor1d(runWinogradInput(l, dy, filter))];
    await compare('input gradient by winograd', gradient, [winogradInputGradient(l, dy, filter)]);
    if (c.more === 'fused') await compareFused(`${c.activation} fused by winograd`, 'winograd', sums);
  }
  if (c.more === '1-D' && isFlat(l)) await compare('1-D', () => [run1d(l, operands, c.variant)], [forward]);
  if (c.more === 'composed') await compare('composed', () => composed(l, operands), [forward, ...backwards]);
  if (c.more === 'install' && isStock(l))
    await compare('install', () => installed(l, operands), [forward, ...backwards, backwards[0]]);
  // tfjs's own webgl sums no empty tensor.
  if (c.more === 'second order' && l.batch > 0) {
    const u = uniform(sizeOf(xShape(l)), JSON.stringify(l));
    const second = (): tf.Tensor[] => secondOrderGradients(l, { x, filter, u }, c.variant);
    await compare('second order', second, secondOrderTruths(l, { x, filter, u }));
  }
  const left = tf.memory().numTensors - before;
  if (left !== 0) wrong.push(`${left} tensors were left behind`);
  return { comparisons, wrong };
}

export function operandsOf({ layer: l, values }: FuzzCase): Operands {
  const made = (name: string, length: number): Float32Array =>
    uniform(length, `fuzz ${name} ${JSON.stringify(l)}`).map(VALUES[values]);
  return {
    x: made('x', sizeOf(xShape(l))),
    filter: made('filter', sizeOf(filterShape(l))),
    dy: made('dy', sizeOf(yShape(l))),
    bias: uniform(l.outChannels, `fuzz bias ${JSON.stringify(l)}`),
    slopes: uniform(l.outChannels, `fuzz slopes ${JSON.stringify(l)}`),
  };
}

const isFirst = (c: RandomCall): boolean => c.told.options.dataFormat === 'NCHW';

/** An NHWC array as the tensor that the op is given. Not every backend transposes an empty one. */
function tensorOf(c: RandomCall, x: Float32Array, shape = xShape(c.layer)): tf.Tensor4D {
  if (!isFirst(c)) return tf.tensor4d(x, shape);
  const [batch, height, width, channels] = shape;
  return batch === 0
    ? tf.tensor4d(x, [batch, channels, height, width])
    : tf.transpose(tf.tensor4d(x, shape), [0, 3, 1, 2]);
}

const filterOf = (l: Layer, filter: Float32Array): tf.Tensor4D => tf.tensor4d(filter, filterShape(l));

function nhwc(c: RandomCall, y: tf.Tensor): tf.Tensor {
  return isFirst(c) && y.size > 0 ? tf.transpose(y, [0, 2, 3, 1]) : y;
}

function optionsOf({ layer: l, told }: RandomCall, variant: Variant): object {
  const asked = Object.entries(told.options).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(asked), dilations: l.dilations, groups: l.groups, variant };
}

function op(c: RandomCall, variant: Variant, x: tf.Tensor, filter: tf.Tensor): tf.Tensor4D {
  const { outputShape, pad } = c.told;
  const shape = outputShape as [number, number, number, number] | undefined;
  return conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, shape, c.layer.strides, pad, optionsOf(c, variant));
}

/** With respect to x and to the filter, by autodiff. */
function gradients(c: FuzzCase, { x, filter, dy }: Operands): tf.Tensor[] {
  const { layer: l } = c;
  const inputs = [tensorOf(c, x), filterOf(l, filter)];
  const [dx, dFilter] = tf.grads((a, b) => op(c, c.variant, a, b))(inputs, tensorOf(c, dy, yShape(l)));
  return [nhwc(c, dx), dFilter];
}

/** The values that are fused, in NHWC. */
function biasOf({ bias }: FuzzCase, operands: Operands): Float32Array | undefined {
  return { none: undefined, one: operands.bias.slice(0, 1), 'per channel': operands.bias }[bias];
}

const ALPHA = 0.3;

function runFused(c: FuzzCase, operands: Operands, variant: Variant): tf.Tensor {
  const bias = biasOf(c, operands);
  return nhwc(
    c,
    fused.conv2dTranspose<tf.Tensor4D>({
      ...optionsOf(c, variant),
      x: tensorOf(c, operands.x),
      filter: filterOf(c.layer, operands.filter),
      outputShape: c.told.outputShape as [number, number, number, number] | undefined,
      strides: c.layer.strides,
      pad: c.told.pad,
      bias: bias && tf.tensor1d(bias),
      activation: c.activation,
      preluActivationWeights: c.activation === 'prelu' ? tf.tensor1d(operands.slopes) : undefined,
      leakyreluAlpha: ALPHA,
    }),
  );
}

/** Activations by their definitions; none is steeper than 1. */
const FORMULAS: Readonly<Record<Activation, (y: number, slope: number) => number>> = {
  linear: (y) => y,
  relu: (y) => Math.max(y, 0),
  relu6: (y) => Math.min(Math.max(y, 0), 6),
  elu: (y) => (y < 0 ? Math.expm1(y) : y),
  sigmoid: (y) => 1 / (1 + Math.exp(-y)),
  tanh: Math.tanh,
  leakyrelu: (y) => (y < 0 ? ALPHA * y : y),
  prelu: (y, slope) => (y < 0 ? slope * y : y),
};
const BY_EXP: readonly Activation[] = ['elu', 'sigmoid', 'tanh'];

/** Of sums and their bound. */
function fusedTruth(c: FuzzCase, operands: Operands, sums: oracle.Truth): oracle.Truth {
  const { layer: l, activation } = c;
  const bias = biasOf(c, operands) ?? [0];
  const at = (list: ArrayLike<number>, n: number): number => list[list.length === 1 ? 0 : n % l.outChannels];
  const terms = (l.kernel[0] * l.kernel[1] * l.inChannels) / l.groups;
  const biased = sums.values.map((sum, n) => sum + at(bias, n));
  // GLSL allows an exponential 3 + 2·|y| units in the last place; where that is many, curves are flat.
  const ownError = (y: number): number => (BY_EXP.includes(activation) ? 16 : Math.abs(y));
  return {
    values: biased.map((y, n) => FORMULAS[activation](y, operands.slopes[n % l.outChannels])),
    // The bias is one term more of each sum.
    bound: sums.bound.map((bound, n) => 2 * bound + (terms + 1) * Math.abs(at(bias, n)) + ownError(biased[n])),
  };
}

/** Whether a layer is one-dimensional: of a height of 1 on which nothing happens. */
function isFlat(l: Layer): boolean {
  const { inSize, kernel, strides, dilations, pads, outputPadding } = l;
  return [inSize, kernel, strides, dilations].every(([n]) => n === 1) && pads[0] + pads[1] + outputPadding[0] === 0;
}

function run1d(l: Layer, { x, filter }: Operands, variant: Variant): tf.Tensor {
  return conv1dTranspose(
    tf.tensor3d(x, [l.batch, l.inSize[1], l.inChannels]),
    tf.tensor3d(filter, [l.kernel[1], l.outChannels / l.groups, l.inChannels]),
    undefined,
    l.strides[1],
    [l.pads[2], l.pads[3]],
    { dilation: l.dilations[1], groups: l.groups, outputPadding: l.outputPadding[1], variant },
  );
}

/** By core ops: y, dx, dFilter. */
function composed(l: Layer, { x, filter, dy }: Operands): tf.Tensor[] {
  const { strides, dilations, groups, outputPadding } = l;
  const rest = { strides, dilations, groups, outputPadding, pad: explicitPad(l) };
  const g = computeGeometry({ xShape: xShape(l), filterShape: filterShape(l), ...rest });
  const [$x, $filter, $dy] = [tf.tensor4d(x, xShape(l)), filterOf(l, filter), tf.tensor4d(dy, yShape(l))];
  return [
    composedConv2dTranspose(g, $x, $filter),
    composedBackpropInput(g, $dy, $filter),
    composedBackpropFilter(g, $x, $dy),
  ];
}

/** Whether tfjs's own ops can be told of a layer. */
function isStock({ batch, groups, dilations, outputPadding, strides }: Layer): boolean {
  return batch > 0 && groups === 1 && dilations.every((d) => d === 1) && outputPadding.every((a, n) => a < strides[n]);
}

/** By tfjs's own ops, with every kernel replaced: y, dx, dFilter of conv2dTranspose, and conv2d, which is dx again. */
function installed(l: Layer, { x, filter, dy }: Operands): tf.Tensor[] {
  install({ backends: [tf.getBackend()], kernels: REPLACEABLE });
  try {
    const [$x, $filter, $dy] = [tf.tensor4d(x, xShape(l)), filterOf(l, filter), tf.tensor4d(dy, yShape(l))];
    const transposed = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      tf.conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, yShape(l), l.strides, explicitPad(l));
    return [
      transposed($x, $filter),
      ...tf.grads(transposed)([$x, $filter], $dy),
      tf.conv2d($dy, $filter, l.strides, explicitPad(l)),
    ];
  } finally {
    uninstall();
  }
}
