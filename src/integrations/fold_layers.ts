// SPDX-License-Identifier: Apache-2.0
/**
 * What one layer takes up of those behind it, at inference: what scales and shifts its channels, and an activation. The
 * arithmetic is in ./fold_arithmetic.
 */
import { type Tensor, type Variable, serialization, tensor } from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import {
  type Affine,
  type ChannelOf,
  after,
  biasOf,
  folded as foldedWeights,
  last,
  lastTwo,
  normalizationOf,
  transposed,
} from './fold_arithmetic';
import { type Layer, type StockLayer, classOf } from './stock_layers';

type LayerClass = serialization.SerializableConstructor<Layer>;
type Weight = { read(): Tensor };

const WEIGHTS = ['kernel', 'depthwiseKernel', 'pointwiseKernel'] as const;

/** A class of layers that take up what is behind them. */
interface Kind {
  /** The weight to scale. */
  kernel: (typeof WEIGHTS)[number];
  channelOf: ChannelOf;
  /** In which layouts; tfjs's layer is wrong in the other. Default: both. */
  layout?: 'channelsLast';
  /** The class with those activations that only kernels have, or that the layer would not leave to its kernel. */
  fused?: { className: string; activations: readonly string[] };
  /** What to say in the config, where the class ignores it. */
  config?: object;
}

/** Registered by the entry point. */
const registered = (className: string): LayerClass =>
  serialization.SerializationMap.getMap().classNameMap[className][0] as unknown as LayerClass;

const one = { filters: 1, kernelSize: 1, name: 'stock' };
const parametric = ['leakyrelu', 'prelu'];
const ofConv2D = { className: 'FusedConv2D', activations: ['relu6', 'sigmoid', ...parametric] };
const ofTranspose = { className: 'Conv2DTranspose', activations: parametric };
const ignored = { dilationRate: 1, outputPadding: null, groups: 1 };

/** The list of what takes up BatchNormalization and activations. */
const kinds = (): ReadonlyMap<unknown, Kind> =>
  new Map<unknown, Kind>([
    [classOf(layers.dense({ units: 1, name: 'stock' })), { kernel: 'kernel', channelOf: last }],
    [classOf(layers.conv1d(one)), { kernel: 'kernel', channelOf: last, layout: 'channelsLast' }],
    [classOf(layers.conv2d(one)), { kernel: 'kernel', channelOf: last, fused: ofConv2D }],
    [classOf(layers.depthwiseConv2d(one)), { kernel: 'depthwiseKernel', channelOf: lastTwo }],
    [classOf(layers.separableConv2d(one)), { kernel: 'pointwiseKernel', channelOf: last, layout: 'channelsLast' }],
    [
      classOf(layers.conv2dTranspose(one)),
      { kernel: 'kernel', channelOf: transposed, fused: ofTranspose, config: ignored },
    ],
    [registered('Conv2DTranspose'), { kernel: 'kernel', channelOf: transposed, fused: ofTranspose }],
    [registered('Conv1DTranspose'), { kernel: 'kernel', channelOf: transposed }],
  ]);

/** A convolution and what it has taken up. */
interface Folded {
  readonly layer: StockLayer;
  readonly kind: Kind;
  /** Undefined as long as there is nothing but the layer's own bias. */
  readonly affine?: Affine;
  readonly activation: string;
  readonly leakyreluAlpha?: number;
  /** The slopes of 'prelu'. */
  readonly alpha?: Float32Array;
}

/** What a layer does to a convolution before it, whose result has some rank; undefined if it cannot be taken up. */
type Follower = (folded: Folded, layer: Layer, rank: number) => Folded | undefined;

const valuesOf = (weight: Weight | null | undefined): Float32Array | undefined =>
  weight ? (weight.read().dataSync() as Float32Array) : undefined;

const channelAxis = ({ layer }: Folded, rank: number): number => (layer.dataFormat === 'channelsFirst' ? 1 : rank - 1);

