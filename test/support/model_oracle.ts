// SPDX-License-Identifier: Apache-2.0
/**
 * What a layers model computes at inference, in float64, layer by layer as each is defined, with a bound of the errors
 * that float32 may make on the way: those of a layer's own sums, and those of its inputs as it passes them on. A
 * normalization's errors are those of terms of the sums before it.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Layer, layer as layerOf, sizeOf } from './layer';
import { type Truth, backpropInput, forward } from './oracle';
import { type Value, activate, biased, channelAt, concatenated, leaky, permuted, pointwise } from './values';

type KerasLayer = SymbolicTensor['sourceLayer'];
type Pair = [number, number];

interface Config {
  kernelSize: number[];
  strides: number[];
  dilationRate: number[];
  padding: 'same' | 'valid';
  dataFormat: string;
  outputPadding?: number[] | null;
  groups?: number;
  activation: string;
  alpha: number;
  maxValue?: number | null;
  epsilon: number;
  axis: number;
  targetShape: number[];
}

/** The outputs of a model. */
export function evaluate(model: LayersModel, inputs: Value[]): Value[] {
  const known = new Map<string, Value[]>();
  const key = ({ sourceLayer, nodeIndex }: SymbolicTensor): string => `${sourceLayer.id} ${nodeIndex}`;
  model.inputs.forEach((tensor, at) => known.set(key(tensor), [inputs[at]]));
  const valueOf = (tensor: SymbolicTensor): Value => {
    if (!known.has(key(tensor))) known.set(key(tensor), run(tensor.sourceLayer, tensor.inputs.map(valueOf)));
    return known.get(key(tensor))![tensor.tensorIndex];
  };
  return model.outputs.map(valueOf);
}

const weightOf = (layer: KerasLayer, name: string): Float64Array | undefined => {
  const weight = (layer as unknown as Record<string, { read(): Tensor } | null | undefined>)[name];
  return weight ? Float64Array.from(weight.read().dataSync()) : undefined;
};

/** Both sums over one filter: of the values, and of what their errors become. */
function linear(x: Value, filter: Float64Array, sum: (values: Float64Array, filter: Float64Array) => Truth): Truth {
  const { values, bound } = sum(x.values, filter);
  const passed = sum(x.bound, filter.map(Math.abs)).values;
  return { values, bound: bound.map((b, at) => b + passed[at]) };
}

/** A convolution or a transposed one, of 4-D NHWC. */
function convolve(
  x: Value,
  filter: Float64Array,
  what: { kernel: Pair; strides: Pair; dilations: Pair; padding: string; outChannels: number; groups: number },
  transposedBy?: { outputPadding: number[] | null },
): Value {
  const { kernel, strides, dilations, padding, outChannels, groups } = what;
  const [batch, height, width, channels] = x.shape;
  const axes = [height, width].map((size, n) => {
    const [stride, reach] = [strides[n], dilations[n] * (kernel[n] - 1) + 1];
    const small = transposedBy ? size : Math.ceil((padding === 'same' ? size : size - reach + 1) / stride);
    const full = stride * (small - 1) + reach;
    const { outputPadding } = transposedBy ?? {};
    const room = padding === 'same' ? size * stride : size * stride + Math.max(reach - stride, 0);
    // Keras's size where an output padding is given; what is cropped is TensorFlow's 'same' for that size.
    const padded = full - (padding === 'same' ? 2 * Math.floor(reach / 2) : 0) + (outputPadding?.[n] ?? 0);
    const large = !transposedBy ? size : outputPadding ? padded : room;
    const crop = padding === 'same' ? Math.max(full - large, 0) : 0;
    const begin = Math.floor(crop / 2);
    return { small, begin, end: crop - begin, extra: large - full + crop };
  });
  const shape: Layer = layerOf({
    batch,
    inSize: axes.map(({ small }) => small) as Pair,
    inChannels: transposedBy ? channels : outChannels,
    outChannels: transposedBy ? outChannels : channels,
    kernel,
    strides,
    dilations,
    pads: axes.flatMap(({ begin, end }) => [begin, end]) as Layer['pads'],
    outputPadding: axes.map(({ extra }) => extra) as Pair,
    groups,
  });
  const sum = transposedBy ? forward : backpropInput;
  const truth = linear(x, filter, (values, weights) => sum(shape, values, weights));
  const size = axes.map(({ small, begin, end, extra }, n) =>
    transposedBy ? strides[n] * (small - 1) + dilations[n] * (kernel[n] - 1) + 1 + extra - begin - end : small,
  );
  return { ...truth, shape: [batch, ...size, outChannels], terms: (sizeOf(kernel) * channels) / groups };
}

