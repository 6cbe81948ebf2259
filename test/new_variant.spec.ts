// SPDX-License-Identifier: Apache-2.0
/**
 * CONTRIBUTING's recipe for a variant, followed with a toy: its kernel is registered with a backend, and nothing else
 * changes. The op runs it, differentiates it, explains it and races it; the comparison and the plot take it in.
 */
import * as tf from '@tensorflow/tfjs-core';
import { benchOn, comparePass } from '../bench/compare_pass';
import { dotPlot } from '../bench/dot_plot';
import { fieldOf } from '../bench/field';
import type { Row } from '../bench/results';
import type { Workload } from '../bench/workloads';
import {
  VARIANTS,
  type Variant,
  clearTuning,
  computeGeometry,
  conv2dTranspose,
  explain,
  importTuning,
  install,
  tune,
  uninstall,
} from '../src';
import { type FamilyKernel, SUPPORTED, unsupported } from '../src/contract';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { changeDescriptor } from './support/descriptors';
import {
  EXACT_VARIANTS,
  type Environment,
  describeOnEveryBackend,
  hasKernels,
  isDrawn,
  rowsOn,
} from './support/environments';
import { opArguments, runForward } from './support/kernels';
import {
  type Layer,
  explicitPad,
  filterShape,
  layer,
  randomOperands,
  requestOf,
  xShape,
  yShape,
} from './support/layer';
import * as oracle from './support/oracle';
import { variantsThatRun } from './support/profile';
import { uniform } from './support/random';
import { secondOrder, secondOrderTruths } from './support/second_order';

const TOY = 'toy' as Variant;
const NO_DEPTHWISE = 'the toy takes no groups of one channel; a toy cannot do everything';

interface Scale {
  readonly domain: string[];
  readonly range: string[];
}

/** A layer as the comparison takes it. */
function workloadOf(of: Layer): Workload {
  return { name: 'toy', from: 'here', pad: explicitPad(of), geometry: computeGeometry(requestOf(of)), flops: 1 };
}

const l = layer({ inSize: [4, 4], kernel: [3, 2], pads: [1, 0, 0, 1], inChannels: 4, outChannels: 6 });
const request = requestOf(l);
const depthwise = CASES.depthwise;

describeOnEveryBackend('a new variant', toySpecs, hasKernels);