function normalize(folded: Folded, layer: Layer, rank: number): Folded | undefined {
  const norm = layer as Layer &
    Record<'gamma' | 'beta' | 'movingMean' | 'movingVariance', Weight | undefined> & {
      axis: number;
      epsilon: number;
    };
  if (folded.activation !== 'linear' || (norm.axis + rank) % rank !== channelAxis(folded, rank)) return undefined;
  const [gamma, beta, mean, variance] = [norm.gamma, norm.beta, norm.movingMean, norm.movingVariance].map(valuesOf);
  const before = folded.affine ?? biasOf(valuesOf(folded.layer.bias), variance!.length);
  return { ...folded, affine: after(before, normalizationOf(variance!, norm.epsilon, { gamma, beta, mean: mean! })) };
}

/** With an activation, if the layer has none yet, and has a name or a kernel for it. */
function activate(folded: Folded, activation: string, more: Partial<Folded> = {}): Folded | undefined {
  if (activation === 'linear') return folded;
  if (folded.activation !== 'linear') return undefined;
  if (parametric.includes(activation) && !folded.kind.fused?.activations.includes(activation)) return undefined;
  return { ...folded, activation, ...more };
}

/** With a slope for each channel; there may be one for each pixel, which a kernel does not have. */
function prelu(folded: Folded, layer: Layer, rank: number): Folded | undefined {
  const alpha = (layer as Layer & { alpha: Weight }).alpha.read();
  const axis = channelAxis(folded, rank) - 1;
  if (!alpha.shape.every((size, at) => at === axis || size === 1)) return undefined;
  const values = alpha.dataSync<'float32'>();
  const slopes = values.length === 1 ? new Float32Array(folded.layer.filters).fill(values[0]) : values;
  return activate(folded, 'prelu', { alpha: slopes });
}

const activationOf = (layer: Layer): string => layer.getConfig().activation as string;
const named = { name: 'stock' };

/** The list of what is taken up, besides {@link identities}. */
const followers = (): ReadonlyMap<unknown, Follower> =>
  new Map<unknown, Follower>([
    [classOf(layers.batchNormalization(named)), normalize],
    [
      classOf(layers.activation({ activation: 'linear', ...named })),
      (folded, layer) => activate(folded, activationOf(layer)),
    ],
    [
      classOf(layers.reLU(named)),
      (folded, layer) => {
        const { maxValue } = layer as Layer & { maxValue?: number | null };
        if (maxValue === undefined || maxValue === null) return activate(folded, 'relu');
        return maxValue === 6 ? activate(folded, 'relu6') : undefined;
      },
    ],
    [
      classOf(layers.leakyReLU(named)),
      (folded, layer) => activate(folded, 'leakyrelu', { leakyreluAlpha: (layer as Layer & { alpha: number }).alpha }),
    ],
    [classOf(layers.elu(named)), (folded) => activate(folded, 'elu')],
    [classOf(layers.prelu(named)), prelu],
  ]);

/** What does something in training only. */
const identities = (): ReadonlySet<unknown> =>
  new Set<unknown>(
    [
      layers.dropout({ rate: 0, ...named }),
      layers.spatialDropout1d({ rate: 0, ...named }),
      layers.gaussianDropout({ rate: 0, ...named }),
      layers.alphaDropout({ rate: 0, ...named }),
      layers.gaussianNoise({ stddev: 0, ...named }),
    ].map(classOf),
  );

/** A layer made anew, and how it gets its weights once it is built. */
export interface Copy {
  readonly layer: Layer;
  fill(): void;
}

/** The lists above, and what is done by them. */
export function folder(): {
  isIdentity(layer: Layer): boolean;
  /** Whether a layer may be absorbed into one before it. */
  mayFollow(layer: Layer): boolean;
  takesUp(layer: Layer): boolean;
  /** A layer that does what `layer` and those behind it do, or undefined. */
  combine(layer: Layer, behind: readonly Layer[], rank: number): Copy | undefined;
} {
  const [kindOf, follow, identity] = [kinds(), followers(), identities()];
  const activation = classOf(layers.activation({ activation: 'linear', ...named }));
  const isIdentity = (layer: Layer): boolean =>
    identity.has(layer.constructor) || (layer.constructor === activation && activationOf(layer) === 'linear');
  return {
    isIdentity,
    mayFollow: (layer) => isIdentity(layer) || follow.has(layer.constructor),
    takesUp: (layer) => kindOf.has(layer.constructor),
    combine(layer, behind, rank) {
      const kind = kindOf.get(layer.constructor)!;
      const convolution = layer as StockLayer;
      if (kind.layout && convolution.dataFormat && convolution.dataFormat !== kind.layout) return undefined;
      let folded: Folded | undefined = { layer: convolution, kind, activation: activationOf(layer) };
      for (const each of behind) {
        if (folded && !isIdentity(each)) folded = follow.get(each.constructor)!(folded, each, rank);
      }
      return folded && make(folded);
    },
  };
}

