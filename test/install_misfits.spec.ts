// SPDX-License-Identifier: Apache-2.0
/** Calls of stock kernels whose tensors are not of the sizes that attributes say, and replacements that overlap. */
import * as tf from '@tensorflow/tfjs-core';
import { REPLACEABLE, install, uninstall } from '../src';
import { replaceGradient, replaceKernel } from '../src/integrations/replacements';
import { describeOnEveryBackend, hasKernels } from './support/environments';

type Attrs = Record<string, unknown>;

/** What a kernel gives for some tensors, or the first line of its error. */
function outcome(kernelName: string, inputs: () => tf.NamedTensorMap, attrs: Attrs): number[] | string {
  return tf.tidy(() => {
    try {
      const result: tf.Tensor = tf.engine().runKernel(kernelName, inputs(), attrs as unknown as tf.NamedAttrMap);
      return [...result.dataSync()];
    } catch (error) {
      return (error as Error).message.split('\n')[0];
    }
  });
}

const SAME = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
const count = (shape: number[]): tf.Tensor => tf.reshape(tf.range(0, tf.util.sizeFromShape(shape)), shape);

type Misfit = [kernelName: string, inputs: () => tf.NamedTensorMap, attrs: Attrs, reason?: RegExp];

/** Kernel, tensors, attributes: all of them fit no geometry; and what is said of them where there is no stock. */
const MISFITS: Record<string, Misfit> = {
  'dy larger than the input shape says': [
    'Conv2DBackpropInput',
    () => ({ dy: count([1, 4, 4, 1]), filter: tf.ones([1, 1, 1, 1]) }),
    { ...SAME, inputShape: [1, 2, 2, 1] },
  ],
  'dy smaller than the input shape says': [
    'Conv2DBackpropInput',
    () => ({ dy: count([1, 2, 2, 1]), filter: tf.ones([1, 1, 1, 1]) }),
    { ...SAME, inputShape: [1, 4, 4, 1] },
  ],
  'dy of batch 1 for an input of batch 2': [
    'Conv2DBackpropInput',
    () => ({ dy: count([1, 3, 3, 2]), filter: tf.ones([2, 2, 1, 2]) }),
    { ...SAME, inputShape: [2, 3, 3, 1] },
  ],
  'a filter gradient of a dy that is too small': [
    'Conv2DBackpropFilter',
    () => ({ x: count([1, 4, 4, 1]), dy: count([1, 2, 2, 1]) }),
    { ...SAME, filterShape: [3, 3, 1, 1] },
  ],
  'a filter gradient of a dy of another batch': [
    'Conv2DBackpropFilter',
    () => ({ x: count([2, 3, 3, 1]), dy: count([1, 3, 3, 2]) }),
    { ...SAME, filterShape: [1, 1, 1, 2] },
  ],
  'an image of height 0': [
    'Conv2D',
    () => ({ x: tf.zeros([1, 0, 4, 2]), filter: tf.ones([1, 1, 2, 3]) }),
    SAME,
    /a size other than the batch is 0/,
  ],
  'no channels': [
    'Conv2D',
    () => ({ x: tf.zeros([1, 4, 4, 0]), filter: tf.zeros([3, 3, 0, 3]) }),
    SAME,
    /a size other than the batch is 0/,
  ],
  'no channels to come': [
    'FusedConv2D',
    () => ({ x: tf.zeros([1, 4, 4, 2]), filter: tf.zeros([3, 3, 2, 0]) }),
    SAME,
    /a size other than the batch is 0/,
  ],
  'a kernel larger than the image': [
    'Conv2D',
    () => ({ x: tf.zeros([1, 2, 2, 1]), filter: tf.ones([3, 3, 1, 1]) }),
    { ...SAME, pad: 'valid' },
    /a size other than the batch is 0/,
  ],
  'a transposed image of width 0': [
    'Conv2DBackpropInput',
    () => ({ dy: tf.zeros([1, 4, 0, 2]), filter: tf.ones([2, 2, 3, 2]) }),
    { ...SAME, inputShape: [1, 4, 0, 3] },
    /a size other than the batch is 0/,
  ],
  'a depthwise filter of fewer channels than the image': [
    'DepthwiseConv2dNative',
    () => ({ x: tf.ones([1, 4, 4, 3]), filter: tf.ones([3, 3, 2, 1]) }),
    SAME,
    /filter \[3,3,2,1\] has groups/,
  ],
  'a depthwise filter gradient of a dy that is too small': [
    'DepthwiseConv2dNativeBackpropFilter',
    () => ({ x: count([1, 4, 4, 2]), dy: count([1, 2, 2, 2]) }),
    { ...SAME, filterShape: [3, 3, 2, 1] },
  ],
  'a filter gradient of no channels': [
    'Conv2DBackpropFilter',
    () => ({ x: tf.zeros([1, 4, 4, 0]), dy: tf.zeros([1, 4, 4, 2]) }),
    { ...SAME, filterShape: [3, 3, 0, 2] },
    /a size other than the batch is 0/,
  ],
};
const SIZES_DIFFER = /a tensor has shape \[.*\] where the sizes of the call ask for \[.*\]/;