function toySpecs(environment: Environment): void {
  const { backend, precision, isCalibrated = true } = environment;
  const cases = rowsOn(environment, Object.entries(CASES), isDrawn);
  let runs = 0;
  let restore = (): void => undefined;
  beforeAll(() => {
    restore = changeDescriptor(backend, ({ variants }) => {
      const toy: FamilyKernel = {
        supports: (g) => (g.groups > 1 && g.groups === g.inChannels ? unsupported(NO_DEPTHWISE) : SUPPORTED),
        run: (call) => {
          runs++;
          return variants.matmul!.run(call);
        },
      };
      return { variants: { ...variants, [TOY]: toy } };
    });
  });
  afterAll(() => {
    clearTuning();
    restore();
  });
  afterEach(clearTuning);

  for (const [name, named] of cases) {
    if (named.groups > 1 && named.groups === named.inChannels) continue;
    it(`runs by name: ${name}`, () => {
      const { x, filter } = randomOperands(named, `toy ${name}`);
      const before = runs;
      expect(mismatch(runForward(named, x, filter, TOY), oracle.forward(named, x, filter))).toBe('');
      expect(runs).toBe(before + 1);
    });
  }

  it('has gradients', async () => {
    const { x, filter, dy } = randomOperands(l, 'toy gradients');
    const op = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, ...opArguments(l, TOY));
    const run = (): void =>
      tf.tidy(() => {
        const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const [dx, dFilter] = tf.grads(op)(inputs, tf.tensor4d(dy, yShape(l)));
        expect(mismatch(dx.dataSync(), oracle.backpropInput(l, dy, filter))).toBe('');
        expect(mismatch(dFilter.dataSync(), oracle.backpropFilter(l, x, dy))).toBe('');
      });
    expect(await variantsThatRun(run)).toEqual(['Conv2DTransposeToy']);
  });

  it('has gradients of second order, which run it again', async () => {
    const { x, filter } = randomOperands(l, 'toy, second order');
    const operands = { x, filter, u: uniform(x.length, 'toy, direction') };
    const truths = secondOrderTruths(l, operands);
    const before = runs;
    const run = (): void =>
      secondOrder(l, operands, TOY).forEach((gradient, n) => expect(mismatch(gradient, truths[n])).toBe(''));
    expect(await variantsThatRun(run)).toEqual(['Conv2DTransposeToy']);
    expect(runs).toBeGreaterThan(before + 1);
  });

  it("is never what 'auto' takes before it is calibrated or measured", () => {
    const before = runs;
    for (const [name, named] of cases) {
      const { x, filter } = randomOperands(named, `auto beside a toy ${name}`);
      expect(mismatch(runForward(named, x, filter, 'auto'), oracle.forward(named, x, filter))).toBe('');
    }
    expect(runs).toBe(before);
  });

  it('nor on a backend of which nothing is calibrated', () => {
    const calibrated = changeDescriptor(backend, () => ({ calibratedAs: { forward: 'nothing' } }));
    try {
      const { variant, reason, variants } = explain(request);
      expect(variant).toBe('subpixel');
      expect(reason).toContain(`backend '${backend}' has no calibrated model`);
      expect(Object.values(variants).every(({ predictedMs }) => predictedMs === undefined)).toBe(true);
    } finally {
      calibrated();
    }
  });

  it('is explained, with its support and without a prediction', () => {
    const { variant, variants } = explain(request);
    expect(variant).not.toBe(TOY);
    expect(Object.keys(variants).sort()).toEqual([...VARIANTS, TOY].sort());
    expect(variants[TOY]).toEqual({ support: SUPPORTED });
    expect(variants.subpixel.predictedMs !== undefined).toBe(isCalibrated);
    expect(explain(requestOf(depthwise)).variants[TOY]).toEqual({ support: unsupported(NO_DEPTHWISE) });
  });

  it('is refused by name where it cannot run, with its reason', () => {
    const { x, filter } = randomOperands(depthwise, 'toy, refused');
    const expected = `variant 'toy' cannot run on backend '${backend}': ${NO_DEPTHWISE}. 'auto', '`;
    expect(() => runForward(depthwise, x, filter, TOY)).toThrowError(new RegExp(expected));
    const unknown = 'fft' as Variant;
    expect(() => runForward(depthwise, x, filter, unknown)).toThrowError(/'subpixel'.*'toy', 'auto', but was .fft./);
  });

  it('is raced by tune, and run once it has won', async () => {
    const [winner] = await tune([request], { samples: 1 });
    expect(Object.keys(winner.ms).sort()).toEqual([...EXACT_VARIANTS, TOY].sort());
    expect(winner.ms[winner.fastest]).toBe(Math.min(...Object.values(winner.ms)));
    const { x, filter } = randomOperands(l, 'toy, tuned');
    const truth = oracle.forward(l, x, filter);
    const run = (): void => expect(mismatch(runForward(l, x, filter, 'auto'), truth)).toBe('');
    importTuning({ version: 2, winners: [{ ...winner, fastest: TOY }] });
    expect(explain(request).variant).toBe(TOY);
    expect(explain(request).reason).toContain('measured to be fastest');
    expect(await variantsThatRun(run)).toEqual(['Conv2DTransposeToy']);
  });

  it('runs under stock names once it has won, and is differentiated there', async () => {
    // This dilated conv2d is the adjoint of a transposed layer from 2×2×3 to 6×6×2.
    const dilated = layer({ inSize: [2, 2], strides: [1, 1], dilations: [2, 2] });
    const [winner] = await tune([requestOf(dilated)], { samples: 1 });
    importTuning({ version: 2, winners: [{ ...winner, fastest: TOY }] });
    install({ backends: [backend] });
    tf.unregisterGradient('Conv2DTransposeToy'); // As in a page that has not called the op yet.
    try {
      const { x: v, filter, dy: image } = randomOperands(dilated, 'toy, installed');
      const gradient = tf.tidy(() => {
        const [$v, $image] = [tf.tensor4d(v, xShape(dilated)), tf.tensor4d(image, yShape(dilated))];
        const product = (t: tf.Tensor, w: tf.Tensor): tf.Tensor =>
          tf.sum(tf.mul(tf.conv2d(t as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NHWC', 2), $v));
        // ∂product/∂t is T(v, w). Half of its square has the gradient C(v, T(v, w)).
        const half = (w: tf.Tensor): tf.Tensor => tf.mul(0.5, tf.sum(tf.square(tf.grad((t) => product(t, w))($image))));
        return tf
          .grad(half)(tf.tensor4d(filter, filterShape(dilated)))
          .dataSync();
      });
      const inner = oracle.forward(dilated, v, filter);
      const { values } = oracle.backpropFilter(dilated, v, inner.values);
      const { bound } = oracle.backpropFilter(dilated, v.map(Math.abs), inner.bound);
      expect(mismatch(gradient, { values, bound: bound.map((b) => 2 * b) })).toBe('');
    } finally {
      uninstall();
    }
  });

  it('has a row in the comparison, with an error within the bound', async () => {
    const workload = workloadOf(l);
    const field = fieldOf({ variants: [...EXACT_VARIANTS, TOY], stock: true }, workload, 'forward');
    const rows = await comparePass(benchOn(backend), 'forward', workload, field, { repeat: 1, budget: 1e6 });
    expect(rows.map(({ contender }) => contender)).toEqual([...EXACT_VARIANTS, TOY, 'stock']);
    const row = rows.find(({ contender }) => contender === TOY)!;
    expect(row.ms).toBeGreaterThan(0);
    // The comparison holds float32 results to their bound; half floats are coarser.
    if (precision !== 16) expect(row.error).toBeLessThanOrEqual(1);
  });

  it('is left out of the comparison where it cannot run, with its reason', () => {
    const { names, unable } = fieldOf({ variants: [TOY], stock: false }, workloadOf(depthwise), 'forward');
    expect(names).toEqual([]);
    expect(unable).toEqual([{ name: TOY, reason: NO_DEPTHWISE }]);
  });
}

it('a new variant has a colour of its own in the plot', () => {
  const contenders = [...VARIANTS, TOY, 'stock'];
  const rows = contenders.map((contender) => ({ contender, runs: 1 }) as Row);
  const { encoding } = dotPlot(rows, 'gflops', 'GFLOP/s') as { encoding: { color: { scale: Scale } } };
  const { domain, range } = encoding.color.scale;
  expect([...domain].sort()).toEqual([...contenders].sort());
  expect(range[domain.indexOf(TOY)]).toMatch(/^#[0-9a-f]{6}$/);
  expect(new Set(range).size).toBe(contenders.length);
});
