// SPDX-License-Identifier: Apache-2.0
/** Stock's depthwise convolutions on our kernels: forward, fused, both gradients, and gradients of gradients. */
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { type Explanation, REPLACEABLE, clearTuning, computeGeometry, explain, install, tune, uninstall } from '../src';
import { type Environment, describeOnEveryBackend } from './support/environments';
import { type Shape4D, explicitPad, sizeOf } from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import { uniform } from './support/random';

interface Case {
  x: Shape4D;
  /** `[height, width, channels, multiplier]` */
  filter: Shape4D;
  strides: number | [number, number];
  pad: Parameters<typeof tf.depthwiseConv2d>[3];
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const CASES: Record<string, Case> = {
  '1 × 1': { x: [1, 3, 4, 5], filter: [1, 1, 5, 1], strides: 1, pad: 'valid' },
  "3 × 3, 'same', batch 2": { x: [2, 5, 6, 8], filter: [3, 3, 8, 1], strides: 1, pad: 'same' },
  'stride 2, odd, 17 channels': { x: [1, 7, 6, 17], filter: [3, 3, 17, 1], strides: 2, pad: 'same' },
  leftover: { x: [1, 6, 8, 3], filter: [3, 2, 3, 1], strides: 2, pad: 'valid' },
  'multiplier 2': { x: [2, 5, 6, 3], filter: [3, 3, 3, 2], strides: 1, pad: 'same' },
  'multiplier 3, stride 2': { x: [1, 6, 5, 4], filter: [2, 3, 4, 3], strides: 2, pad: 'valid' },
  'asymmetric strides': { x: [1, 6, 7, 4], filter: [2, 3, 4, 1], strides: [1, 2], pad: 'same' },
  'explicit pad': { x: [1, 4, 5, 4], filter: [2, 3, 4, 2], strides: 1, pad: explicitPad({ pads: [1, 0, 0, 2] }) },
  "pad 1, 'ceil'": { x: [1, 6, 5, 4], filter: [3, 3, 4, 1], strides: 2, pad: 1, dimRoundingMode: 'ceil' },
  'one channel': { x: [1, 5, 4, 1], filter: [3, 3, 1, 2], strides: 1, pad: 'same' },
  'dilation 2': { x: [1, 7, 8, 4], filter: [3, 3, 4, 1], strides: 1, pad: 'same', dilations: 2 },
  'dilation 1 × 3, multiplier 2': {
    x: [1, 4, 9, 2],
    filter: [2, 3, 2, 2],
    strides: 1,
    pad: 'valid',
    dilations: [1, 3],
  },
};

const tensorOf = (shape: number[], seed: string): tf.Tensor4D =>
  tf.tensor4d(uniform(sizeOf(shape), seed), shape as Shape4D);

function depthwise({ strides, pad, dilations, dimRoundingMode }: Case, x: tf.Tensor, filter: tf.Tensor): tf.Tensor4D {
  const [image, weights] = [x as tf.Tensor4D, filter as tf.Tensor4D];
  return tf.depthwiseConv2d(image, weights, strides, pad, 'NHWC', dilations ?? 1, dimRoundingMode);
}

function expectClose(actual: number[], expected: number[], precision: Environment['precision']): void {
  const tolerance = precision === 16 ? 2e-2 : 2e-5;
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...actual.map((value, at) => Math.abs(value - expected[at]) / (1 + Math.abs(expected[at]))));
  expect(worst).toBeLessThan(tolerance);
}

