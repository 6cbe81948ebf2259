// SPDX-License-Identifier: Apache-2.0
/**
 * Gradients through autodiff: first order against the oracle, against the gradient of tf.conv2d and of
 * tf.conv2dTranspose, and against finite differences; second order against finite differences of a float64 model.
 */
import * as tf from '@tensorflow/tfjs-core';
import { conv2dTranspose } from '../src';
import { CASES } from './support/cases';
import { mismatch, mismatchOfPeers } from './support/compare';
import {
  type Environment,
  describeOnEveryBackend,
  isDrawnOrVariation,
  rowsOn,
  variantsOn,
} from './support/environments';
import { opArguments } from './support/kernels';
import { type Layer, explicitPad, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';
import { uniform } from './support/random';

describeOnEveryBackend('gradients', (environment) => {
  // The kernels are the same whichever variant is asked for, and kernels.spec.ts runs them on every layer; what a
  // variant decides shows in second derivatives.
  const pairs = variantsOn(environment).flatMap((variant) =>
    Object.entries(CASES).map(([name, l]) => ({ variant, name, l })),
  );
  for (const { variant, name, l } of rowsOn(environment, pairs, isDrawnOrVariation)) {
    it(`${variant}: autodiff gives both adjoints: ${name}`, () => {
      const { x, filter, dy } = randomOperands(l, `gradients ${name}`);
      tf.tidy(() => {
        const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(l, variant));
        const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const [dx, dFilter] = tf.grads(op)(inputs, tf.tensor4d(dy, yShape(l)));
        expect(dx.shape).toEqual(xShape(l));
        expect(dFilter.shape).toEqual(filterShape(l));
        expect(mismatch(dx.dataSync(), oracle.backpropInput(l, dy, filter))).toBe('');
        expect(mismatch(dFilter.dataSync(), oracle.backpropFilter(l, x, dy))).toBe('');
      });
    });
  }

  // What stock tfjs can do right: no dilation, no groups, explicit pads.
  const stockLayers = Object.entries(CASES).filter(
    ([, { dilations, groups, outputPadding, strides }]) =>
      groups === 1 && dilations.every((d) => d === 1) && outputPadding.every((a, n) => a < strides[n]),
  );
  for (const [name, l] of rowsOn(environment, stockLayers, isDrawnOrVariation)) {
    const { x, filter, dy } = randomOperands(l, `stock ${name}`);

    it(`the forward pass is the autodiff gradient of tf.conv2d: ${name}`, () => {
      tf.tidy(() => {
        const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const conv = (input: tf.Tensor): tf.Tensor =>
          tf.conv2d(input as tf.Tensor4D, $filter, l.strides, explicitPad(l));
        const stock = tf.grad(conv)(tf.zeros(yShape(l)), $x);
        const ours = conv2dTranspose($x, $filter, yShape(l), l.strides, explicitPad(l));
        expect(mismatchOfPeers(ours.dataSync(), stock.dataSync(), oracle.forward(l, x, filter))).toBe('');
      });
    });

    it(`the gradients are those of tf.conv2dTranspose: ${name}`, () => {
      tf.tidy(() => {
        const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const gradients = (op: typeof conv2dTranspose | typeof tf.conv2dTranspose): tf.Tensor[] =>
          tf.grads((a, b) => op(a as tf.Tensor4D, b as tf.Tensor4D, yShape(l), l.strides, explicitPad(l)))(
            inputs,
            tf.tensor4d(dy, yShape(l)),
          );
        const [ours, stock] = [gradients(conv2dTranspose), gradients(tf.conv2dTranspose)];
        const truths = [oracle.backpropInput(l, dy, filter), oracle.backpropFilter(l, x, dy)];
        truths.forEach((truth, n) => expect(mismatchOfPeers(ours[n].dataSync(), stock[n].dataSync(), truth)).toBe(''));
      });
    });
  }

  if (environment.precision === 16) {
    console.warn(
      `${environment.name}: differences and second-order models are left out; half floats are too coarse for them`,
    );
    return;
  }

  it('the gradients of any order agree with finite differences of the one below', () => {
    // f = ⟨T(x, w)², v⟩ is quadratic in x and in w: a central difference along a direction is exact but for rounding.
    const l = layer({ inSize: [3, 3], dilations: [2, 1], pads: [1, 0, 1, 1], inChannels: 4, groups: 2 });
    const { x, filter, dy } = randomOperands(l, 'orders');
    tf.tidy(() => {
      const v = tf.tensor4d(dy, yShape(l));
      const f = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
        tf.sum(tf.mul(tf.square(conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(l))), v));
      const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
      const [u1, u2] = [1, 2].map((n) => tf.tensor4d(uniform(x.length, `direction ${n}`), xShape(l)));
      const u3 = tf.tensor4d(uniform(filter.length, 'direction 3'), filterShape(l));
      const along = (g: tf.Tensor, u: tf.Tensor): tf.Scalar => tf.sum(tf.mul(g, u));
      const first = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => along(tf.grad((t) => f(t, b))(a), u1);
      const second = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => along(tf.grad((t) => first(t, b))(a), u2);
      const third = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => along(tf.grad((t) => second(a, t))(b), u3);
      const difference = (g: typeof f, u: tf.Tensor, n: 0 | 1): number => {
        const step = tf.scalar(0.25);
        const at = (sign: 1 | -1): number => {
          const moved = [$x, $filter].map((t, m) =>
            m === n ? (sign === 1 ? tf.add(t, tf.mul(u, step)) : tf.sub(t, tf.mul(u, step))) : t,
          );
          return g(moved[0], moved[1]).dataSync()[0];
        };
        return (at(1) - at(-1)) / 0.5;
      };
      const check = (order: typeof f, below: typeof f, u: tf.Tensor, n: 0 | 1): void => {
        const [exact, measured] = [order($x, $filter).dataSync()[0], difference(below, u, n)];
        expect(Math.abs(exact)).toBeGreaterThan(0.1);
        expect(Math.abs(measured - exact)).toBeLessThan(1e-4 * Math.abs(exact) + 1e-3);
      };
      check(first, f, u1, 0);
      check(second, first, u2, 0);
      check(third, second, u3, 1);
    });
  });
});