/** Any layer that convolves, of any rank and layout, with its bias and activation. */
function convolution(layer: KerasLayer, x: Value): Value {
  const config = layer.getConfig() as unknown as Config;
  const name = layer.getClassName();
  const oneD = config.kernelSize.length === 1;
  const channelsFirst = config.dataFormat === 'channelsFirst';
  const rank = x.shape.length;
  const axes = [...Array(rank).keys()];
  const last = channelsFirst ? permuted(x, [0, ...axes.slice(2), 1]) : x;
  const tall: Value = oneD ? { ...last, shape: [last.shape[0], 1, ...last.shape.slice(1)] } : last;
  const pair = (list: number[]): Pair => (oneD ? [1, list[0]] : [list[0], list[1]]);
  const channels = tall.shape[3];
  const transposes = name.endsWith('Transpose');
  const bias = weightOf(layer, 'bias');
  const what = {
    kernel: pair(config.kernelSize),
    strides: pair(config.strides),
    // Stock's transposed layer ignores it; only ours has groups.
    dilations: transposes && config.groups === undefined ? ([1, 1] as Pair) : pair(config.dilationRate),
    padding: config.padding,
    outChannels: (layer as unknown as { filters: number }).filters,
    groups: config.groups ?? 1,
  };
  const depthwise = weightOf(layer, 'depthwiseKernel');
  let y: Value;
  if (depthwise) {
    const outChannels = depthwise.length / sizeOf(what.kernel);
    y = convolve(tall, depthwise, { ...what, outChannels, groups: channels });
    const pointwiseKernel = weightOf(layer, 'pointwiseKernel');
    const one: Pair = [1, 1];
    if (pointwiseKernel)
      y = convolve(y, pointwiseKernel, { ...what, kernel: one, strides: one, dilations: one, groups: 1 });
  } else {
    const padding = config.outputPadding;
    const by = { outputPadding: padding ? (oneD ? [0, padding[0]] : padding) : null };
    y = convolve(tall, weightOf(layer, 'kernel')!, what, transposes ? by : undefined);
  }
  y = activate(biased(y, bias), config.activation);
  const low: Value = oneD ? { ...y, shape: [y.shape[0], ...y.shape.slice(2)] } : y;
  return channelsFirst ? permuted(low, [0, rank - 1, ...axes.slice(1, -1)]) : low;
}

function normalization(layer: KerasLayer, x: Value): Value {
  const { axis, epsilon } = layer.getConfig() as unknown as Config;
  const channel = channelAt(x.shape, (axis + x.shape.length) % x.shape.length);
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'movingMean', 'movingVariance'].map((name) =>
    weightOf(layer, name),
  );
  const k = variance!.map((v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon));
  const terms = x.terms + 2;
  const y = pointwise(
    x,
    (v, at) => (v - mean![channel(at)]) * k[channel(at)] + (beta?.[channel(at)] ?? 0),
    (b, _, at) => {
      const c = channel(at);
      const shift = Math.abs(mean![c] * k[c]) + Math.abs(beta?.[c] ?? 0);
      return Math.abs(k[c]) * (b + 2 * Math.abs(x.values[at])) + terms * shift;
    },
  );
  return { ...y, terms };
}

function dense(layer: KerasLayer, x: Value): Value {
  const kernel = weightOf(layer, 'kernel')!;
  const channels = x.shape[x.shape.length - 1];
  const rows = x.values.length / channels;
  const what = { kernel: [1, 1] as Pair, strides: [1, 1] as Pair, dilations: [1, 1] as Pair, padding: 'valid' };
  const outChannels = kernel.length / channels;
  const y = convolve({ ...x, shape: [rows, 1, 1, channels] }, kernel, { ...what, outChannels, groups: 1 });
  const { activation } = layer.getConfig() as unknown as Config;
  return { ...activate(biased(y, weightOf(layer, 'bias')), activation), shape: [...x.shape.slice(0, -1), outChannels] };
}

function run(layer: KerasLayer, inputs: Value[]): Value[] {
  const [x] = inputs;
  const config = layer.getConfig() as unknown as Config;
  const name = layer.getClassName();
  switch (name) {
    case 'Functional':
    case 'Model':
    case 'LayersModel':
    case 'Sequential':
      return evaluate(layer as unknown as LayersModel, inputs);
    case 'Dense':
      return [dense(layer, x)];
    case 'Activation':
      return [activate(x, config.activation)];
    case 'ELU':
      return [activate(x, 'elu')];
    case 'ReLU':
      return [
        pointwise(
          x,
          (v) => Math.min(Math.max(v, 0), config.maxValue ?? Infinity),
          (b) => b,
        ),
      ];
    case 'ThresholdedReLU':
      return [
        pointwise(
          x,
          (v) => (v > 1 ? v : 0),
          (b) => b,
        ),
      ];
    case 'LeakyReLU':
      return [leaky(x, () => config.alpha)];
    case 'PReLU': {
      const { shape } = (layer as unknown as { alpha: { read(): Tensor } }).alpha.read();
      const slopes = weightOf(layer, 'alpha')!;
      const axes = shape.map((size, axis) => (size === 1 ? () => 0 : channelAt(x.shape, axis + 1)));
      return [leaky(x, (at) => slopes[axes.reduce((sum, of, axis) => sum * shape[axis] + of(at), 0)])];
    }
    case 'Dropout':
    case 'SpatialDropout1D':
    case 'GaussianNoise':
    case 'GaussianDropout':
    case 'AlphaDropout':
      return [x];
    case 'BatchNormalization':
      return [normalization(layer, x)];
    case 'Reshape':
      return [{ ...x, shape: [x.shape[0], ...config.targetShape] }];
    case 'Concatenate':
      return [concatenated(inputs)];
    case 'Add': {
      const sum = pointwise(
        x,
        (v, at) => v + inputs[1].values[at],
        (b, y, at) => b + inputs[1].bound[at] + Math.abs(y),
      );
      return [{ ...sum, terms: Math.max(...inputs.map(({ terms }) => terms)) + 1 }];
    }
    default:
      return [convolution(layer, x)];
  }
}