/** The layer that does it all; undefined if float32 has no such weights. */
function make(folded: Folded): Copy | undefined {
  const { layer, kind, affine, activation, leakyreluAlpha, alpha } = folded;
  const kernels = layer as StockLayer & Record<Kind['kernel'], Weight | undefined>;
  const fresh: Partial<Record<string, Float32Array>> = { alpha };
  if (affine) {
    const filter = kernels[kind.kernel]!.read();
    const channelOf = kind.channelOf(filter.shape, (layer as { groups?: number }).groups ?? 1);
    const weights = foldedWeights(filter.dataSync<'float32'>(), affine, channelOf);
    if (!weights) return undefined;
    fresh[kind.kernel] = weights.filter;
    fresh.bias = weights.bias;
  }
  const fuses = kind.fused?.activations.includes(activation);
  const made = fuses || kind.config ? registered(kind.fused!.className) : (layer.constructor as LayerClass);
  const copy = unbuilt(made, {
    ...withoutTraining(configOf(layer)),
    ...kind.config,
    ...(affine && { useBias: true }),
    activation,
    ...(leakyreluAlpha !== undefined && { leakyreluAlpha }),
  });
  const fill = (): void => {
    for (const name of [...WEIGHTS, 'bias', 'alpha']) {
      const weight = (copy as unknown as Record<string, Weight | undefined | null>)[name];
      if (!weight) continue;
      const given = fresh[name];
      if (!given) assign(weight, (layer as unknown as Record<string, Weight>)[name].read());
      else {
        const value = tensor(given, weight.read().shape, 'float32');
        assign(weight, value);
        value.dispose();
      }
    }
  };
  return { layer: copy, fill };
}

/** With what tfjs's layers forget to say: `SeparableConv2D` its multiplier, `Conv1D` its layout. */
function configOf(layer: Layer): serialization.ConfigDict {
  const { depthMultiplier, dataFormat } = layer as { depthMultiplier?: number; dataFormat?: string };
  return { ...layer.getConfig(), ...(depthMultiplier && { depthMultiplier }), ...(dataFormat && { dataFormat }) };
}

/** What says how weights begin and are trained, which folded ones do not. */
function withoutTraining(config: serialization.ConfigDict): serialization.ConfigDict {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !/(Initializer|Regularizer|Constraint)$/.test(key)),
  ) as serialization.ConfigDict;
}

/** A layer of the same config. Its weights share their values with the layer's until either gets others. */
export function copyOf(layer: Layer): Copy {
  const copy = unbuilt(layer.constructor as LayerClass, configOf(layer));
  const fill = (): void => {
    const shapes = ({ weights }: Layer): string => weights.map((weight) => `[${weight.read().shape}]`).join(' ');
    if (shapes(copy) !== shapes(layer))
      throw new Error(
        `fold: layer "${layer.name}" (${layer.getClassName()}) has weights ${shapes(layer)}, ` +
          `but made again of its config it has ${shapes(copy) || 'none'}: see its getConfig`,
      );
    copy.weights.forEach((weight, at) => assign(weight, layer.weights[at].read()));
  };
  return { layer: copy, fill };
}

/** Made of a config, its weights zeros: they are about to be given. */
function unbuilt(made: LayerClass, config: serialization.ConfigDict): Layer {
  const layer = made.fromConfig(made, config);
  layer.setFastWeightInitDuringBuild(true);
  return layer;
}

/** Past the constraint, which was not applied to the original's value either, if it is the initial one. */
function assign(weight: Weight, value: Tensor): void {
  (weight.read() as Variable).assign(value);
}
