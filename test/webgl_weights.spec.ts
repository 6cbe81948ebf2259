// SPDX-License-Identifier: Apache-2.0
/**
 * Nothing is stale when a variable changes. Weights come to the GPU packed where ours are the first to use them
 * (kernels/webgl/tfjs_internals), and stay there; so whoever uses them in whatever order must see each new value.
 */
import * as tf from '@tensorflow/tfjs-core';
import { conv2dTranspose, install, uninstall } from '../src';
import { mismatch } from './support/compare';
import { describeOnEveryBackend } from './support/environments';
import { opArguments } from './support/kernels';
import { type Layer, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';

/** Sizes that tfjs packs without lanes over, and with some. */
const LAYERS: Readonly<Record<string, Layer>> = {
  'even channels': layer({ inChannels: 8, outChannels: 4 }),
  'odd channels': layer({ inChannels: 7, outChannels: 3, kernel: [2, 3] }),
};

const RATE = 0.25;

describeOnEveryBackend(
  'weights that change',
  () => {
    for (const [name, l] of Object.entries(LAYERS)) {
      for (const installed of [false, true]) {
        it(`${name}${installed ? ', installed' : ''}: every user sees the values of now`, () => {
          if (installed) install({ backends: ['webgl'] });
          try {
            check(l);
          } finally {
            if (installed) uninstall();
          }
        });
      }
    }
  },
  ({ backend, isVariation }) => backend === 'webgl' && !isVariation,
);

/** A matrix product with the filter as lines of input channels. */
function product(filter: Float32Array, right: Float32Array, columns: number): oracle.Truth {
  const depth = right.length / columns;
  const values = new Float64Array((filter.length / depth) * columns);
  const bound = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    for (let k = 0; k < depth; k++) {
      const term = filter[Math.floor(at / columns) * depth + k] * right[k * columns + (at % columns)];
      values[at] += term;
      bound[at] += depth * Math.abs(term);
    }
  }
  return { values, bound };
}

function check(l: Layer): void {
  const operands = ['given', 'assigned', 'assigned again'].map((seed) => randomOperands(l, seed));
  const [{ x, dy }] = operands;
  const right = operands[1].x.slice(0, 2 * l.inChannels);
  const $x = tf.tensor4d(x, xShape(l));
  const $dy = tf.tensor4d(dy, yShape(l));
  const $right = tf.tensor2d(right, [l.inChannels, 2]);
  const w = tf.variable(tf.tensor4d(operands[0].filter.slice(), filterShape(l))) as tf.Variable<tf.Rank.R4>;
  const [, strides] = opArguments(l);
  const users: Readonly<Record<string, { run: () => tf.Tensor; truth: (filter: Float32Array) => oracle.Truth }>> = {
    'tf.conv2d': { run: () => tf.conv2d($dy, w, strides, 'valid'), truth: (f) => oracle.backpropInput(l, dy, f) },
    'our conv2dTranspose': {
      run: () => conv2dTranspose($x, w, ...opArguments(l)),
      truth: (f) => oracle.forward(l, x, f),
    },
    'tf.conv2dTranspose': {
      run: () => tf.conv2dTranspose($x, w, yShape(l), strides, 'valid'),
      truth: (f) => oracle.forward(l, x, f),
    },
    'tf.matMul': {
      run: () => tf.matMul(tf.reshape(w, [-1, l.inChannels]), $right),
      truth: (f) => product(f, right, 2),
    },
  };
  const names = Object.keys(users);
  let turn = 0;
  /** All users in turn, each time another first: who is the first to use new values decides how they lie. */
  const checkUsers = (what: string, filter: Float32Array): void => {
    for (let n = 0; n < names.length; n++) {
      const name = names[(n + turn) % names.length];
      const result = tf.tidy(users[name].run);
      const wrong = mismatch(result.dataSync<'float32'>(), users[name].truth(filter));
      expect(`${what}, ${name}: ${wrong}`).toBe(`${what}, ${name}: `);
      result.dispose();
    }
    turn++;
  };
  const assign = (filter: Float32Array): void => {
    const values = tf.tensor4d(filter.slice(), filterShape(l));
    w.assign(values);
    values.dispose();
  };
  try {
    checkUsers('given', operands[0].filter);
    assign(operands[1].filter);
    checkUsers('assigned', operands[1].filter);
    expect(mismatch(w.dataSync<'float32'>(), exactly(operands[1].filter))).toBe('');
    checkUsers('read', operands[1].filter); // Reading takes them off the GPU.
    assign(operands[2].filter);
    w.dataSync();
    checkUsers('assigned and read', operands[2].filter);
    const gradient = oracle.backpropFilter(l, x, dy);
    for (const when of ['a step', 'another step']) {
      const before = w.dataSync<'float32'>().slice();
      const optimizer = tf.train.sgd(RATE);
      const cost = (): tf.Scalar => tf.sum(tf.mul(conv2dTranspose($x, w, ...opArguments(l)), $dy));
      tf.tidy(() => void optimizer.minimize(cost, false, [w]));
      optimizer.dispose();
      const copy = tf.clone(w); // Reading a copy leaves the variable on the GPU.
      const after = tf.tidy(() => tf.add(copy, 0).dataSync<'float32'>());
      copy.dispose();
      const stepped = {
        values: gradient.values.map((g, at) => before[at] - RATE * g),
        bound: gradient.bound.map((bound, at) => RATE * bound + 4 * (Math.abs(before[at]) + RATE * bound)),
      };
      expect(mismatch(after, stepped)).toBe('');
      checkUsers(when, after);
    }
  } finally {
    tf.dispose([$x, $dy, $right, w]);
  }
}

function exactly(values: Float32Array): oracle.Truth {
  return { values: Float64Array.from(values), bound: Float64Array.from(values, Math.abs) };
}
