// SPDX-License-Identifier: Apache-2.0
/** Stock ops on our kernels: the same results, gradients that stock lacks, and every stock function back afterwards. */
import * as tf from '@tensorflow/tfjs-core';
import { Conv2DTransposeBackpropInput, REPLACEABLE, clearTuning, importTuning, install, uninstall } from '../src';
import { descriptorOf } from '../src/contract';
import { geometryOfConvolution } from '../src/geometry/convolution';
import { type Environment, describeOnEveryBackend, hasKernels } from './support/environments';
import { type Shape4D, explicitPad, sizeOf } from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import { uniform } from './support/random';

type Strides = [number, number] | number;
type Pad = Parameters<typeof tf.conv2d>[3];

interface Case {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: Strides;
  pad: Pad;
  dilations?: number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  /** Where stock computes conv2d wrongly, or writes past the end of its result. */
  wrongOn?: 'wasm';
}

/** What tfjs-core's own specs of conv2d and its gradients go through. */
const CASES: Record<string, Case> = {
  '1 × 1': { x: [1, 4, 4, 3], filter: [1, 1, 3, 2], strides: 1, pad: 0 },
  "2 × 2, 'valid'": { x: [1, 3, 3, 1], filter: [2, 2, 1, 1], strides: 1, pad: 'valid' },
  "3 × 3, 'same'": { x: [2, 5, 6, 3], filter: [3, 3, 3, 4], strides: 1, pad: 'same' },
  'stride 2, odd': { x: [1, 7, 5, 4], filter: [3, 3, 4, 5], strides: 2, pad: 'same' },
  'stride 2, leftover': { x: [2, 6, 8, 3], filter: [3, 2, 3, 2], strides: 2, pad: 'valid' },
  'asymmetric strides': { x: [1, 6, 7, 2], filter: [2, 3, 2, 3], strides: [1, 2], pad: 'same' },
  'kernel smaller than stride': { x: [1, 9, 8, 2], filter: [2, 2, 2, 3], strides: 3, pad: 'same', wrongOn: 'wasm' },
  '1 × 1, kernel smaller than stride': { x: [1, 6, 8, 2], filter: [1, 1, 2, 3], strides: 2, pad: 'same' },
  'stride that one axis exceeds': {
    x: [1, 6, 6, 2],
    filter: [1, 3, 2, 3],
    strides: 2,
    pad: 'same',
    wrongOn: 'wasm',
  },
  'pad 1': { x: [1, 4, 5, 3], filter: [3, 3, 3, 2], strides: 2, pad: 1 },
  "pad 1, 'floor'": { x: [1, 6, 5, 3], filter: [3, 3, 3, 2], strides: 2, pad: 1, dimRoundingMode: 'floor' },
  "pad 1, 'ceil'": {
    x: [1, 6, 5, 3],
    filter: [3, 3, 3, 2],
    strides: 2,
    pad: 1,
    dimRoundingMode: 'ceil',
    wrongOn: 'wasm',
  },
  'pad 1, asymmetric strides': { x: [1, 6, 7, 2], filter: [3, 3, 2, 3], strides: [1, 2], pad: 1, wrongOn: 'wasm' },
  'explicit pad': { x: [1, 4, 5, 2], filter: [2, 3, 2, 3], strides: 1, pad: explicitPad({ pads: [1, 0, 0, 2] }) },
  'dilation 2': { x: [1, 7, 8, 2], filter: [3, 3, 2, 3], strides: 1, pad: 'same', dilations: 2 },
  'dilation 3': { x: [2, 9, 9, 2], filter: [2, 3, 2, 2], strides: 1, pad: 'valid', dilations: 3 },
};

const tensorOf = (shape: number[], seed: string): tf.Tensor4D =>
  tf.tensor4d(uniform(sizeOf(shape), seed), shape as Shape4D);

function conv({ strides, pad, dilations, dimRoundingMode }: Case, x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  return tf.conv2d(x, filter, strides, pad, 'NHWC', dilations ?? 1, dimRoundingMode);
}

/** conv2d and both its gradients. */
function values(c: Case, name: string): number[][] {
  return tf.tidy(() => {
    const [x, filter] = [tensorOf(c.x, `${name} x`), tensorOf(c.filter, `${name} filter`)];
    const y = conv(c, x, filter);
    const dy = tensorOf(y.shape, `${name} dy`);
    const gradients = tf.grads((a, b) => conv(c, a as tf.Tensor4D, b as tf.Tensor4D))([x, filter], dy);
    return [y, ...gradients].map((tensor) => [...tensor.dataSync()]);
  });
}

function expectClose(actual: number[], expected: number[], precision: Environment['precision']): void {
  const tolerance = precision === 16 ? 2e-2 : 2e-5;
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...actual.map((value, at) => Math.abs(value - expected[at]) / (1 + Math.abs(expected[at]))));
  expect(worst).toBeLessThan(tolerance);
}