describeOnEveryBackend(
  'install, where sizes do not fit',
  ({ backend }) => {
    beforeAll(uninstall);
    afterEach(uninstall);

    for (const [name, [kernelName, inputs, attrs, reason = SIZES_DIFFER]] of Object.entries(MISFITS)) {
      it(`${name}: goes to stock as it is, or is an error`, () => {
        const stock = tf.getKernel(kernelName, backend) as tf.KernelConfig | undefined;
        // Stock itself reads past the end of some of these: it is enough that it is asked.
        const asked: unknown[] = [];
        const answer = (): tf.TensorInfo => tf.keep(tf.scalar(7));
        if (stock) {
          tf.unregisterKernel(kernelName, backend);
          tf.registerKernel({ ...stock, kernelFunc: ({ attrs: given }) => (asked.push(given), answer()) });
        }
        try {
          install({ backends: [backend], kernels: REPLACEABLE });
          const ours = outcome(kernelName, inputs, attrs);
          if (stock) expect([ours, asked]).toEqual([[7], [attrs]]);
          else expect(ours).toMatch(reason);
          uninstall();
        } finally {
          if (stock) {
            tf.unregisterKernel(kernelName, backend);
            tf.registerKernel(stock);
          }
        }
      });
    }

    it('takes a conv2dTranspose with an impossible output shape for what stock takes it', () => {
      const run = (): number[] =>
        tf.tidy(() => {
          const x = tf.reshape(tf.range(0, 16), [1, 4, 4, 1]) as tf.Tensor4D;
          return [...tf.conv2dTranspose(x, tf.ones([1, 1, 1, 1]), [1, 2, 2, 1], 1, 'same').dataSync()];
        });
      const stock = run();
      install({ backends: [backend] });
      expect(run()).toEqual(stock);
    });

    if (backend === 'cpu') {
      it('takes an explicit pad of a dilated conv2d in NCHW for what it is, in its gradients', () => {
        install({ backends: [backend] });
        tf.tidy(() => {
          const [x, filter] = [count([1, 6, 7, 2]) as tf.Tensor4D, count([2, 3, 2, 3]) as tf.Tensor4D];
          const gradients = (format: 'NHWC' | 'NCHW'): number[][] => {
            const [height, width] = [
              [1, 2],
              [0, 1],
            ] as [[number, number], [number, number]];
            const none: [number, number] = [0, 0];
            const pad: Parameters<typeof tf.conv2d>[3] =
              format === 'NHWC' ? [none, height, width, none] : [none, none, height, width];
            const given = format === 'NHWC' ? x : tf.transpose(x, [0, 3, 1, 2]);
            const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
              tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, pad, format, 2);
            const [dx, dFilter] = tf.grads(op)([given, filter]);
            const back = format === 'NHWC' ? dx : tf.transpose(dx, [0, 2, 3, 1]);
            return [[...back.dataSync()], [...dFilter.dataSync()]];
          };
          expect(gradients('NCHW')).toEqual(gradients('NHWC'));
        });
      });
    }

    it('puts stock back whatever the order in which two copies of this package leave', () => {
      uninstall();
      const name = 'Conv2DBackpropInput';
      const stock = tf.getKernel(name, backend);
      const copy = (): (() => void) => replaceKernel(name, backend, () => () => [] as never);
      for (const order of [
        [0, 1],
        [1, 0],
        [0, 0, 1, 1],
      ]) {
        const undo = [copy(), copy()];
        order.forEach((n) => undo[n]());
        expect(tf.getKernel(name, backend)).toBe(stock);
      }
      const gradient = tf.getGradient('Conv2D');
      const undo = [0, 1].map(() => replaceGradient('Conv2D', (replaced) => replaced!));
      undo.forEach((step) => step());
      expect(tf.getGradient('Conv2D')).toBe(gradient);
    });

    it('leaves alone what others have registered or taken away since, and does not throw', () => {
      uninstall();
      const name = 'Conv2DBackpropInput';
      const stock = tf.getKernel(name, backend);
      install({ backends: [backend] });
      const theirs = { ...stock };
      tf.unregisterKernel(name, backend);
      tf.registerKernel(theirs);
      uninstall();
      expect(tf.getKernel(name, backend)).toBe(theirs);
      tf.unregisterKernel(name, backend);
      tf.registerKernel(stock);

      install({ backends: [backend] });
      tf.unregisterKernel(name, backend);
      uninstall();
      expect(tf.getKernel(name, backend)).toBeUndefined();
      tf.registerKernel(stock);
    });
  },
  hasKernels,
);