/** A generator with two transposed layers and smooth activations, z → y, and a discriminator y → score, in float64. */
const FIRST = layer({ inSize: [2, 2], inChannels: 3, outChannels: 4, kernel: [3, 3], pads: [0, 1, 0, 1] });
const SECOND = layer({ inSize: [4, 4], inChannels: 4, outChannels: 2, kernel: [4, 4], pads: [1, 1, 1, 1] });
/** The discriminator's tf.conv2d is ∂Φ/∂x of this layer: 8×8×2 in, 4×4×3 out. */
const CRITIC = layer({ inSize: [4, 4], inChannels: 3, outChannels: 2, kernel: [3, 3], pads: [0, 1, 0, 1] });

const activate = (x: number): number => x + (x * x) / 2;
const activation = (x: tf.Tensor): tf.Tensor => tf.add(x, tf.mul(tf.square(x), 0.5));

interface Weights {
  z: ArrayLike<number>;
  first: ArrayLike<number>;
  second: ArrayLike<number>;
  critic: ArrayLike<number>;
}

/**
 * The gradient penalty (‖∂score/∂y‖ − 1)² of WGAN-GP at y = G(z), with score = ⟨v, a(conv2d(y, critic))⟩. Or the same
 * norm taken with respect to z, through the generator. The inner gradients are written out by hand, from the oracle
 * alone.
 *
 * The activation is a(x) = x + x²/2. It is exact in float32 on every backend, which a GPU's sine is not. It has a
 * second derivative that tfjs 4.22 can take, which tanh, sigmoid, elu and exp have not: their gradient is computed from
 * an output that is not on its tape.
 */
function penaltyInFloat64({ z, first, second, critic }: Weights, v: ArrayLike<number>, through: 'y' | 'z'): number {
  const beforeH = oracle.forward(FIRST, z, first).values;
  const beforeY = oracle.forward(SECOND, beforeH.map(activate), second).values;
  const beforeC = oracle.backpropInput(CRITIC, beforeY.map(activate), critic).values;
  const throughActivation = (gradient: Float64Array, before: Float64Array): Float64Array =>
    gradient.map((g, n) => g * (1 + before[n]));
  let gradient = oracle.forward(CRITIC, throughActivation(Float64Array.from(v), beforeC), critic).values;
  if (through === 'z') {
    gradient = oracle.backpropInput(SECOND, throughActivation(gradient, beforeY), second).values;
    gradient = oracle.backpropInput(FIRST, throughActivation(gradient, beforeH), first).values;
  }
  return (Math.hypot(...gradient) - 1) ** 2;
}

const isFineEnough = ({ precision }: Environment): boolean => precision !== 16;
describeOnEveryBackend('second-order gradients', secondOrder, isFineEnough);

function secondOrder(environment: Environment): void {
  const v = uniform(48, 'v');
  const weights: Record<keyof Weights, Float32Array> = {
    z: uniform(12, 'z'),
    first: uniform(108, 'first').map((w) => w / 3),
    second: uniform(128, 'second').map((w) => w / 3),
    critic: uniform(54, 'critic').map((w) => w / 2),
  };
  const names = Object.keys(weights) as (keyof Weights)[];
  const shapes = {
    z: xShape(FIRST),
    first: filterShape(FIRST),
    second: filterShape(SECOND),
    critic: filterShape(CRITIC),
  };

  for (const variant of variantsOn(environment)) {
    for (const through of ['y', 'z'] as const) {
      it(`${variant}: a gradient penalty with respect to ${through} differentiates like its float64 model`, () => {
        const up = (l: Layer, x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
          activation(conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, ...opArguments(l, variant)));
        const penalty = (...[z, first, second, critic]: tf.Tensor[]): tf.Scalar => {
          const generate = (from: tf.Tensor): tf.Tensor => up(SECOND, up(FIRST, from, first), second);
          const score = (y: tf.Tensor): tf.Scalar =>
            tf.sum(
              tf.mul(
                activation(tf.conv2d(y as tf.Tensor4D, critic as tf.Tensor4D, 2, 'same')),
                tf.tensor4d(v, xShape(CRITIC)),
              ),
            );
          const gradient = through === 'y' ? tf.grad(score)(generate(z)) : tf.grad((from) => score(generate(from)))(z);
          return tf.square(tf.sub(tf.norm(gradient), 1));
        };
        tf.tidy(() => {
          const inputs = names.map((name) => tf.tensor4d(weights[name], shapes[name]));
          const value = penalty(...inputs).dataSync()[0];
          expect(Math.abs(value - penaltyInFloat64(weights, v, through))).toBeLessThan(1e-5);
          const gradients = tf.grads(penalty)(inputs);
          names.forEach((name, n) => {
            const autodiff = gradients[n].dataSync();
            const step = 1e-5;
            for (const at of [0, 1, 5, weights[name].length - 1]) {
              const moved = (by: number): number => {
                const shifted = Float64Array.from(weights[name]);
                shifted[at] += by;
                return penaltyInFloat64({ ...weights, [name]: shifted }, v, through);
              };
              const difference = (moved(step) - moved(-step)) / (2 * step);
              expect(Math.abs(autodiff[at] - difference)).toBeLessThan(2e-5 + 1e-4 * Math.abs(difference));
            }
          });
        });
      });
    }
  }
}
