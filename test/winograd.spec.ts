// SPDX-License-Identifier: Apache-2.0
/** The variant 'winograd' and the input gradient of its kind, within a bound of their own (./support/winograd). */
import * as tf from '@tensorflow/tfjs-core';
import { conv2dTranspose, fused } from '../src';
import { isEqual, mismatch, shareOfBound } from './support/compare';
import { type Environment, describeOnEveryBackend } from './support/environments';
import { opArguments, runBackpropInput, runForward } from './support/kernels';
import { filterShape, layer, outSize, randomOperands, xShape } from './support/layer';
import * as oracle from './support/oracle';
import { FAST_MATH, hasWinograd, runWinogradInput, winogradForward, winogradInputGradient } from './support/winograd';
import { WINOGRAD_LAYERS } from './support/winograd_layers';

describeOnEveryBackend('winograd', specs, hasWinograd);

function specs({ name: environment }: Environment): void {
  afterEach(() => tf.env().set(FAST_MATH, false));
  const worst = { bound: 0, largest: 0 };
  const check = (result: Float32Array, truth: oracle.Truth): void => {
    expect(mismatch(result, truth)).toBe('');
    const largestOf = (values: Float64Array): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const error = largestOf(truth.values.map((value, at) => result[at] - value));
    worst.bound = Math.max(worst.bound, shareOfBound(result, truth));
    worst.largest = Math.max(worst.largest, error / (largestOf(truth.values) || 1));
  };
  const spread = (values: Float32Array, channels: number): Float32Array =>
    values.map((v, at) => v * 10 ** (6 * Math.abs(Math.sin(Math.floor(at / channels))) - 3));

  for (const [name, l] of Object.entries(WINOGRAD_LAYERS)) {
    const { x, filter, dy } = randomOperands(l, `winograd ${name}`);
    const { inChannels, outChannels, groups } = l;
    const spreadFilter = spread(filter, (outChannels / groups) * inChannels);
    it(`is within its bound: ${name}`, () =>
      check(runForward(l, x, filter, 'winograd'), winogradForward(l, x, filter)));
    it(`and where pixels and taps are of magnitudes 1e-3 to 1e3: ${name}`, () => {
      const a = spread(x, inChannels);
      check(runForward(l, a, spreadFilter, 'winograd'), winogradForward(l, a, spreadFilter));
    });
    it(`and so is the input gradient: ${name}`, () => {
      const run = (a: Float32Array, w: Float32Array): void =>
        check(runWinogradInput(l, a, w), winogradInputGradient(l, a, w));
      run(dy, filter);
      run(spread(dy, outChannels), spreadFilter);
    });
  }
  it('is within its bound in several blocks of tiles and of channels', () => {
    const strides: [number, number] = [1, 1];
    const l = layer({ inSize: [6, 6], strides, pads: [1, 1, 1, 1], inChannels: 8000, outChannels: 17 });
    const { x, filter } = randomOperands(l, 'winograd, blocks of both');
    check(runForward(l, x, filter, 'winograd'), winogradForward(l, x, filter));
  });
  it('and how far from it', () => {
    console.info(
      `winograd [${environment}]: the largest error was ${worst.bound.toPrecision(2)} of the bound, ` +
        `${worst.largest.toExponential(1)} of the largest output`,
    );
    expect(worst.bound).toBeGreaterThan(0);
  });

  for (const groups of [1, 2])
    it(`has gradients, the one of the input of its own kind where that pays: groups ${groups}`, () => {
      const channels = { inChannels: 16 * groups, outChannels: 40 * groups, groups };
      const l = layer({ inSize: [16, 16], kernel: [4, 4], pads: [1, 1, 1, 1], ...channels });
      const { x, filter, dy } = randomOperands(l, 'winograd, gradients');
      const op = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, ...opArguments(l, 'winograd'));
      const exact = runBackpropInput(l, dy, filter);
      const [height, width] = outSize(l);
      const [dx, dFilter] = tf.tidy(() =>
        tf
          .grads(op)(
            [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))],
            tf.tensor4d(dy, [l.batch, height, width, l.outChannels]),
          )
          .map((gradient) => gradient.dataSync()),
      );
      check(dx as Float32Array, winogradInputGradient(l, dy, filter));
      expect(mismatch(dFilter, oracle.backpropFilter(l, x, dy))).toBe('');
      expect(dx).not.toEqual(exact);
      // By name or by the flag: the same.
      tf.env().set(FAST_MATH, true);
      expect(runBackpropInput(l, dy, filter)).toEqual(dx as Float32Array);
    });

  it('fuses what others fuse', () => {
    const l = WINOGRAD_LAYERS['4 × 4, stride 2, unequal pads'];
    const { x, filter } = randomOperands(l, 'winograd, fused');
    const sums = runForward(l, x, filter, 'winograd');
    const bias = Float32Array.from({ length: l.outChannels }, (_, n) => Math.cos(n));
    const [, strides, pad] = opArguments(l, 'winograd');
    const y = tf.tidy(() =>
      fused
        .conv2dTranspose({
          x: tf.tensor4d(x, xShape(l)),
          filter: tf.tensor4d(filter, filterShape(l)),
          strides,
          pad,
          variant: 'winograd',
          bias: tf.tensor1d(bias),
          activation: 'relu',
        })
        .dataSync(),
    );
    expect(isEqual(y, (at) => Math.max(0, Math.fround(sums[at] + bias[at % l.outChannels])))).toBe(true);
  });
}