describeOnEveryBackend(
  'install',
  ({ backend, precision }) => {
    afterEach(uninstall);

    for (const [name, c] of Object.entries(CASES)) {
      it(`conv2d and its gradients: ${name}`, () => {
        install({ backends: [backend], kernels: REPLACEABLE });
        const ours = values(c, name);
        const expected = reference(c, name);
        ours.forEach((actual, n) => expectClose(actual, expected[n], precision));
      });
    }

    for (const [name, c] of Object.entries(CASES)) {
      it(`leaves conv2d to stock where that was measured to be faster, and computes it rightly: ${name}`, () => {
        const conv2d = tf.getKernel('Conv2D', backend);
        let calls = 0;
        const kernelFunc: tf.KernelFunc = (params) => {
          calls++;
          return conv2d.kernelFunc(params);
        };
        tf.unregisterKernel('Conv2D', backend);
        tf.registerKernel({ ...conv2d, kernelFunc });
        try {
          install({ backends: [backend] });
          const geometry = geometryOfConvolution({ ...c, xShape: c.x, filterShape: c.filter });
          const device = descriptorOf(backend)!.device(tf.backend());
          const winner = {
            backend,
            device,
            pass: 'input gradient',
            geometry,
            fastest: 'stock',
            ms: { stock: 1 },
          } as const;
          importTuning({ version: 2, winners: [winner] });
          const [y] = values(c, name);
          expectClose(y, reference(c, name)[0], precision);
          expect(calls > 0).toBe(c.wrongOn !== backend);
        } finally {
          clearTuning();
          uninstall();
          tf.unregisterKernel('Conv2D', backend);
          tf.registerKernel(conv2d);
        }
      });
    }

    it('conv2dTranspose, in NCHW and with tensors of rank 3 too, and leaves nothing behind', () => {
      const run = (): number[][] =>
        tf.tidy(() => {
          const [x, filter] = [tensorOf([1, 4, 5, 3], 'x'), tensorOf([3, 3, 2, 3], 'filter')];
          const rank4 = tf.conv2dTranspose(x, filter, [1, 8, 10, 2], 2, 'same');
          const rank3 = tf.conv2dTranspose(tf.reshape<tf.Rank.R3>(x, [4, 5, 3]), filter, [8, 10, 2], 2, 'same');
          return [[...rank4.dataSync()], [...rank3.dataSync()]];
        });
      const stock = run();
      install();
      expect(leaked(() => run())).toEqual(NOTHING);
      run().forEach((actual, n) => expectClose(actual, stock[n], precision));
    });

    it('differentiates conv2d twice', () => {
      install();
      const c: Case = { x: [1, 5, 5, 2], filter: [3, 3, 2, 3], strides: 2, pad: 'same' };
      tf.tidy(() => {
        const [x, filter] = [tensorOf(c.x, 'x'), tensorOf(c.filter, 'filter')];
        // |∂(Σy²/2)/∂filter|² / 2, differentiated with respect to x: along a direction, against a finite difference.
        const penalty = (input: tf.Tensor): tf.Scalar => {
          const gradient = tf.grad((w) => tf.sum(tf.square(conv(c, input as tf.Tensor4D, w as tf.Tensor4D))))(filter);
          return tf.mul(0.5, tf.sum(tf.square(gradient))) as tf.Scalar;
        };
        const direction = tensorOf(c.x, 'direction');
        const analytic = tf.sum(tf.mul(tf.grad(penalty)(x), direction)).dataSync()[0];
        // The penalty is a polynomial of degree 4 along a line, for which five points are exact.
        const h = 0.25;
        const at = (step: number): number => penalty(tf.add(x, tf.mul(direction, step))).dataSync()[0];
        const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
        expect(Math.abs(analytic - numeric)).toBeLessThan((precision === 16 ? 5e-2 : 1e-4) * at(0));
      });
    });

    it('is idempotent, warns of nothing, and puts the very same stock functions back', () => {
      const registered = (): unknown[] => [
        ...REPLACEABLE.map((name) => tf.getKernel(name, backend)),
        ...REPLACEABLE.map((name) => tf.getGradient(name)),
      ];
      const stock = registered();
      const warn = console.warn;
      const warnings: unknown[] = [];
      console.warn = (...args: unknown[]) => void warnings.push(args);
      try {
        const installed = install({ backends: [backend] });
        expect(installed).toContain(`${backend}/Conv2DBackpropInput`);
        expect(installed).toContain(`${backend}/Conv2DBackpropFilter`);
        expect(install({ backends: [backend] })).toEqual(installed);
        expect(registered()).not.toEqual(stock);
        uninstall();
        uninstall();
        registered().forEach((entry, n) => expect(entry).toBe(stock[n]));
      } finally {
        console.warn = warn;
      }
      expect(warnings).toEqual([]);
    });

    it('installs what is asked for, and refuses what it does not know without changing anything', () => {
      const stock = tf.getKernel('Conv2DBackpropInput', backend);
      expect(install({ backends: [backend], kernels: ['Conv2DBackpropFilter'], gradients: false })).toEqual([
        `${backend}/Conv2DBackpropFilter`,
      ]);
      expect(tf.getKernel('Conv2DBackpropInput', backend)).toBe(stock);
      expect(() => install({ backends: ['tpu'] })).toThrowError(/no kernels for backend 'tpu'.*some for: .*cpu/);
      expect(() => install({ kernels: ['MatMul' as 'Conv2D'] })).toThrowError(/cannot replace kernel 'MatMul'.*Conv2D/);
      if (backend !== 'cpu')
        expect(() => install({ backends: [backend], kernels: ['Add'] })).toThrowError(
          /kernel 'Add' cannot be replaced on \w+; it can on: .*cpu/,
        );
      // What was installed before still is.
      expect(tf.getKernel('Conv2DBackpropFilter', backend).kernelFunc).not.toBe(stock.kernelFunc);
    });

    if (backend === 'cpu') {
      it('leaves alone what a bundle of a few kernels has not', () => {
        const prelu = tf.getKernel('Prelu', backend);
        tf.unregisterKernel('Prelu', backend);
        try {
          const installed = install({ backends: [backend] });
          expect(installed).toContain('cpu/Add');
          expect(installed).not.toContain('cpu/Prelu');
          uninstall();
          expect(tf.getKernel('Prelu', backend)).toBeUndefined();
        } finally {
          tf.registerKernel(prelu);
        }
      });
    }

    it('fused conv2d with a bias and an activation', () => {
      const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
      const run = (): number[][] =>
        activations.map((activation) =>
          tf.tidy(() => [
            ...tf.fused
              .conv2d({
                x: tensorOf([1, 5, 6, 3], 'x'),
                filter: tensorOf([3, 3, 3, 4], 'filter'),
                strides: 2,
                pad: 'same',
                bias: tf.tensor1d([0.5, -0.5, 0, 2]),
                activation,
                preluActivationWeights: activation === 'prelu' ? tf.tensor1d([0.1, 0.2, 0.3, 0.4]) : undefined,
                leakyreluAlpha: 0.3,
              })
              .dataSync(),
          ]),
        );
      const stock = run();
      install({ backends: [backend], kernels: REPLACEABLE });
      run().forEach((actual, n) => expectClose(actual, stock[n], precision));
    });
  },
  hasKernels,
);