describeOnEveryBackend(
  'install, depthwise',
  ({ backend, precision, withoutKernels }) => {
    beforeEach(() => void install({ backends: [backend], kernels: REPLACEABLE }));
    afterEach(uninstall);

    for (const [name, c] of Object.entries(CASES)) {
      it(`depthwiseConv2d and its gradients: ${name}`, () => {
        const expected = reference(c, name);
        const run = (): number[][] =>
          tf.tidy(() => {
            const [x, filter] = [tensorOf(c.x, `${name} x`), tensorOf(c.filter, `${name} filter`)];
            const y = depthwise(c, x, filter);
            const dy = tensorOf(y.shape, `${name} dy`);
            const { strides, pad, dilations = 1, dimRoundingMode } = c;
            const attrs = { strides, pad, dilations, dimRoundingMode };
            // tf.grads refuses dilations; the kernels take them.
            const kernel = (kernelName: string, inputs: tf.NamedTensorMap, shapes: object): tf.Tensor =>
              tf.engine().runKernel(kernelName, inputs, { ...attrs, ...shapes } as unknown as tf.NamedAttrMap);
            const dx = kernel('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { inputShape: c.x });
            const dFilter = kernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { filterShape: c.filter });
            expect([dx.shape, dFilter.shape]).toEqual([c.x, c.filter]);
            return [y, dx, dFilter].map((tensor) => [...tensor.dataSync()]);
          });
        let ours: number[][] = [];
        expect(leaked(() => (ours = run()))).toEqual(NOTHING);
        ours.forEach((actual, n) => expectClose(actual, expected[n], precision));
      });
    }

    it('is a contender that explain and tune know', async () => {
      const g = computeGeometry({
        xShape: [1, 4, 3, 8],
        filterShape: [3, 3, 1, 8],
        strides: 2,
        pad: 'same',
        groups: 4,
      });
      const kernels = ({ installed }: Explanation): string[] => Object.values(installed).map(({ kernel }) => kernel);
      expect(kernels(explain(g))).toEqual([
        'DepthwiseConv2dNativeBackpropInput',
        'DepthwiseConv2dNative',
        'DepthwiseConv2dNativeBackpropFilter',
      ]);
      const layer = { kernelSize: 3, strides: 2, padding: 'same' as const, depthMultiplier: 2 };
      const model = sequential({ layers: [layers.depthwiseConv2d({ ...layer, inputShape: [8, 6, 4] })] });
      const winners = await tune(model, { samples: 1 });
      expect(winners.map(({ pass, ms }) => [pass, Object.keys(ms).sort()])).toEqual([
        ['input gradient', ['ours', 'stock']],
      ]);
      expect(explain(g).installed['input gradient']!.stock).toBeDefined();
      uninstall();
      expect(kernels(explain(g))).toEqual([]);
      clearTuning();
      model.dispose();
    });

    if (backend === 'webgl' && withoutKernels === undefined) {
      it('takes the gradients unless others are named, as nothing is calibrated of stock', () => {
        install({ backends: [backend] });
        const { installed } = explain({
          xShape: [1, 16, 16, 8],
          filterShape: [3, 3, 1, 8],
          strides: 2,
          groups: 8,
          pad: 'same',
        });
        expect(Object.entries(installed).map(([pass, { runs }]) => [pass, runs])).toEqual([
          ['forward', 'subpixel'],
          ['filter gradient', 'ours'],
        ]);
        expect(Object.values(installed).map(({ stock }) => stock)).toEqual([undefined, undefined]);
      });
    }

    // The others bring what stock lacks, or nothing that is not named.
    if (backend === 'cpu') {
      it('leaves tiny layers to stock, but not their filter gradient', () => {
        install({ backends: [backend] });
        const depthwise = { filterShape: [3, 3, 1, 4], strides: 1, pad: 'same', groups: 4 } as const;
        const runs = (xShape: [number, number, number, number]): string[] =>
          Object.values(explain({ ...depthwise, xShape }).installed).map(({ runs }) => runs);
        expect(runs([1, 4, 4, 4])).toEqual(['stock', 'stock', 'ours']);
        expect(runs([1, 32, 32, 4])).not.toContain('stock');
      });

      it('leaves to stock, tiny or not, nothing that stock computes wrongly or refuses', () => {
        const dilated = { strides: 1, pad: 'same', dilations: 2, inputShape: [1, 5, 5, 4] };
        const strided = { strides: 2, pad: 'valid', dilations: 2, dataFormat: 'NHWC' };
        const run = (): number[][] =>
          tf.tidy(() => {
            const [x, filter] = [tensorOf([1, 5, 5, 4], 'x'), tensorOf([3, 3, 4, 1], 'filter')];
            const kernel = (name: string, inputs: tf.NamedTensorMap, attrs: object): number[] => [
              ...tf
                .engine()
                .runKernel<tf.Tensor>(name, inputs, attrs as tf.NamedAttrMap)
                .dataSync(),
            ];
            return [
              kernel('DepthwiseConv2dNativeBackpropInput', { dy: x, filter }, dilated),
              kernel('DepthwiseConv2dNative', { x, filter }, strided),
            ];
          });
        const named = run();
        install({ backends: [backend] });
        expect(run()).toEqual(named);
      });
    }

    it('fuses a bias and an activation', () => {
      for (const activation of ['linear', 'relu', 'relu6', 'elu', 'prelu'] as const) {
        const [ours, core] = tf.tidy(() => {
          const [x, filter] = [tensorOf([1, 5, 6, 3], 'x'), tensorOf([3, 3, 3, 2], 'filter')];
          const bias = tf.tensor1d([0.5, -0.5, 0, 2, 1, -1]);
          const slopes = activation === 'prelu' ? tf.tensor1d([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) : undefined;
          const given = {
            x,
            filter,
            strides: 1,
            pad: 'same' as const,
            bias,
            activation,
            preluActivationWeights: slopes,
          };
          const sums = tf.add(tf.depthwiseConv2d(x, filter, 1, 'same'), bias);
          const curves = { linear: () => sums, relu: tf.relu, relu6: tf.relu6, elu: tf.elu };
          const expected = activation === 'prelu' ? tf.prelu(sums, slopes!) : curves[activation](sums);
          return [[...tf.fused.depthwiseConv2d(given).dataSync()], [...expected.dataSync()]];
        });
        expectClose(ours, core, precision);
      }
    });

    it('differentiates twice', () => {
      const c: Case = { x: [1, 5, 5, 3], filter: [3, 3, 3, 2], strides: 2, pad: 'same' };
      tf.tidy(() => {
        const [x, filter] = [tensorOf(c.x, 'x'), tensorOf(c.filter, 'filter')];
        // |∂(Σy²/2)/∂x|² / 2 and |∂(Σy²/2)/∂filter|² / 2, along a direction, against a finite difference.
        const loss = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mul(0.5, tf.sum(tf.square(depthwise(c, a, b))));
        const penalty = (input: tf.Tensor): tf.Scalar => {
          const gradients = tf.grads(loss)([input, filter]);
          return tf.mul(0.5, tf.addN(gradients.map((g) => tf.sum(tf.square(g))))) as tf.Scalar;
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
  },
  ({ withoutKernels, isVariation }) => withoutKernels === undefined && !isVariation,
);

/** y, dx and dFilter by the definition, in float64. */
function reference(c: Case, name: string): number[][] {
  const { x, filter, strides, pad, dilations = 1, dimRoundingMode } = c;
  const info = tf.backend_util.computeConv2DInfo(x, filter, strides, dilations, pad, dimRoundingMode, true);
  const { padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const values = uniform(sizeOf(x), `${name} x`);
  const weights = uniform(sizeOf(filter), `${name} filter`);
  const dy = uniform(sizeOf(info.outShape), `${name} dy`);
  const [y, dx, dw] = [info.outShape, x, filter].map((shape) => new Array<number>(sizeOf(shape)).fill(0));
  const [batch, outHeight, outWidth, outChannels] = info.outShape;
  const [, inHeight, inWidth, channels] = x;
  const [filterHeight, filterWidth, , multiplier] = filter;
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < outHeight; r++)
      for (let s = 0; s < outWidth; s++)
        for (let m = 0; m < filterHeight; m++)
          for (let n = 0; n < filterWidth; n++) {
            const row = r * strideHeight + m * dilationHeight - padInfo.top;
            const col = s * strideWidth + n * dilationWidth - padInfo.left;
            if (row < 0 || row >= inHeight || col < 0 || col >= inWidth) continue;
            for (let channel = 0; channel < channels; channel++)
              for (let q = 0; q < multiplier; q++) {
                const atX = ((b * inHeight + row) * inWidth + col) * channels + channel;
                const atW = ((m * filterWidth + n) * channels + channel) * multiplier + q;
                const atY = ((b * outHeight + r) * outWidth + s) * outChannels + channel * multiplier + q;
                y[atY] += values[atX] * weights[atW];
                dx[atX] += dy[atY] * weights[atW];
                dw[atW] += dy[atY] * values[atX];
              }
          }
  return [y, dx, dw];
}
