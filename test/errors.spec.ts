// SPDX-License-Identifier: Apache-2.0
/** What goes wrong says what was given and what would do; nothing is left behind after it. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type AxisRequest,
  type GeometryRequest,
  axisArithmetic,
  computeGeometry,
  conv2dTranspose,
  effectiveKernel,
  explain,
  possibleOutSizes,
  registerGradients,
  tune,
} from '../src';
import { describeOnEveryBackend } from './support/environments';
import { explicitPad } from './support/layer';
import { NOTHING, leaked } from './support/leaks';

/** The message that `run` throws, or '' if it throws nothing. */
function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

type Loose = (...args: unknown[]) => tf.Tensor;
const op = conv2dTranspose as unknown as Loose;

describeOnEveryBackend('errors', (environment) => {
  let x: tf.Tensor, filter: tf.Tensor;
  beforeAll(() => {
    x = tf.ones([1, 4, 4, 2]);
    filter = tf.ones([3, 3, 3, 2]);
  });
  afterAll(() => tf.dispose([x, filter]));

  it('a cotangent of another shape', () => {
    const gradients = tf.grads((a, b) => conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, undefined, 2, 'same'));
    for (const shape of [
      [1, 60, 90, 3],
      [1, 2, 2, 3],
      [2, 8, 8, 3],
    ])
      expect(messageOf(() => tf.tidy(() => gradients([x, filter], tf.ones(shape))))).toMatch(
        // Where the op is composed, it is core ops that refuse.
        environment.withoutKernels === undefined
          ? /dy has shape \[\d+,\d+,\d+,3\], but its geometry asks for \[1,8,8,3\]/
          : /./,
      );
  });

  const none = [0, 0];
  const bad: [string, () => unknown, RegExp][] = [
    [
      'an impossible output shape',
      () => op(x, filter, [1, 20, 20, 3], 2, 'same'),
      /outputShape \[1, 20, 20, 3\] is impossible for x \[1, 4, 4, 2\].*strides 2.*: height can be 7 or 8, not 20/,
    ],
    ['with the pad that it was asked with', () => op(x, filter, [1, 20, 20, 3], 2, 'same'), /, pad 'same': height/],
    ['one that only one size fits', () => op(x, filter, [1, 5, 4, 3], 1, 'same'), /height can be only 4, not 5/],
    ['one with many that do', () => op(x, filter, [1, 9, 11, 3], [2, 4], 'valid'), /width can be 15 to 18, not 11/],
    [
      'one of another batch',
      () => op(x, filter, [2, 8, 8, 3], 2, 'same'),
      /outputShape \[2, 8, 8, 3\].*batch must be 1/,
    ],
    ['one of other channels', () => op(x, filter, [1, 8, 8, 4], 2, 'same'), /channels 3/],
    [
      'channels that groups do not divide',
      () => op(x, filter, [1, 8, 8, 3], 2, 'same', { groups: 2 }),
      /channels 6 \(3 is not even/,
    ],
    [
      'one of another rank',
      () => op(x, filter, [8, 8, 3], 2, 'same'),
      /outputShape \[8, 8, 3\] must have as many dimensions as x \[1,4,4,2\]/,
    ],
    [
      'an output padding and another output shape',
      () => op(x, filter, [1, 8, 8, 3], 2, 'same', { outputPadding: 0 }),
      /height is 7 with outputPadding 0, not 8; leave one/,
    ],
    [
      'too much output padding',
      () => op(x, filter, undefined, 2, 'same', { outputPadding: 2 }),
      /outputPadding 2: it must be an integer from 0 to 1, less than the larger of stride 2 and dilation 1/,
    ],
    [
      'a pad that crops everything',
      () => op(x, filter, undefined, 1, 3),
      /height would be 0: the padding crops all of the 6 cells/,
    ],
    [
      'a rounding mode with a named pad',
      () => op(x, filter, undefined, 2, 'same', 'floor'),
      /dimRoundingMode 'floor' needs a pad in numbers, but pad was 'same'/,
    ],
    [
      'an unknown rounding mode',
      () => op(x, filter, undefined, 2, 1, 'up'),
      /dimRoundingMode must be 'floor', 'round' or 'ceil', but was 'up'/,
    ],
    [
      'an unknown pad',
      () => op(x, filter, undefined, 2, 'full'),
      /pad must be 'same', 'valid', a number, or \[\[0, 0\], \[top, bottom\].*but was 'full'/,
    ],
    ['a fractional pad', () => op(x, filter, undefined, 2, 0.5), /pad must be in whole cells, 0 or more, but was 0.5/],
    [
      'a pad of batch or channels',
      () => op(x, filter, undefined, 2, [[1, 0], none, none, none]),
      /pad must be .* but was \[\[1, 0\]/,
    ],
    [
      'a pad in the other layout',
      () => op(x, filter, undefined, 2, explicitPad({ pads: [1, 1, 1, 1] }, 'NCHW')),
      /for NHWC/,
    ],
    [
      'NaN as a stride',
      () => op(x, filter, undefined, NaN, 'same'),
      /strides must be an integer of at least 1, or a pair.*but was NaN/,
    ],
    ['a stride of 0', () => op(x, filter, undefined, [2, 0], 'same'), /strides .* but was \[2, 0\]/],
    ['no strides', () => op(x, filter, undefined, undefined, 'same'), /strides .* but was undefined/],
    [
      'a fractional dilation',
      () => op(x, filter, undefined, 2, 'same', { dilations: 1.5 }),
      /dilations .* but was 1.5/,
    ],
    [
      'groups that do not divide',
      () => op(x, filter, undefined, 2, 'same', { groups: 3 }),
      /groups must be a positive divisor of the 2 channels of x, but was 3; 1, 2 would do/,
    ],
    [
      'filter channels other than x has',
      () => op(tf.ones([1, 4, 4, 5]), filter, undefined, 2, 'same'),
      /x \[1, 4, 4, 5\] \(NHWC\) has 5 channels, but filter \[3, 3, 3, 2\] takes 2/,
    ],
    [
      'an unknown layout',
      () => op(x, filter, undefined, 2, 'same', { dataFormat: 'CHWN' }),
      /dataFormat must be 'NHWC' or 'NCHW', but was 'CHWN'/,
    ],
    [
      'an unknown variant',
      () => op(x, filter, undefined, 2, 'same', { variant: 'fft' }),
      /variant must be one of 'scatter', 'dilate', 'matmul', 'subpixel'.*, 'auto', but was 'fft'/,
    ],
    [
      'an unknown option',
      () => op(x, filter, undefined, 2, 'same', { dilation: 2 }),
      /unknown option 'dilation'; the options are .*dilations/,
    ],
    [
      'x of rank 2',
      () => op(tf.ones([4, 4]), filter, undefined, 2, 'same'),
      /x must have rank 3 or 4, but has shape \[4,4\]/,
    ],
    [
      'filter of rank 3',
      () => op(x, tf.ones([3, 3, 2]), undefined, 2, 'same'),
      /filter must have rank 4, but has shape \[3,3,2\]/,
    ],
    [
      'an image without pixels',
      () => op(tf.ones([1, 0, 4, 2]), filter, undefined, 2, 'same'),
      /inHeight must be at least 1/,
    ],
    [
      'a complex x',
      () => op(tf.complex(x, x), filter, undefined, 2, 'same'),
      /x must hold real numbers .* but is complex64/,
    ],
    [
      'a filter of strings',
      () => op(x, tf.fill([3, 3, 3, 2], 'a', 'string'), undefined, 2, 'same'),
      /filter must hold real numbers .* but is string/,
    ],
    [
      'no filter',
      () => op(x, undefined, undefined, 2, 'same'),
      /filter must be a tensor or an array of numbers, but was undefined/,
    ],
  ];
  for (const [name, run, message] of bad) {
    if (environment.onlyNumbers && /complex|strings/.test(name)) {
      console.warn(`${environment.name}: '${name}' is left out; the backend has no such tensors`);
      continue;
    }
    it(`${name} is explained, and nothing leaks`, () => {
      let found = '';
      expect(leaked(() => tf.tidy(() => void (found = messageOf(run))))).toEqual(NOTHING);
      expect(found).toMatch(message);
    });
  }

  it('a disposed tensor is refused', () => {
    const disposed = tf.ones([1, 4, 4, 2]);
    disposed.dispose();
    expect(messageOf(() => op(disposed, filter, undefined, 2, 'same'))).toMatch(/disposed/);
  });

  it('helpers explain as well', () => {
    expect(messageOf(() => axisArithmetic({ inSize: 0, kernel: 3 }))).toMatch(
      /inSize must be an integer of at least 1, but was 0/,
    );
    expect(messageOf(() => axisArithmetic({ inSize: 4, kernel: 3, stride: 2, outSize: 4 }))).toMatch(
      /can be 9 or 10, not 4/,
    );
    const misspelt = { inSize: 4, kernel: 3, strides: 2 };
    const [known, axis] = [/unknown option 'strides'; the options are .*stride, /, misspelt as unknown as AxisRequest];
    expect(messageOf(() => axisArithmetic(axis))).toMatch(known);
    expect(messageOf(() => possibleOutSizes({ ...axis, stride: 2, dilation: 1, pad: 'same' }))).toMatch(known);
    expect(effectiveKernel(3, 2)).toBe(5);
    expect(messageOf(() => effectiveKernel('3' as never, 2))).toMatch(/kernel must be an integer.*but was '3'/);
    expect(messageOf(() => effectiveKernel(3, 0))).toMatch(/dilation must be an integer.*but was 0/);
    expect(messageOf(() => registerGradients('nope' as never))).toMatch(
      /registerGradients: variant must be one of 'scatter', .*, but was 'nope'/,
    );
  });

  it('refuses what a request or an option is not called', async () => {
    const request: GeometryRequest = { xShape: [1, 4, 4, 2], filterShape: [3, 3, 2, 2], strides: 2, pad: 'same' };
    const misspelt = { ...request, outputpadding: 1 };
    const message = /The request for a geometry: unknown option 'outputpadding'; the options are xShape.*outputPadding/;
    for (const take of [computeGeometry, explain]) expect(() => take(misspelt)).toThrowError(message);
    expect(() => explain(Object.assign({ extra: 1 }, computeGeometry(request)))).toThrowError(/unknown option/);
    expect(() => explain({ ...request, name: 'of a model' })).not.toThrow();
    const told = async (run: Promise<unknown>): Promise<string> => run.then(String, (error: Error) => error.message);
    expect(await told(tune([misspelt]))).toMatch(message);
    expect(await told(tune([request], { sample: 3 } as object))).toMatch(/tune: unknown option 'sample'; .*samples/);
  });
});