/** conv2d and its gradients by their definition, in float64. */
function reference(c: Case, name: string): number[][] {
  const info = tf.backend_util.computeConv2DInfo(c.x, c.filter, c.strides, c.dilations ?? 1, c.pad, c.dimRoundingMode);
  const { padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const x = uniform(sizeOf(c.x), `${name} x`);
  const filter = uniform(sizeOf(c.filter), `${name} filter`);
  const dy = uniform(sizeOf(info.outShape), `${name} dy`);
  const [y, dx, dw] = [info.outShape, c.x, c.filter].map((shape) => new Array<number>(sizeOf(shape)).fill(0));
  const [batch, outHeight, outWidth, outChannels] = info.outShape;
  const [, inHeight, inWidth, inChannels] = c.x;
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < outHeight; r++)
      for (let s = 0; s < outWidth; s++)
        for (let m = 0; m < c.filter[0]; m++)
          for (let q = 0; q < c.filter[1]; q++) {
            const row = r * strideHeight + m * dilationHeight - padInfo.top;
            const col = s * strideWidth + q * dilationWidth - padInfo.left;
            if (row < 0 || row >= inHeight || col < 0 || col >= inWidth) continue;
            for (let i = 0; i < inChannels; i++)
              for (let o = 0; o < outChannels; o++) {
                const atX = ((b * inHeight + row) * inWidth + col) * inChannels + i;
                const atW = ((m * c.filter[1] + q) * inChannels + i) * outChannels + o;
                const atY = ((b * outHeight + r) * outWidth + s) * outChannels + o;
                y[atY] += x[atX] * filter[atW];
                dx[atX] += dy[atY] * filter[atW];
                dw[atW] += dy[atY] * x[atX];
              }
          }
  return [y, dx, dw];
}

it('says what to import where there is nothing to install', () => {
  const names = new Set([...tf.engine().backendNames(), 'cpu', 'wasm', 'webgl', 'webgpu']);
  const registered = [...names].map((name) => tf.getKernel(Conv2DTransposeBackpropInput, name));
  const served = registered.filter(Boolean);
  served.forEach(({ kernelName, backendName }) => tf.unregisterKernel(kernelName, backendName));
  try {
    expect(() => install()).toThrowError(/no kernels to install; import 'tfjs-conv2d-transpose\/cpu'/);
  } finally {
    served.forEach((config) => tf.registerKernel(config));
  }
});
