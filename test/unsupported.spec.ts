// SPDX-License-Identifier: Apache-2.0
/** Where a backend cannot run an adjoint, the gradient is composed of core ops: still right, of any order. */
import * as tf from '@tensorflow/tfjs-core';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  computeGeometry,
  conv2dTranspose,
  explain,
  install,
  registerGradients,
  uninstall,
} from '../src';
import { type BackendDescriptor, unsupported } from '../src/contract';
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
import { opArguments } from './support/kernels';
import { explicitPad, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';
import { kernelsThatRun } from './support/profile';
import { uniform } from './support/random';
import { secondOrder, secondOrderTruths } from './support/second_order';

const REASON = 'this test says so';
const LAYERS = ['asymmetric stride and kernel', 'groups 3, unequal depths', 'dilation 3, stride 2'];

type Adjoint = 'backpropInput' | 'backpropFilter';
const KERNELS: Readonly<Record<Adjoint, string>> = {
  backpropInput: Conv2DTransposeBackpropInput,
  backpropFilter: Conv2DTransposeBackpropFilter,
};
const WITHOUT: readonly (readonly Adjoint[])[] = [
  ['backpropInput'],
  ['backpropFilter'],
  ['backpropInput', 'backpropFilter'],
];

/** A descriptor that lacks some adjoints. */
function lacking(own: BackendDescriptor, adjoints: readonly Adjoint[]): Partial<BackendDescriptor> {
  const none = { supports: () => unsupported(REASON) };
  return Object.fromEntries(adjoints.map((adjoint) => [adjoint, { ...own[adjoint], ...none }]));
}

describeOnEveryBackend('sizes that a backend cannot hold', sizesSpecs, hasKernels);

function sizesSpecs({ backend }: Environment): void {
  it('are refused by us, by name and unasked, and are not left to core ops or to stock', () => {
    const none = { supports: () => unsupported(REASON) };
    const restore = changeDescriptor(backend, ({ variants, ...own }) => ({
      variants: Object.fromEntries(Object.entries(variants).map(([name, kernel]) => [name, { ...kernel, ...none }])),
      backpropInput: { ...own.backpropInput, ...none },
      backpropFilter: { ...own.backpropFilter, ...none },
      holds: ({ inHeight }) => (inHeight > 4 ? unsupported(REASON) : { supported: true }),
    }));
    install({ backends: [backend] });
    try {
      tf.tidy(() => {
        const filter = tf.ones([3, 3, 2, 3]) as tf.Tensor4D;
        const [small, large] = [tf.ones([1, 4, 4, 3]), tf.ones([1, 5, 4, 3])] as tf.Tensor4D[];
        expect(conv2dTranspose(small, filter, undefined, 2, 'same').shape).toEqual([1, 8, 8, 2]);
        expect(() => conv2dTranspose(small, filter, undefined, 2, 'same', { variant: 'subpixel' })).toThrowError(
          `variant 'subpixel' cannot run on backend '${backend}': ${REASON}. 'auto' would do`,
        );
        expect(() => conv2dTranspose(large, filter, undefined, 2, 'same')).toThrowError(
          `conv2dTranspose cannot run on backend '${backend}': ${REASON}`,
        );
        expect(() => conv2dTranspose(large, filter, undefined, 2, 'same', { variant: 'subpixel' })).toThrowError(
          `variant 'subpixel' cannot run on backend '${backend}': ${REASON}`,
        );
        expect(tf.conv2dTranspose(small, filter, [1, 8, 8, 2], 2, 'same').shape).toEqual([1, 8, 8, 2]);
        expect(() => tf.conv2dTranspose(large, filter, [1, 10, 8, 2], 2, 'same')).toThrowError(
          `Conv2DBackpropInput cannot run on backend '${backend}': ${REASON}`,
        );
        const image = tf.ones([1, 2, 10, 8]) as tf.Tensor4D; // In NCHW, which ours leave to stock.
        expect(() => tf.conv2d(image, filter, 2, 'same', 'NCHW')).toThrowError(
          `Conv2D cannot run on backend '${backend}': ${REASON}`,
        );
        expect(explain({ xShape: large.shape, filterShape: filter.shape, strides: 2, pad: 'same' }).reason).toContain(
          `(${REASON}); nor can core ops`,
        );
      });
    } finally {
      uninstall();
      restore();
    }
  });
}

for (const adjoints of WITHOUT)
  describeOnEveryBackend(
    `without ${adjoints.join(' and ')}`,
    (environment) => specs(environment, adjoints),
    hasKernels,
  );

function specs(environment: Environment, adjoints: readonly Adjoint[]): void {
  const { backend } = environment;
  let restore = (): void => undefined;
  beforeAll(() => {
    restore = changeDescriptor(backend, (own) => lacking(own, adjoints));
  });
  afterAll(() => restore());

  for (const name of rowsOn(environment, LAYERS, isDrawn)) {
    const l = CASES[name];
    const { x, filter, dy } = randomOperands(l, `unsupported ${name}`);

    it(`the gradients are right, and do not run what cannot: ${name}`, async () => {
      const op = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, ...opArguments(l));
      const run = (): void =>
        tf.tidy(() => {
          const inputs = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
          const [dx, dFilter] = tf.grads(op)(inputs, tf.tensor4d(dy, yShape(l)));
          expect(mismatch(dx.dataSync(), oracle.backpropInput(l, dy, filter))).toBe('');
          expect(mismatch(dFilter.dataSync(), oracle.backpropFilter(l, x, dy))).toBe('');
        });
      const kernelNames = await kernelsThatRun(run);
      for (const [adjoint, kernelName] of Object.entries(KERNELS))
        expect(kernelNames.includes(kernelName)).toBe(!adjoints.includes(adjoint as Adjoint));
    });

    it(`those of second order too: ${name}`, () => {
      const operands = { x, filter, u: uniform(x.length, `direction ${name}`) };
      const truths = secondOrderTruths(l, operands);
      secondOrder(l, operands, 'auto').forEach((gradient, n) => expect(mismatch(gradient, truths[n])).toBe(''));
    });
  }

  it('the forward pass does not mind', () => {
    const { variants } = explain({ xShape: [1, 4, 5, 3], filterShape: [3, 3, 2, 3], strides: 2, pad: 'same' });
    for (const variant of EXACT_VARIANTS) expect(variants[variant].support.supported).toBe(true);
  });

  it('stock kernels that are installed leave to stock what cannot run, or compose it', () => {
    // This dilated conv2d is the adjoint of a transposed layer from 2×2×3 to 6×6×2.
    const l = layer({ inSize: [2, 2], strides: [1, 1], dilations: [2, 2] });
    const { x: dy, filter, dy: image } = randomOperands(l, 'dilated');
    install({ backends: [backend] });
    try {
      tf.tidy(() => {
        const conv = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
          tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NHWC', 2);
        const inputs = [tf.tensor4d(image, yShape(l)), tf.tensor4d(filter, filterShape(l))];
        expect(mismatch(conv(inputs[0], inputs[1]).dataSync(), oracle.backpropInput(l, image, filter))).toBe('');
        const [dImage, dFilter] = tf.grads(conv)(inputs, tf.tensor4d(dy, xShape(l)));
        expect(mismatch(dImage.dataSync(), oracle.forward(l, dy, filter))).toBe('');
        expect(mismatch(dFilter.dataSync(), oracle.backpropFilter(l, dy, image))).toBe('');
      });
    } finally {
      uninstall();
    }
  });
}

