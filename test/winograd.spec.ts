// SPDX-License-Identifier: Apache-2.0
/**
 * The variant 'winograd', which mixes neighbours before it multiplies: against the oracle within a bound of its own,
 * where it can't run, who may take it, and what it makes of infinities.
 *
 * The bound follows from the one that ../kernels/family/winograd derives, with the largest of a channel's pixels for
 * each of them. Along an axis the sums of |Aᵀ| |G| |w| · |Bᵀ| |x| of F(2, 2), F(3, 2) and F(2, 3) are at most
 * 4 max|x| Σ|w| in any row of Aᵀ. So with n terms of a product, n + 10 roundings at most,
 *
 *     |y − y64| ≤ 16 · (n + 10) · ε32 / 2 · Σ_channels max|x| · Σ_taps |w|
 */
import * as tf from '@tensorflow/tfjs-core';
import { compile } from '../kernels/engine/compile';
import { currentEngine } from '../kernels/engine/engines';
import { supportsWinograd, takesWinogradInput, winograd, winogradInput } from '../kernels/family/winograd';
import {
  REPLACEABLE,
  clearTuning,
  computeGeometry,
  conv2dTranspose,
  explain,
  fused,
  install,
  tune,
  uninstall,
} from '../src';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend, hasKernels } from './support/environments';
import { opArguments, runBackpropInput, runForward } from './support/kernels';
import { type Layer, filterShape, layer, outSize, randomOperands, requestOf, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';
import { variantsThatRun } from './support/profile';

const FLAG = 'CONV2D_TRANSPOSE_FAST_MATH';

const LAYERS: Record<string, Layer> = {
  '4 × 4, stride 2': layer({ inSize: [8, 8], kernel: [4, 4], pads: [1, 1, 1, 1], inChannels: 16, outChannels: 12 }),
  '4 × 4, stride 2, unequal pads': layer({
    kernel: [4, 4],
    pads: [0, 2, 3, 1],
    inChannels: 9,
    outChannels: 7,
    batch: 2,
  }),
  '4 × 4, stride 2, longer tiles': layer({ inSize: [25, 31], kernel: [4, 4], inChannels: 5, outChannels: 6 }),
  '3 × 3, stride 1': layer({ inSize: [7, 9], strides: [1, 1], pads: [1, 1, 1, 1], inChannels: 13, outChannels: 10 }),
  '3 × 3, stride 1, nothing cropped': layer({
    inSize: [6, 5],
    strides: [1, 1],
    inChannels: 8,
    outChannels: 3,
    batch: 3,
  }),
  '3 × 3, stride 2': layer({ inSize: [9, 26], inChannels: 6, outChannels: 9 }),
  '5 × 5, stride 2': layer({ inSize: [6, 7], kernel: [5, 5], pads: [2, 1, 1, 2], inChannels: 11, outChannels: 21 }),
  '5 × 4, strides 2 and 3': layer({ inSize: [6, 7], kernel: [5, 4], strides: [2, 3], inChannels: 4, outChannels: 8 }),
  '6 × 7, stride 3, output padding': layer({
    inSize: [5, 4],
    kernel: [6, 7],
    strides: [3, 3],
    outputPadding: [2, 1],
    inChannels: 7,
  }),
  '3 × 4, stride 2, where phases share columns': layer({
    inSize: [7, 11],
    kernel: [3, 4],
    inChannels: 6,
    outChannels: 9,
  }),
  '6 × 6, stride 2, where phases share tiles': layer({
    inSize: [9, 13],
    kernel: [6, 6],
    pads: [2, 2, 2, 2],
    inChannels: 18,
    outChannels: 5,
    batch: 2,
  }),
  '5 × 5, stride 3': layer({ inSize: [6, 5], kernel: [5, 5], strides: [3, 3], inChannels: 9, outChannels: 12 }),
  'a kernel smaller than the stride in a row': layer({
    inSize: [6, 5],
    kernel: [4, 1],
    strides: [2, 2],
    inChannels: 5,
    outChannels: 9,
  }),
  'a single pixel and channel': layer({ inSize: [1, 1], inChannels: 1, outChannels: 1 }),
  'a row': layer({ inSize: [1, 40], kernel: [1, 4], inChannels: 8, outChannels: 8 }),
  'an empty batch': layer({ batch: 0 }),
  'several blocks of tiles': layer({
    inSize: [51, 50],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    inChannels: 128,
    outChannels: 5,
  }),
  'several blocks of tiles that phases share': layer({
    inSize: [66, 65],
    kernel: [4, 4],
    pads: [1, 1, 1, 1],
    inChannels: 37,
    outChannels: 3,
  }),
  'several blocks of channels': layer({
    inSize: [5, 6],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    inChannels: 200,
    outChannels: 190,
  }),
  '2 groups of odd channels': layer({
    inSize: [7, 6],
    kernel: [4, 4],
    pads: [1, 1, 1, 1],
    inChannels: 10,
    outChannels: 14,
    groups: 2,
    batch: 3,
  }),
  '3 groups, 3 × 3, stride 2': layer({ inSize: [9, 8], inChannels: 21, outChannels: 15, groups: 3, batch: 2 }),
  '4 groups, stride 1': layer({
    inSize: [12, 7],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    inChannels: 36,
    outChannels: 44,
    groups: 4,
  }),
  '3 groups of a channel in, 5 × 4, stride 2': layer({
    inSize: [6, 9],
    kernel: [5, 4],
    inChannels: 3,
    outChannels: 6,
    groups: 3,
  }),
  '2 groups in several blocks of tiles': layer({
    inSize: [51, 50],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    inChannels: 130,
    outChannels: 10,
    groups: 2,
  }),
  '2 groups in several blocks of channels': layer({
    inSize: [5, 6],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    inChannels: 398,
    outChannels: 382,
    groups: 2,
  }),
};

/** One that it is predicted to be fastest on. */
const LARGE = layer({ inSize: [24, 24], kernel: [4, 4], pads: [1, 1, 1, 1], inChannels: 32, outChannels: 32 });

/** A result, its truth, and the operands: images, and a filter by channels of theirs and of the result. */
interface Computed {
  readonly result: Float32Array;
  readonly truth: ArrayLike<number>;
  readonly images: Float32Array;
  readonly batch: number;
  /** Channels of the images, and of the result. */
  readonly channels: readonly [from: number, to: number];
  /** Terms of a product. */
  readonly terms: number;
  /** Σ over taps of |w|, of a channel of the images and one of the result. */
  magnitude(from: number, to: number): number;
}

function forward(l: Layer, x: Float32Array, filter: Float32Array, result: Float32Array): Computed {
  const { inChannels, outChannels, batch, groups } = l;
  return {
    ...{ result, images: x, batch, truth: oracle.forward(l, x, filter).values },
    channels: [inChannels, outChannels],
    terms: inChannels / groups,
    magnitude: (from, to) => sumOverTaps(l, filter, from, to),
  };
}

function inputGradient(l: Layer, dy: Float32Array, filter: Float32Array, result: Float32Array): Computed {
  const { inChannels, outChannels, batch, strides, groups } = l;
  return {
    ...{ result, images: dy, batch, truth: oracle.backpropInput(l, dy, filter).values },
    channels: [outChannels, inChannels],
    terms: (outChannels / groups) * strides[0] * strides[1],
    magnitude: (from, to) => sumOverTaps(l, filter, to, from),
  };
}

/** Of a channel of x and one of y: 0 if they are of different groups. */
function sumOverTaps({ inChannels, outChannels, groups }: Layer, filter: Float32Array, x: number, y: number): number {
  const [inDepth, outDepth] = [inChannels / groups, outChannels / groups];
  if (Math.floor(x / inDepth) !== Math.floor(y / outDepth)) return 0;
  let sum = 0;
  for (let at = (y % outDepth) * inChannels + x; at < filter.length; at += inChannels * outDepth)
    sum += Math.abs(filter[at]);
  return sum;
}

/** The worst error as a part of the bound, NaN if there is one; and of the largest value. */
function worstOf({ result, truth, images, batch, channels: [from, to], terms, magnitude }: Computed): Worst {
  let [bound, error, largest] = [0, 0, Number.MIN_VALUE];
  for (let b = 0; b < batch; b++) {
    const most = new Float64Array(from);
    const pixels = images.length / batch;
    for (let at = b * pixels; at < (b + 1) * pixels; at++)
      most[at % from] = Math.max(most[at % from], Math.abs(images[at]));
    const values = result.length / batch;
    for (let n = 0; n < to; n++) {
      const sum = most.reduce((all, value, k) => all + value * magnitude(k, n), 0);
      for (let at = b * values + n; at < (b + 1) * values; at += to) {
        const difference = Math.abs(result[at] - truth[at]);
        const part = difference === 0 ? 0 : difference / (16 * (terms + 10) * 2 ** -24 * sum);
        bound = part <= bound ? bound : part;
        error = Math.max(error, difference);
        largest = Math.max(largest, Math.abs(truth[at]));
      }
    }
  }
  return { bound, largest: error / largest };
}

interface Worst {
  readonly bound: number;
  readonly largest: number;
}

/** Whether each value is the expected one, bit by bit, NaN included; a runner's own comparison takes seconds. */
function isEqual(values: ArrayLike<number>, expectedAt: (at: number) => number): boolean {
  return Array.from(values).every((value, at) => Object.is(value, expectedAt(at)));
}

/** The input gradient computed so, whether that pays or not. */
function runInput(l: Layer, dy: Float32Array, filter: Float32Array): Float32Array {
  const plan = winogradInput(computeGeometry(requestOf(l)));
  return currentEngine().run(plan, dy, filter, (values) => values.slice());
}

/** Whether it can run there: in memory, on an engine that has transforms. */
const hasWinograd = ({ backend, name }: Environment): boolean =>
  (backend === 'cpu' && !name.includes('plain')) || backend === 'wasm';

describeOnEveryBackend('winograd', specs, hasWinograd);

function specs({ name: environment, backend }: Environment): void {
  afterEach(() => {
    tf.env().set(FLAG, false);
    clearTuning();
  });
  const worst = { bound: 0, largest: 0 };
  const check = (computed: Computed): void => {
    const found = worstOf(computed);
    expect(found.bound).toBeLessThanOrEqual(1);
    worst.bound = Math.max(worst.bound, found.bound);
    worst.largest = Math.max(worst.largest, found.largest);
  };
  const spread = (values: Float32Array, channels: number): Float32Array =>
    values.map((v, at) => v * 10 ** (6 * Math.abs(Math.sin(Math.floor(at / channels))) - 3));

  for (const [name, l] of Object.entries(LAYERS)) {
    const { x, filter, dy } = randomOperands(l, `winograd ${name}`);
    const { inChannels, outChannels, groups } = l;
    const spreadFilter = spread(filter, (outChannels / groups) * inChannels);
    it(`is within its bound: ${name}`, () => check(forward(l, x, filter, runForward(l, x, filter, 'winograd'))));
    it(`and where pixels and taps are of magnitudes 1e-3 to 1e3: ${name}`, () => {
      const a = spread(x, inChannels);
      check(forward(l, a, spreadFilter, runForward(l, a, spreadFilter, 'winograd')));
    });
    it(`and so is the input gradient: ${name}`, () => {
      const run = (a: Float32Array, w: Float32Array): void => check(inputGradient(l, a, w, runInput(l, a, w)));
      run(dy, filter);
      run(spread(dy, outChannels), spreadFilter);
    });
  }
  it('is within its bound in several blocks of tiles and of channels', () => {
    const strides: [number, number] = [1, 1];
    const l = layer({ inSize: [6, 6], strides, pads: [1, 1, 1, 1], inChannels: 8000, outChannels: 17 });
    const { x, filter } = randomOperands(l, 'winograd, blocks of both');
    check(forward(l, x, filter, runForward(l, x, filter, 'winograd')));
  });
  it('and how far from it', () => {
    console.info(
      `winograd [${environment}]: the largest error was ${worst.bound.toPrecision(2)} of the bound, ` +
        `${worst.largest.toExponential(1)} of the largest output`,
    );
    expect(worst.bound).toBeGreaterThan(0);
  });

  it('fuses what others fuse', () => {
    const l = LAYERS['4 × 4, stride 2, unequal pads'];
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

  // F(2, 2) and F(2, 3) read each pixel for those outputs alone that meet it, F(3, 2) some of them for one more.
  for (const [name, further] of [
    ['several blocks of tiles', 0],
    ['6 × 6, stride 2, where phases share tiles', 0],
    ['several blocks of tiles that phases share', 1],
  ] as const)
    it(`makes NaN of an infinity: ${name} (outputs of a phase beyond the definition: ${further})`, () => {
      const l = LAYERS[name];
      const { x, filter } = randomOperands(l, 'winograd, infinity');
      const before = runForward(l, x, filter, 'winograd');
      const [, width] = outSize(l);
      let furthest = 0;
      for (const [row, col] of [
        [4, 7],
        [5, 8],
        [6, 9],
      ]) {
        const spoilt = x.slice();
        spoilt[(row * l.inSize[1] + col) * l.inChannels] = Infinity;
        const after = runForward(l, spoilt, filter, 'winograd');
        expect(after.some(Number.isNaN)).toBe(true);
        for (let at = 0; at < after.length; at++) {
          if (Object.is(after[at], before[at])) continue;
          const pixel = Math.floor(at / l.outChannels);
          const beyond = [Math.floor(pixel / width) - row * l.strides[0], (pixel % width) - col * l.strides[1]].map(
            // The definition has it meet the outputs from −pad to −pad + kernel − 1.
            (away, n) => Math.max(-l.pads[2 * n] - away, away + l.pads[2 * n] - l.kernel[n] + 1) / l.strides[n],
          );
          furthest = Math.max(furthest, ...beyond);
        }
      }
      expect(Math.ceil(furthest)).toBe(further);
    });

  for (const value of [NaN, Infinity]) {
    it(`keeps ${value} of a group in it, of images as of the filter`, () => {
      const l = layer({ inSize: [6, 5], kernel: [4, 4], inChannels: 15, outChannels: 21, groups: 3, batch: 2 });
      const { x, filter, dy } = randomOperands(l, 'winograd, a group');
      const { inChannels, outChannels } = l;
      const forward = (a: Float32Array, w: Float32Array): Float32Array => runForward(l, a, w, 'winograd');
      const gradient = (a: Float32Array, w: Float32Array): Float32Array => runInput(l, a, w);
      const isMiddle = (at: number, channels: number): boolean => Math.floor(((at % channels) * 3) / channels) === 1;
      const spoilt = (values: Float32Array, channels: number): Float32Array =>
        values.map((v, at) => (isMiddle(at, channels) ? value : v));
      const check = (before: Float32Array, after: Float32Array, channels: number): void => {
        expect(after.some((v, at) => isMiddle(at, channels) && Number.isNaN(v))).toBe(true);
        expect(isEqual(after, (at) => (isMiddle(at, channels) ? after[at] : before[at]))).toBe(true);
      };
      check(forward(x, filter), forward(spoilt(x, inChannels), filter), outChannels);
      check(forward(x, filter), forward(x, spoilt(filter, inChannels)), outChannels);
      check(gradient(dy, filter), gradient(spoilt(dy, outChannels), filter), inChannels);
      check(gradient(dy, filter), gradient(dy, spoilt(filter, inChannels)), inChannels);
    });
  }

  it("is taken by 'auto' only where the flag allows it, and pays", async () => {
    const run = (l: Layer) => (): void => {
      const { x, filter } = randomOperands(l, 'winograd, auto');
      runForward(l, x, filter, 'auto');
    };
    expect(await variantsThatRun(run(LARGE))).toEqual(['Conv2DTransposeSubpixel']);
    tf.env().set(FLAG, true);
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
    try {
      for (const [allowed, expected] of [
        [false, exact],
        [true, fast],
        [false, exact],
      ] as const) {
        tf.env().set(FLAG, allowed);
        expect(isEqual(run(), (at) => expected[at])).toBe(true);
      }
    } finally {
      uninstall();
    }
  });

  for (const isFused of [false, true])
    it(`is taken by installed conv2d${isFused ? ', fused,' : ''} as the flag is at the time of a call`, () => {
      const channels = { inChannels: 32, outChannels: 32 };
      const l = layer({ inSize: [24, 24], strides: [1, 1], pads: [1, 1, 1, 1], ...channels });
      const { filter, dy } = randomOperands(l, 'winograd, installed conv2d');
      const [exact, fast] = [runBackpropInput(l, dy, filter), runInput(l, dy, filter)];
      expect(isEqual(fast, (at) => exact[at])).toBe(false);
      check(inputGradient(l, dy, filter, fast));
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
      try {
        for (const [allowed, sums] of [
          [false, exact],
          [true, fast],
          [false, exact],
        ] as const) {
          tf.env().set(FLAG, allowed);
          const fusedAt = (at: number): number => Math.max(0, Math.fround(sums[at] + bias[at % 32]));
          expect(isEqual(run(), isFused ? fusedAt : (at) => sums[at])).toBe(true);
        }
      } finally {
        uninstall();
      }
    });

  it('needs at most 16 MB of scratch up to 1024 channels, for any number of threads', () => {
    const at = (size: number, kernel: number, stride: number, inChannels: number, outChannels: number): Layer =>
      layer({ inSize: [size, size], kernel: [kernel, kernel], strides: [stride, stride], inChannels, outChannels });
    const layers = [at(8, 8, 4, 512, 1024), at(6, 6, 3, 1024, 1024), at(64, 9, 3, 1024, 1024)];
    for (const g of [...layers, at(64, 12, 4, 1024, 64)].map((l) => computeGeometry(requestOf(l)))) {
      const plans = supportsWinograd(g).supported ? [winograd(g)] : [];
      if (takesWinogradInput(g, 'winograd')) plans.push(winogradInput(g));
      for (const plan of plans)
        for (const threads of [1, 2, 8])
          expect(compile(plan, 'in place', threads).bytes).toBeLessThanOrEqual(16 * 2 ** 20);
    }
  });

  it('is told of where a gradient is computed so, and timed apart', async () => {
    const installed = (): string => explain(requestOf(LARGE)).installed['input gradient']!.reason;
    install({ kernels: ['Conv2D'] });
    try {
      expect(installed()).not.toContain('winograd');
      tf.env().set(FLAG, true);
      expect(installed()).toContain('; by winograd, less exact, as a flag allows');
      const [winner] = await tune([requestOf(LARGE)], { samples: 1, passes: ['input gradient'] });
      const known = (): number | undefined => explain(requestOf(LARGE)).installed['input gradient']!.ours?.measuredMs;
      expect(known()).toBe(winner.ms.ours!);
      tf.env().set(FLAG, false);
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
    tf.env().set(FLAG, true);
    const [winner] = await tune([request], { samples: 1 });
    expect(winner.ms.winograd).toBeGreaterThan(0);
    tf.env().set(FLAG, false);
    expect(explain(request).variant).not.toBe('winograd');
  });

  for (const [what, l, reason] of [
    [
      'a group for each channel',
      layer({ groups: 4, inChannels: 4, outChannels: 4 }),
      /'winograd' cannot run.*each of the 4 channels is a group of its own.*use fewer groups/,
    ],
    ['dilation', layer({ dilations: [2, 1] }), /'winograd' cannot run.*it takes no dilation/],
    ['more taps of a phase than 3', layer({ kernel: [4, 4], strides: [1, 1] }), /4 × 4 taps.*'auto', 'subpixel'/],
    ['phases of one tap', layer({ kernel: [2, 2] }), /a phase has a single tap/],
  ] as const) {
    it(`is refused by name: ${what}`, () => {
      const { x, filter } = randomOperands(l, what);
      expect(() => runForward(l, x, filter, 'winograd')).toThrowError(reason);
    });
  }

  it('leaves the input gradient exact of few channels, whose transforms take longer than the products save', () => {
    const strides: [number, number] = [1, 1];
    const l = layer({ inSize: [64, 64], strides, pads: [1, 1, 1, 1], inChannels: 12, outChannels: 12 });
    const { filter, dy } = randomOperands(l, 'winograd, few channels');
    const exact = runBackpropInput(l, dy, filter);
    tf.env().set(FLAG, true);
    expect(isEqual(runBackpropInput(l, dy, filter), (at) => exact[at])).toBe(true);
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
      check(inputGradient(l, dy, filter, dx as Float32Array));
      expect(mismatch(dFilter, oracle.backpropFilter(l, x, dy))).toBe('');
      expect(dx).not.toEqual(exact);
      // By name or by the flag: the same.
      tf.env().set(FLAG, true);
      expect(runBackpropInput(l, dy, filter)).toEqual(dx as Float32Array);
    });
}

describeOnEveryBackend(
  'winograd, where there is none',
  () => {
    it('says so', () => {
      const l = layer({ kernel: [4, 4] });
      const { x, filter } = randomOperands(l, 'no winograd');
      expect(() => runForward(l, x, filter, 'winograd')).toThrowError(/'winograd' cannot run.*'auto'/);
    });
  },
  (environment) => hasKernels(environment) && !hasWinograd(environment),
);
