// SPDX-License-Identifier: Apache-2.0
/**
 * Every public function, with one argument after another replaced by something it is not meant for. Either that means
 * something and the result is sound, or the error is about the argument: no TypeError from inside, nothing left behind.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  axisArithmetic,
  computeGeometry,
  conv1dTranspose,
  conv2dTranspose,
  conv2dTransposeArithmetic,
  effectiveKernel,
  explain,
  fromOnnx,
  fromPyTorch,
  fused,
  importTuning,
  install,
  possibleOutSizes,
  registerGradients,
  type Variant,
  uninstall,
} from '../src';
import { describeOnEveryBackend } from './support/environments';
import { NOTHING, leaked } from './support/leaks';

/** What nobody should pass, and what somebody will. */
const HOSTILE: readonly unknown[] = [
  null,
  NaN,
  Infinity,
  -1,
  0,
  0.5,
  1e5,
  1e21,
  5n,
  '',
  'x',
  '2',
  true,
  [],
  [NaN, NaN],
  [2],
  [1, 2, 3],
  [[0]],
  {},
  { length: 2 },
  Symbol.iterator,
  (): number => 2,
  new Date(0),
];

type Given = Record<string, unknown>;
/** A call that is right, by its arguments' names. */
interface Call {
  readonly right: Given;
  run(given: Given): unknown;
}

const x = (): number[][][][] => [
  [
    [[1], [2]],
    [[3], [4]],
  ],
];
const filter = (): number[][][][] => [
  [[[1]], [[2]]],
  [[[3]], [[4]]],
];
const REQUEST = {
  xShape: [1, 4, 4, 2],
  filterShape: [3, 3, 3, 2],
  strides: 2,
  pad: 'same',
  outputShape: undefined,
  dilations: 1,
  groups: 1,
  outputPadding: undefined,
  dimRoundingMode: undefined,
  dataFormat: 'NHWC',
};
const AXIS = { inSize: 4, kernel: 3, stride: 2, dilation: 1, pad: 'valid', outSize: undefined };
const OPTIONS = { dilations: 1, groups: 1, outputPadding: undefined, dataFormat: 'NHWC', variant: 'auto' };

/** A call whose last argument is an object: each of its fields, and itself. */
function byName(name: string, right: Given, call: (given: never) => unknown): Record<string, Call> {
  return {
    [name]: { right, run: (given) => call(given as never) },
    [`${name}, the argument itself`]: { right: { itself: right }, run: ({ itself }) => call(itself as never) },
  };
}

const CALLS: Record<string, Call> = {
  ...byName('computeGeometry', REQUEST, computeGeometry),
  ...byName('conv2dTransposeArithmetic', REQUEST, conv2dTransposeArithmetic),
  ...byName('explain', REQUEST, explain),
  ...byName('axisArithmetic', AXIS, axisArithmetic),
  ...byName('possibleOutSizes', AXIS, possibleOutSizes),
  effectiveKernel: {
    right: { kernel: 3, dilation: 2 },
    run: (g) => effectiveKernel(...(Object.values(g) as [number, number])),
  },
  registerGradients: { right: { variant: 'subpixel' }, run: ({ variant }) => registerGradients(variant as Variant) },
  ...byName('importTuning', { version: 2, winners: [] }, importTuning),
  ...byName('install', { backends: undefined, kernels: undefined, gradients: true }, (given) => {
    const installed = install(given);
    uninstall();
    return installed;
  }),
  conv2dTranspose: {
    right: { x: x(), filter: filter(), outputShape: undefined, strides: 2, pad: 'same', options: {} },
    run: (g) => conv2dTranspose(...(Object.values(g) as Parameters<typeof conv2dTranspose>)),
  },
  'conv2dTranspose, options': {
    right: OPTIONS,
    run: (g) => conv2dTranspose(x(), filter(), undefined, 2, 'same', g),
  },
  conv1dTranspose: {
    right: { x: [[1], [2]], filter: [[[1]], [[2]]], outputShape: undefined, stride: 2, pad: 'same', options: {} },
    run: (g) => conv1dTranspose(...(Object.values(g) as Parameters<typeof conv1dTranspose>)),
  },
  ...byName(
    'fused.conv2dTranspose',
    {
      x: x(),
      filter: filter(),
      strides: 2,
      pad: 'same',
      bias: [1],
      activation: 'leakyrelu',
      leakyreluAlpha: 0.1,
      preluActivationWeights: undefined,
    },
    fused.conv2dTranspose,
  ),
  ...byName(
    'fromPyTorch',
    { weight: filter(), stride: 1, padding: 0, output_padding: 0, dilation: 1, groups: 1 },
    (layer) => fromPyTorch(layer).filter,
  ),
  ...byName(
    'fromOnnx',
    {
      W: filter(),
      auto_pad: 'NOTSET',
      dilations: [1, 1],
      group: 1,
      kernel_shape: [2, 2],
      output_padding: [0, 0],
      output_shape: undefined,
      pads: [0, 0, 0, 0],
      strides: [1, 1],
    },
    (node) => fromOnnx(node, [2, 2]).filter,
  ),
  'fromOnnx, sizes': {
    right: { node: { W: filter() }, inSize: [2, 2], dataFormat: 'NCHW' },
    run: (g) => fromOnnx(...(Object.values(g) as Parameters<typeof fromOnnx>)).filter,
  },
};

