// SPDX-License-Identifier: Apache-2.0
/** Graph models in the shapes of real decoders, written here: what nodes say is what is computed. */
import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { type ExplicitPadding, conv2dTranspose } from '../src';
import { registerGraphOps, unregisterGraphOps } from '../src/integrations/graph';
import { describeOnEveryBackend, rowsOn } from './support/environments';
import { uniform } from './support/random';

type Shape = [number, number, number, number];

interface Decoder {
  x: Shape;
  filter: Shape;
  outputShape: Shape;
  strides: number[];
  padding: 'SAME' | 'VALID' | 'EXPLICIT';
  dilations?: number[];
  dataFormat?: 'NHWC' | 'NCHW';
  explicit?: number[];
}

const DECODERS: Record<string, Decoder> = {
  'BlazePose, 7 × 7 to 14 × 14': {
    x: [1, 7, 7, 1152],
    filter: [2, 2, 192, 1152],
    outputShape: [1, 14, 14, 192],
    strides: [1, 2, 2, 1],
    padding: 'SAME',
  },
  'U-Net, 14 × 14 to 28 × 28': {
    x: [1, 14, 14, 128],
    filter: [2, 2, 64, 128],
    outputShape: [1, 28, 28, 64],
    strides: [1, 2, 2, 1],
    padding: 'VALID',
  },
  'U-Net in NCHW': {
    x: [1, 32, 9, 7],
    filter: [2, 2, 16, 32],
    outputShape: [1, 16, 18, 14],
    strides: [1, 1, 2, 2],
    padding: 'VALID',
    dataFormat: 'NCHW',
  },
  'a dilated decoder': {
    x: [2, 5, 6, 4],
    filter: [3, 3, 3, 4],
    outputShape: [2, 9, 10, 3],
    strides: [1, 1, 1, 1],
    padding: 'VALID',
    dilations: [1, 2, 2, 1],
  },
  'explicit paddings': {
    x: [1, 5, 6, 4],
    filter: [3, 3, 3, 4],
    outputShape: [1, 10, 12, 3],
    strides: [1, 2, 2, 1],
    padding: 'EXPLICIT',
    explicit: [0, 0, 0, 1, 1, 0, 0, 0],
  },
};

/** A graph of a placeholder, the filter, the size of the output, and the node in question. */
function graphOf(
  { x, filter, outputShape, strides, padding, dilations = [1, 1, 1, 1], dataFormat = 'NHWC', explicit = [] }: Decoder,
  weights: Float32Array,
): tf.io.IOHandler {
  const text = (value: string): { s: string } => ({ s: typeof btoa === 'function' ? btoa(value) : '' });
  const ints = (list: number[]): { list: { i: string[] } } => ({ list: { i: list.map(String) } });
  const constant = (name: string, dtype: string): object => {
    const value = { tensor: { dtype, tensorShape: {} } };
    return { name, op: 'Const', attr: { dtype: { type: dtype }, value } };
  };
  const placeholder = (name: string, dtype: string, sizes: number[]): object => {
    const shape = { dim: sizes.map((size) => ({ size: String(size) })) };
    return { name, op: 'Placeholder', attr: { dtype: { type: dtype }, shape: { shape } } };
  };
  const data = new ArrayBuffer(weights.byteLength + 16);
  new Float32Array(data).set(weights);
  new Int32Array(data).set(outputShape, weights.length);
  return tf.io.fromMemory({
    format: 'graph-model',
    modelTopology: {
      node: [
        placeholder('x', 'DT_FLOAT', x),
        constant('filter', 'DT_FLOAT'),
        constant('sizes', 'DT_INT32'),
        {
          name: 'y',
          op: 'Conv2DBackpropInput',
          input: ['sizes', 'filter', 'x'],
          attr: {
            T: { type: 'DT_FLOAT' },
            strides: ints(strides),
            dilations: ints(dilations),
            padding: text(padding),
            data_format: text(dataFormat),
            explicit_paddings: ints(explicit),
          },
        },
      ],
      versions: { producer: 1087 },
    },
    weightSpecs: [
      { name: 'filter', shape: filter, dtype: 'float32' },
      { name: 'sizes', shape: [4], dtype: 'int32' },
    ],
    weightData: data,
  });
}

describeOnEveryBackend('graph models', (environment) => {
  const tolerance = environment.precision === 16 ? 2e-1 : 1e-4;

  for (const [name, decoder] of rowsOn(environment, Object.entries(DECODERS))) {
    it(`computes ${name}`, async () => {
      const { x, filter, outputShape, strides, padding, explicit } = decoder;
      const { dilations = [1, 1, 1, 1], dataFormat = 'NHWC' } = decoder;
      const weights = uniform(tf.util.sizeFromShape(filter), `${name} filter`);
      const model = await loadGraphModel(graphOf(decoder, weights));
      tf.tidy(() => {
        const input = tf.tensor4d(uniform(tf.util.sizeFromShape(x), `${name} x`), x);
        const y = model.predict(input) as tf.Tensor;
        const from = dataFormat === 'NCHW' ? 2 : 1;
        const pairs = [0, 2, 4, 6].map((at) => explicit?.slice(at, at + 2)) as ExplicitPadding;
        const expected = conv2dTranspose(
          input,
          tf.tensor4d(weights, filter),
          outputShape,
          strides.slice(from, from + 2) as [number, number],
          padding === 'EXPLICIT' ? pairs : (padding.toLowerCase() as 'same'),
          { dataFormat, dilations: dilations.slice(from, from + 2) as [number, number] },
        );
        expect(y.shape).toEqual(outputShape);
        expect(tf.max(tf.abs(tf.sub(y, expected))).dataSync()[0]).toBeLessThan(tolerance);
      });
      model.dispose();
    });
  }

  it('is left to the converter when it is unregistered', async () => {
    const decoder = DECODERS['a dilated decoder'];
    const weights = uniform(tf.util.sizeFromShape(decoder.filter), 'weights');
    unregisterGraphOps();
    try {
      const model = await loadGraphModel(graphOf(decoder, weights));
      // Stock ignores the dilation, and finds that sizes don't fit, or leaves cells empty.
      const x = tf.tensor4d(uniform(tf.util.sizeFromShape(decoder.x), 'x'), decoder.x);
      const found = tf.tidy(() => {
        try {
          return [...(model.predict(x) as tf.Tensor).dataSync()];
        } catch {
          return [];
        }
      });
      const truth = tf.tidy(() => [
        ...conv2dTranspose(x, tf.tensor4d(weights, decoder.filter), undefined, 1, 'valid', { dilations: 2 }).dataSync(),
      ]);
      expect(found).not.toEqual(truth);
      x.dispose();
      model.dispose();
    } finally {
      registerGraphOps();
    }
  });
});
