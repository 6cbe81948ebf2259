// SPDX-License-Identifier: Apache-2.0
/** ONNX's and PyTorch's own cases, from their own attributes and layouts. */
import * as tf from '@tensorflow/tfjs-core';
import { type Conv2DTransposeCall, type OnnxConvTranspose, conv2dTranspose, fromOnnx, fromPyTorch } from '../src';
import conformance from './fixtures/conformance.json';
import { describeOnEveryBackend, rowsOn } from './support/environments';
import { explicitPad } from './support/layer';
import { NOTHING, leaked } from './support/leaks';

const CASES = conformance.filter(({ name }) => /^onnx/.test(name) && !/_1d$/.test(name));

type Shape = [number, number, number, number];
type Attributes = Omit<OnnxConvTranspose, 'W'>;

describeOnEveryBackend('fromOnnx and fromPyTorch', (environment) => {
  const { precision } = environment;
  /** x, and the weight in ONNX's and PyTorch's layout. */
  const given = ({ x, filter }: (typeof CASES)[number]): { x: tf.Tensor4D; W: tf.Tensor4D } => ({
    x: tf.tensor4d(Float32Array.from(x.data), x.shape as Shape),
    W: tf.transpose(tf.tensor4d(Float32Array.from(filter.data), filter.shape as Shape), [3, 2, 0, 1]),
  });

  function check(
    { bias, y, tolerance, exact }: (typeof CASES)[number],
    x: tf.Tensor4D,
    call: Conv2DTransposeCall,
  ): void {
    const nchw = call.options.dataFormat === 'NCHW';
    const image = nchw ? tf.transpose(x, [0, 3, 1, 2]) : x;
    const result = conv2dTranspose(image, call.filter, undefined, call.strides, call.pad, call.options);
    const nhwc = nchw ? tf.transpose(result, [0, 2, 3, 1]) : result;
    const biased = bias ? tf.add(nhwc, tf.tensor1d(bias.data)) : nhwc;
    expect(biased.shape).toEqual(y.shape);
    const half = precision === 16 ? 2 ** -8 * Math.max(...y.data.map(Math.abs)) : 0;
    const values = biased.dataSync();
    const worst = Math.max(...y.data.map((expected, at) => Math.abs(values[at] - Math.fround(expected))));
    expect(worst).toBeLessThanOrEqual((exact ? 0 : tolerance) + half);
  }

  for (const c of rowsOn(environment, CASES)) {
    const attributes = c.original.attributes as Attributes;
    const inSize: [number, number] = [c.x.shape[1], c.x.shape[2]];

    it(`fromOnnx: ${c.name}`, () => {
      tf.tidy(() => {
        const { x, W } = given(c);
        const call = fromOnnx({ ...attributes, W }, inSize);
        const { strides, dilations, groups, outputPadding, pads } = c.attrs;
        expect(call.strides).toEqual(strides as [number, number]);
        expect(call.options).toEqual({ dataFormat: 'NCHW', dilations, groups, outputPadding } as typeof call.options);
        expect<unknown>(call.pad.flat()).toEqual([0, 0, 0, 0, ...pads]);
        check(c, x, call);
        check(c, x, fromOnnx({ ...attributes, W }, inSize, 'NHWC'));
      });
    });

    const { auto_pad, output_shape, pads = [0, 0, 0, 0] } = attributes;
    if (auto_pad || output_shape || pads[0] !== pads[2] || pads[1] !== pads[3]) continue; // PyTorch has no such thing.
    it(`fromPyTorch: ${c.name}`, () => {
      tf.tidy(() => {
        const { x, W } = given(c);
        const { strides, dilations, group, output_padding } = attributes;
        const shared = { output_padding, dilation: dilations, groups: group };
        const layer = { ...shared, weight: W, stride: strides, padding: pads.slice(0, 2) };
        check(c, x, fromPyTorch(layer));
        check(c, x, fromPyTorch(layer, 'NHWC'));
      });
    });
  }

  it('fromOnnx: SAME_LOWER puts the larger half in front, an output shape beyond the full one pads the output', () => {
    tf.tidy(() => {
      const W = tf.ones<tf.Rank.R4>([1, 1, 4, 3]);
      expect<unknown>(fromOnnx({ W, auto_pad: 'SAME_LOWER', strides: [1, 2] }, [5, 5]).pad[2]).toEqual([2, 1]);
      expect(fromOnnx({ W, auto_pad: 'SAME_UPPER', strides: [1, 2] }, [5, 5]).pad[2]).toEqual([1, 2]);
      expect(fromOnnx({ W, auto_pad: 'SAME_UPPER', strides: [1, 4] }, [5, 5]).options.outputPadding).toEqual([0, 0]);
      const larger = fromOnnx({ W, output_shape: [1, 1, 8, 22], strides: [1, 4] }, [5, 5]);
      expect(larger.pad).toEqual(explicitPad({ pads: [0, 0, 0, 0] }));
      expect(larger.options.outputPadding).toEqual([0, 3]);
      expect(() => fromOnnx({ W, output_shape: [9, 22], strides: [1, 4] }, [5, 5])).toThrowError(
        /output_shape \[9, 22\] is impossible: height can be at most 8/,
      );
      expect(fromOnnx({ W, auto_pad: 'VALID', pads: [1, 1, 1, 1] }, [5, 5]).pad[2]).toEqual([0, 0]);
    });
  });

  it('explains what is wrong, and leaves nothing behind', () => {
    const W = tf.ones<tf.Rank.R4>([1, 1, 3, 3]);
    const wrong: [() => unknown, RegExp][] = [
      [() => fromOnnx({ W, auto_pad: 'SAME' as 'VALID' }, [4, 4]), /auto_pad must be NOTSET.*'SAME'/],
      [() => fromOnnx({ W, kernel_shape: [2, 2] }, [4, 4]), /kernel_shape \[2, 2\] is not that of W, \[3, 3\]/],
      [() => fromOnnx({ W, pads: [1, 1] }, [4, 4]), /pads must be \[top, left, bottom, right\].*\[1, 1\]/],
      [() => fromOnnx({ W, strides: [2] }, [4, 4]), /strides must be a whole number or two/],
      [
        () => fromPyTorch({ weight: tf.ones<tf.Rank.R4>([3, 3] as unknown as [number, number, number, number]) }),
        /weight must be \[inChannels.*\[3,3\]/,
      ],
    ];
    for (const [run, message] of wrong) {
      expect(leaked(() => tf.tidy(() => expect(run).toThrowError(message)))).toEqual(NOTHING);
    }
    W.dispose();
  });
});