function runKernel(inputs: tf.NamedTensorMap, attrs: Conv2DTransposeAttrs): tf.Tensor {
  return tf.engine().runKernel(Conv2DTransposeBackpropInput, inputs, attrs as unknown as tf.NamedAttrMap);
}

describeOnEveryBackend('a variant that the backend lacks', lackingVariant, hasKernels);

function lackingVariant({ backend }: Environment): void {
  it('is composed where the gradient of an adjoint kernel asks for it', () => {
    const l = layer();
    const { x, filter, dy } = randomOperands(l, 'lacking a variant');
    const request = { xShape: xShape(l), filterShape: filterShape(l), strides: l.strides, pad: explicitPad(l) };
    const attrs: Conv2DTransposeAttrs = { geometry: computeGeometry(request), variant: 'subpixel' };
    const restore = changeDescriptor(backend, ({ variants: { matmul } }) => ({ variants: { matmul } }));
    registerGradients();
    try {
      tf.tidy(() => {
        const $filter = tf.tensor4d(filter, filterShape(l));
        const backpropInput = ($dy: tf.Tensor): tf.Tensor => runKernel({ dy: $dy, filter: $filter }, attrs);
        const gradient = tf.grad(backpropInput)(tf.tensor4d(dy, yShape(l)), tf.tensor4d(x, xShape(l)));
        expect(mismatch(gradient.dataSync(), oracle.forward(l, x, filter))).toBe('');
      });
    } finally {
      restore();
    }
  });
}
