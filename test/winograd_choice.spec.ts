// SPDX-License-Identifier: Apache-2.0
/** Who takes 'winograd': 'auto', installed ops, gradients and `tune`, where a flag allows it. */
import * as tf from '@tensorflow/tfjs-core';
import { REPLACEABLE, clearTuning, explain, install, tune, uninstall } from '../src';
import { isEqual, mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend } from './support/environments';
import { runBackpropInput, runForward } from './support/kernels';
import { type Layer, filterShape, layer, outSize, randomOperands, requestOf, xShape, yShape } from './support/layer';
import { variantsThatRun } from './support/profile';
import { FAST_MATH, hasWinograd, runWinogradInput, winogradInputGradient } from './support/winograd';

/** One that it is predicted to be fastest on. */
const LARGE = layer({ inSize: [24, 24], kernel: [4, 4], pads: [1, 1, 1, 1], inChannels: 32, outChannels: 32 });

/** Checks what is installed with the flag off, on and off again; uninstalls it. */
function asTheFlagIs(check: (allowed: boolean) => void): void {
  try {
    for (const allowed of [false, true, false]) {
      tf.env().set(FAST_MATH, allowed);
      check(allowed);
    }
  } finally {
    uninstall();
  }
}

describeOnEveryBackend('winograd, who takes it', specs, hasWinograd);

function specs({ backend }: Environment): void {
  afterEach(() => {
    tf.env().set(FAST_MATH, false);
    clearTuning();
  });

  it("is taken by 'auto' only where the flag allows it, and pays", async () => {
    const run = (l: Layer) => (): void => {
      const { x, filter } = randomOperands(l, 'winograd, auto');
      runForward(l, x, filter, 'auto');
    };
    expect(await variantsThatRun(run(LARGE))).toEqual(['Conv2DTransposeSubpixel']);
    tf.env().set(FAST_MATH, true);
    expect(await variantsThatRun(run(LARGE))).toEqual(['Conv2DTransposeWinograd']);
    expect(explain(requestOf(LARGE)).reason).toContain('a flag allows');
    expect(explain(requestOf(layer())).variant).not.toBe('winograd');
    // Of each group there must be enough.
    const ofGroups = (groups: number): string | undefined =>
      explain(requestOf({ ...LARGE, inChannels: 64, outChannels: 64, groups })).variant;
    expect([ofGroups(2), ofGroups(8)]).toEqual(['winograd', 'subpixel']);
  });

  it('is taken by installed ops as the flag is at the time of a call', () => {
    const l = LARGE;
    const { x, filter } = randomOperands(l, 'winograd, installed');
    // It has bits of its own.
    const [exact, fast] = (['subpixel', 'winograd'] as const).map((variant) => runForward(l, x, filter, variant));
    expect(isEqual(fast, (at) => exact[at])).toBe(false);
    const run = (): Float32Array =>
      tf.tidy(() => {
        const [image, weights] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const [height, width] = outSize(l);
        const shape: [number, number, number, number] = [l.batch, height, width, l.outChannels];
        return tf.conv2dTranspose(image, weights, shape, l.strides, 'same').dataSync<'float32'>();
      });
    install();
    asTheFlagIs((allowed) => {
      const expected = allowed ? fast : exact;
      expect(isEqual(run(), (at) => expected[at])).toBe(true);
    });
  });

  for (const isFused of [false, true])
    it(`is taken by installed conv2d${isFused ? ', fused,' : ''} as the flag is at the time of a call`, () => {
      const channels = { inChannels: 32, outChannels: 32 };
      const l = layer({ inSize: [24, 24], strides: [1, 1], pads: [1, 1, 1, 1], ...channels });
      const { filter, dy } = randomOperands(l, 'winograd, installed conv2d');
      const [exact, fast] = [runBackpropInput(l, dy, filter), runWinogradInput(l, dy, filter)];
      expect(isEqual(fast, (at) => exact[at])).toBe(false);
      expect(mismatch(fast, winogradInputGradient(l, dy, filter))).toBe('');
      const bias = Float32Array.from({ length: 32 }, (_, n) => Math.cos(n));
      const run = (): Float32Array =>
        tf.tidy(() => {
          const operands = { x: tf.tensor4d(dy, yShape(l)), filter: tf.tensor4d(filter, filterShape(l)) };
          const y = isFused
            ? tf.fused.conv2d({ ...operands, strides: 1, pad: 'same', bias: tf.tensor1d(bias), activation: 'relu' })
            : tf.conv2d(operands.x, operands.filter, 1, 'same');
          return y.dataSync<'float32'>();
        });
      install({ backends: [backend], kernels: REPLACEABLE });
      asTheFlagIs((allowed) => {
        const sums = allowed ? fast : exact;
        const fusedAt = (at: number): number => Math.max(0, Math.fround(sums[at] + bias[at % 32]));
        expect(isEqual(run(), isFused ? fusedAt : (at) => sums[at])).toBe(true);
      });
    });

  it('leaves the input gradient exact of few channels, whose transforms take longer than the products save', () => {
    const strides: [number, number] = [1, 1];
    const l = layer({ inSize: [64, 64], strides, pads: [1, 1, 1, 1], inChannels: 12, outChannels: 12 });
    const { filter, dy } = randomOperands(l, 'winograd, few channels');
    const exact = runBackpropInput(l, dy, filter);
    tf.env().set(FAST_MATH, true);
    expect(isEqual(runBackpropInput(l, dy, filter), (at) => exact[at])).toBe(true);
  });

  it('is told of where a gradient is computed so, and timed apart', async () => {
    const installed = (): string => explain(requestOf(LARGE)).installed['input gradient']!.reason;
    install({ kernels: ['Conv2D'] });
    try {
      expect(installed()).not.toContain('winograd');
      tf.env().set(FAST_MATH, true);
      expect(installed()).toContain('; by winograd, less exact, as a flag allows');
      const [winner] = await tune([requestOf(LARGE)], { samples: 1, passes: ['input gradient'] });
      const known = (): number | undefined => explain(requestOf(LARGE)).installed['input gradient']!.ours?.measuredMs;
      expect(known()).toBe(winner.ms.ours!);
      tf.env().set(FAST_MATH, false);
      expect(known()).toBeUndefined();
    } finally {
      uninstall();
      clearTuning();
    }
  });

  it('is measured by tune only where the flag allows it, and passed over where it no longer does', async () => {
    const request = requestOf(LARGE);
    const [exact] = await tune([request], { samples: 1 });
    expect(Object.keys(exact.ms).sort()).toEqual([...EXACT_VARIANTS].sort());
    tf.env().set(FAST_MATH, true);
    const [winner] = await tune([request], { samples: 1 });
    expect(winner.ms.winograd).toBeGreaterThan(0);
    tf.env().set(FAST_MATH, false);
    expect(explain(request).variant).not.toBe('winograd');
  });
}