/** What an engine says when code did not expect a value. */
const FROM_INSIDE =
  /is not a function|is not iterable|Cannot (read|convert|mix|destructure|use)|undefined \(|Invalid array length/;

/** Arguments that hold values, where NaN is one. */
const HOLD_VALUES = ['x', 'filter', 'bias', 'weight', 'W'];

/** What is wrong with a call's outcome, or ''. */
function complaint(run: () => unknown, mayBeNaN = false): string {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    const { message } = error as Error;
    return !(error instanceof Error) || message === '' || FROM_INSIDE.test(message) ? `threw: ${message}` : '';
  }
  if (!(result instanceof tf.Tensor)) return /NaN/.test(JSON.stringify(result) ?? '') ? 'holds NaN' : '';
  const sizes = result.shape.every((size: number) => Number.isInteger(size) && size >= 0);
  const isSound = mayBeNaN || result.dataSync<'float32'>().every((value) => !Number.isNaN(value));
  result.dispose();
  return sizes && isSound ? '' : `gave [${result.shape}] with NaN`;
}

/** A value in the name of a complaint. */
function named(value: unknown): string {
  return typeof value === 'bigint' ? `${value}n` : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

describeOnEveryBackend('hostile arguments', () => {
  for (const [name, { right, run }] of Object.entries(CALLS)) {
    it(`${name}: says what is wrong, and leaves nothing behind`, () => {
      expect(complaint(() => run(right))).toBe('');
      const found: string[] = [];
      for (const argument of Object.keys(right)) {
        for (const value of HOSTILE) {
          let wrong = '';
          const call = (): unknown => tf.tidy(() => run({ ...right, [argument]: value }) as never);
          const left = leaked(() => (wrong = complaint(call, HOLD_VALUES.includes(argument))));
          if (wrong !== '') found.push(`${argument} = ${named(value)} ${wrong}`);
          if (left.tensors !== NOTHING.tensors)
            found.push(`${argument} = ${named(value)} left ${left.tensors} tensors`);
        }
      }
      expect(found).toEqual([]);
    });
  }
});

describe('sizes beyond reason', () => {
  const large = { xShape: [1, 2, 2, 1e9], filterShape: [1, 1, 1, 1e9], strides: 1, pad: 'same' as const };

  it('do not hang', () => {
    const begin = performance.now();
    expect(() => computeGeometry({ ...large, groups: 7 })).toThrowError(/positive divisor.*1, 2, 4, 5, 8, 10, .*…/);
    expect(() => axisArithmetic({ inSize: 1e9, kernel: 1e9, stride: 1e7 })).toThrowError(/too many to lay open/);
    expect(possibleOutSizes({ inSize: 1e9, kernel: 3, stride: 1e7, dilation: 1, pad: 'same' }).largest).toBe(1e16);
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it('say so where no array could hold the output', () => {
    expect(() =>
      computeGeometry({ xShape: [1, 1e5, 1e5, 1], filterShape: [3, 3, 3, 1], strides: 2, pad: 'same' }),
    ).toThrowError(/would have 120000000000 elements, more than an array can have/);
  });
});
