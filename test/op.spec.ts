// SPDX-License-Identifier: Apache-2.0
/**
 * The op as users call it: both signatures, layouts, ranks, dtypes, pads, shapes. Equal to tf.conv2dTranspose, and
 * nothing leaks.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Conv2DTransposeOptions, type Pad, conv2dTranspose } from '../src';
import { mismatch, mismatchOfPeers } from './support/compare';
import conformance from './fixtures/conformance.json';
import { describeOnEveryBackend, rowsOn, variantsOn } from './support/environments';
import { opArguments, runForward } from './support/kernels';
import { type Layer, explicitPad, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import * as oracle from './support/oracle';

/** The same request in the terms of tf.conv2dTranspose, and in those of the definition. */
interface StockCase {
  pad: Pad;
  l: Layer;
  outputShape?: [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const STOCK_CASES: Record<string, StockCase> = {
  "'same', stride 1": { pad: 'same', l: layer({ strides: [1, 1], pads: [1, 1, 1, 1] }) },
  "'same', stride 2": { pad: 'same', l: layer({ pads: [0, 1, 0, 1] }) },
  "'same', even kernel": { pad: 'same', l: layer({ kernel: [4, 4], pads: [1, 1, 1, 1] }) },
  "'same', odd output": { pad: 'same', outputShape: [7, 9], l: layer({ pads: [1, 1, 1, 1] }) },
  "'same', asymmetric stride": { pad: 'same', l: layer({ strides: [1, 2], pads: [1, 1, 0, 1] }) },
  "'same', kernel smaller than stride": {
    pad: 'same',
    l: layer({ strides: [3, 3], kernel: [2, 2], outputPadding: [1, 1] }),
  },
  "'valid'": { pad: 'valid', l: layer() },
  "'valid', larger output": { pad: 'valid', outputShape: [10, 12], l: layer({ outputPadding: [1, 1] }) },
  'pad 1': { pad: 1, l: layer({ pads: [1, 1, 1, 1] }) },
  'pad 1, larger output': { pad: 1, outputShape: [8, 10], l: layer({ pads: [1, 1, 1, 1], outputPadding: [1, 1] }) },
  'explicit pad': {
    pad: explicitPad({ pads: [1, 0, 0, 2] }),
    l: layer({ pads: [1, 0, 0, 2] }),
  },
  "dimRoundingMode 'floor'": {
    pad: 1,
    dimRoundingMode: 'floor',
    outputShape: [8, 10],
    l: layer({ pads: [1, 1, 1, 1], outputPadding: [1, 1] }),
  },
  "dimRoundingMode 'ceil'": { pad: 1, dimRoundingMode: 'ceil', outputShape: [6, 8], l: layer({ pads: [1, 2, 1, 2] }) },
  "dimRoundingMode 'round'": {
    pad: 1,
    dimRoundingMode: 'round',
    outputShape: [6, 8],
    l: layer({ pads: [1, 2, 1, 2] }),
  },
  'batch of 2': { pad: 'same', l: layer({ batch: 2, pads: [0, 1, 0, 1] }) },
};

describeOnEveryBackend('conv2dTranspose', (environment) => {
  const stockCases = rowsOn(environment, Object.entries(STOCK_CASES));
  for (const [name, { pad, l, outputShape, dimRoundingMode }] of stockCases) {
    const { x, filter } = randomOperands(l, name);
    const truth = oracle.forward(l, x, filter);
    const shape = yShape(l);

    it(`equals the definition and tf.conv2dTranspose: ${name}`, () => {
      tf.tidy(() => {
        const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const ours = conv2dTranspose($x, $filter, shape, l.strides, pad, dimRoundingMode);
        const stock = tf.conv2dTranspose($x, $filter, shape, l.strides, pad, dimRoundingMode);
        expect(ours.shape).toEqual(shape);
        expect(ours.dtype).toBe('float32');
        expect(mismatch(ours.dataSync(), truth)).toBe('');
        expect(mismatchOfPeers(ours.dataSync(), stock.dataSync(), truth)).toBe('');
      });
    });
    if (outputShape === undefined) {
      it(`infers the output shape: ${name}`, () => {
        tf.tidy(() => {
          const y = conv2dTranspose(
            tf.tensor4d(x, xShape(l)),
            tf.tensor4d(filter, filterShape(l)),
            undefined,
            l.strides,
            pad,
          );
          expect(y.shape).toEqual(shape);
          expect(mismatch(y.dataSync(), truth)).toBe('');
        });
      });
    }
  }

  for (const { name, attrs, ...given } of rowsOn(environment, conformance)) {
    const pads = attrs.pads as Layer['pads'];
    for (const variant of new Set([...variantsOn(environment), 'auto' as const])) {
      it(`${variant} conforms to ${name}`, () => {
        tf.tidy(() => {
          const options = {
            dilations: attrs.dilations,
            groups: attrs.groups,
            outputPadding: attrs.outputPadding,
            variant,
          };
          const y = conv2dTranspose(
            tf.tensor4d(Float32Array.from(given.x.data), given.x.shape as [number, number, number, number]),
            tf.tensor4d(Float32Array.from(given.filter.data), given.filter.shape as [number, number, number, number]),
            undefined,
            attrs.strides as [number, number],
            explicitPad({ pads }),
            options as Conv2DTransposeOptions,
          );
          const result = given.bias ? tf.add(y, tf.tensor1d(given.bias.data)) : y;
          expect(result.shape).toEqual(given.y.shape);
          const half = environment.precision === 16 ? 2 ** -8 * Math.max(...given.y.data.map(Math.abs)) : 0;
          const tolerance = (given.exact ? 0 : given.tolerance) + half;
          const values = result.dataSync();
          given.y.data.forEach((expected, at) =>
            expect(Math.abs(values[at] - Math.fround(expected))).toBeLessThanOrEqual(tolerance),
          );
        });
      });
    }
  }

  const l = layer({
    groups: 2,
    inChannels: 4,
    outChannels: 6,
    dilations: [1, 2],
    pads: [1, 0, 0, 2],
    outputPadding: [1, 0],
    batch: 2,
  });
  const { x, filter, dy } = randomOperands(l, 'layouts');
  const truth = oracle.forward(l, x, filter);

  it('takes and gives NCHW, with an explicit pad in that order', () => {
    tf.tidy(() => {
      const [batch, height, width, channels] = yShape(l);
      const nchw = conv2dTranspose(
        tf.transpose(tf.tensor4d(x, xShape(l)), [0, 3, 1, 2]),
        tf.tensor4d(filter, filterShape(l)),
        [batch, channels, height, width],
        l.strides,
        explicitPad(l, 'NCHW'),
        { dataFormat: 'NCHW', dilations: l.dilations, groups: 2, outputPadding: l.outputPadding },
      );
      expect(nchw.shape).toEqual([batch, channels, height, width]);
      expect(mismatch(tf.transpose(nchw, [0, 2, 3, 1]).dataSync(), truth)).toBe('');
    });
  });

  it('differentiates NCHW', () => {
    tf.tidy(() => {
      const $filter = tf.tensor4d(filter, filterShape(l));
      const $dy = tf.transpose(tf.tensor4d(dy, yShape(l)), [0, 3, 1, 2]);
      const { strides, dilations, groups, outputPadding } = l;
      const options = { dataFormat: 'NCHW' as const, dilations, groups, outputPadding };
      const op = ($x: tf.Tensor): tf.Tensor =>
        conv2dTranspose($x as tf.Tensor4D, $filter, undefined, strides, explicitPad(l, 'NCHW'), options);
      const dx = tf.grad(op)(tf.transpose(tf.tensor4d(x, xShape(l)), [0, 3, 1, 2]), $dy);
      expect(mismatch(tf.transpose(dx, [0, 2, 3, 1]).dataSync(), oracle.backpropInput(l, dy, filter))).toBe('');
    });
  });

  it('takes x of rank 3 as a batch of one, and gives rank 3', () => {
    tf.tidy(() => {
      const single = layer({ pads: [0, 1, 0, 1] });
      const operands = randomOperands(single, 'rank 3');
      const [, ...shape] = xShape(single);
      const [, ...outShape] = yShape(single);
      const $filter = tf.tensor4d(operands.filter, filterShape(single));
      const expected = oracle.forward(single, operands.x, operands.filter);
      for (const outputShape of [outShape as [number, number, number], undefined]) {
        const y = conv2dTranspose(
          tf.tensor3d(operands.x, shape as [number, number, number]),
          $filter,
          outputShape,
          2,
          'same',
        );
        expect(y.shape).toEqual(outShape);
        expect(mismatch(y.dataSync(), expected)).toBe('');
      }
    });
  });

  it('takes nested arrays', () => {
    const upper = [[[3]], [[5]]];
    const lower = [[[7]], [[11]]];
    const y = conv2dTranspose([[[[2]]]], [upper, lower], [1, 2, 2, 1], 1, 0);
    expect([y.shape, ...y.dataSync()]).toEqual([[1, 2, 2, 1], 6, 10, 14, 22]);
    y.dispose();
  });

  it('casts int32 and bool to float32', () => {
    tf.tidy(() => {
      const $filter = tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1], 'int32');
      const y = conv2dTranspose(tf.tensor4d([true, false], [1, 1, 2, 1], 'bool'), $filter, undefined, 2, 'valid');
      expect(y.dtype).toBe('float32');
      expect(Array.from(y.dataSync())).toEqual([1, 2, 0, 0, 3, 4, 0, 0]);
    });
  });

  for (const variant of variantsOn(environment)) {
    it(`${variant}: an empty batch gives an empty batch, and a filter gradient of zeros`, () => {
      tf.tidy(() => {
        const empty = tf.zeros<tf.Rank.R4>([0, 4, 5, 3]);
        const $filter = tf.ones<tf.Rank.R4>([3, 3, 2, 3]);
        const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, undefined, 2, 'same', { variant });
        expect(op(empty, $filter).shape).toEqual([0, 8, 10, 2]);
        const [dx, dFilter] = tf.grads(op)([empty, $filter], tf.zeros([0, 8, 10, 2]));
        expect(dx.shape).toEqual([0, 4, 5, 3]);
        expect(Array.from(dFilter.dataSync())).toEqual(new Array(54).fill(0));
      });
    });

    it(`${variant}: leaves no tensor behind, forward or backward`, () => {
      const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
      const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(l, variant));
      expect(leaked(() => op(inputs[0], inputs[1]).dispose())).toEqual(NOTHING);
      const gradient = tf.grads(op);
      expect(leaked(() => tf.dispose(gradient(inputs)))).toEqual(NOTHING);
      const ofSquares = tf.grads((a, b) => tf.square(op(a, b)));
      const penalty = tf.grads((a, b) => tf.sum(tf.square(ofSquares([a, b])[0])));
      expect(leaked(() => tf.dispose(penalty(inputs)))).toEqual(NOTHING);
      tf.dispose(inputs);
    });

    if (variant === 'auto') continue;
    it(`${variant}: shows up under its own kernel name in tf.profile`, async () => {
      const profile = await tf.profile(() => tf.tidy(() => void runForward(l, x, filter, variant)));
      const names = profile.kernelNames.map((name) => name.toLowerCase());
      expect(names).toContain(`conv2dtranspose${variant}`);
    });
  }

  it('leaves its inputs as they were', () => {
    tf.tidy(() => {
      const [$x, $filter] = [tf.tensor4d(x.slice(), xShape(l)), tf.tensor4d(filter.slice(), filterShape(l))];
      for (const variant of variantsOn(environment))
        conv2dTranspose($x, $filter, undefined, l.strides, explicitPad(l), opArguments(l, variant)[3]);
      // Half floats round what was uploaded, once.
      const same = (values: Float32Array): oracle.Truth => ({
        values: Float64Array.from(values),
        bound: environment.precision === 16 ? Float64Array.from(values, Math.abs) : new Float64Array(values.length),
      });
      expect(mismatch($x.dataSync(), same(x))).toBe('');
      expect(mismatch($filter.dataSync(), same(filter))).toBe('');
    });
  });
});
