// SPDX-License-Identifier: Apache-2.0
/**
 * How long contenders would take, by a small model: a call, so many multiply-adds, so many floats moved besides. Its
 * coefficients come from measurements (`npm run calibrate`, which says how; ./calibration). They are those of one
 * machine: what matters is the order they put the contenders in. One without a row here, or not calibrated yet, has no
 * prediction.
 */
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { BackendDescriptor, Contender, Pass } from '../contract';
import type { Axis } from '../geometry/axis';
import { type Conv2DTransposeGeometry, heightAxis, isChannelwise, widthAxis } from '../geometry/geometry';
import { contributions } from '../geometry/phases';
import { CALIBRATION } from './calibration';
import { COUNTS } from './counts';

/** What a call costs: multiply-adds, with those that are wasted, and floats that are moved but in sums. */
export interface Work {
  readonly multiplyAdds: number;
  readonly moved: number;
}

/** Sizes that work is counted in. */
interface Sizes {
  readonly inPixels: number;
  readonly outPixels: number;
  readonly taps: number;
  /** Pairs of input pixel and tap that land inside the output. */
  readonly met: number;
  readonly outDepth: number;
  /** Channels of y as those move them who take groups one by one, unless each is a single channel: a vector more. */
  readonly outMoved: number;
  /** So many channels of a group as they are worked on: a part of a vector costs as much as all of it. */
  lanes(channels: number): number;
  /** Multiply-adds of so many sums with `channels` channels each. */
  sums(count: number, channels: number): number;
}

/** Channels that a kernel works on at a time. */
const LANES = 4;

type WorkOf = (s: Sizes, g: Conv2DTransposeGeometry) => Work;

/**
 * Who does what. Stock's rows are those of its webgl programs: its transposed convolution passes over the taps that an
 * output pixel does not meet, its convolution is a matrix product after im2col (a 1 × 1 one needs none), its filter
 * gradient is a thread a weight.
 */
const WORK: Readonly<Record<Pass, Readonly<Partial<Record<Contender, WorkOf>>>>> = {
  forward: {
    scatter: ({ met, outDepth, outMoved, lanes, sums }) => ({
      multiplyAdds: sums(met, lanes(outDepth)),
      moved: met * outMoved,
    }),
    dilate: ({ outPixels, taps, outDepth, lanes, sums }, g) => ({
      multiplyAdds: sums(outPixels * taps, lanes(outDepth)),
      moved: outPixels * g.inChannels,
    }),
    matmul: ({ inPixels, taps, outDepth, outMoved, lanes, sums }) => ({
      multiplyAdds: sums(inPixels, lanes(taps * outDepth)),
      moved: inPixels * taps * outMoved,
    }),
    subpixel: ({ met, outPixels, outDepth, lanes, sums }, g) => ({
      multiplyAdds: sums(met, lanes(outDepth)),
      moved: outPixels * g.outChannels,
    }),
    // To find a value of a tile, and to begin its products, takes as long as so many floats, in every group. Pixels of
    // a tile are written far from each other.
    winograd: ({ outPixels, outDepth, lanes }, g) => {
      const [rows, cols] = [tiled(heightAxis(g)), tiled(widthAxis(g))];
      const [values, found] = [g.batch * rows.values * cols.values, 128];
      return {
        multiplyAdds: values * g.inChannels * lanes(outDepth),
        moved:
          values * (g.inChannels + g.groups * (lanes(outDepth) + 2 * found)) +
          0.5 * rows.weights * cols.weights * g.inChannels * outDepth +
          4 * outPixels * g.outChannels,
      };
    },
    stock: ({ met, outPixels, outDepth, sums }, g) => ({
      multiplyAdds: sums(met, outDepth),
      moved: outPixels * g.outChannels,
    }),
  },
  'input gradient': {
    ours: (s, g) => ({
      multiplyAdds: s.inPixels * s.taps * s.outDepth * g.groups * s.lanes(g.inChannels / g.groups),
      // An element of the result is written twice, and read in between.
      moved: s.inPixels * g.inChannels + 0.6 * rearranged(s, g),
    }),
    // What im2col gathers is written, then read.
    stock: ({ inPixels, taps, outDepth }, g) => ({
      multiplyAdds: inPixels * taps * outDepth * g.inChannels,
      moved: inPixels * g.inChannels + (taps === 1 ? 0 : 2 * inPixels * taps * g.outChannels),
    }),
  },
  'filter gradient': {
    ours: ({ inPixels, outPixels, taps, outDepth, lanes }, g) => ({
      multiplyAdds: inPixels * taps * lanes(outDepth) * g.inChannels,
      // Partial sums of a weight are written, then read.
      moved: inPixels * g.inChannels + outPixels * g.outChannels + 2 * taps * lanes(outDepth) * g.inChannels,
    }),
    // Images are unpacked first, as the ops before leave them packed.
    stock: ({ inPixels, outPixels, taps, outDepth }, g) => ({
      multiplyAdds: inPixels * taps * outDepth * g.inChannels,
      moved: inPixels * g.inChannels + outPixels * g.outChannels,
    }),
  },
};

/**
 * Values along an axis that minimal filtering multiplies, and that become of the taps, nearly: of a phase of 2 or 3
 * taps tiles have 4 (../geometry/minimal_filtering says exactly which; entries that don't compute so needn't have it).
 */
function tiled({ kernel, stride, inSize }: Axis): { values: number; weights: number } {
  let [values, weights] = [0, 0];
  for (let phase = 0; phase < Math.min(kernel, stride); phase++) {
    const taps = Math.ceil((kernel - phase) / stride);
    values += taps === 1 ? inSize : 4 * Math.ceil(inSize / Math.max(1, 5 - taps));
    weights += taps === 1 ? 1 : 4;
  }
  return { values, weights };
}

/**
 * Elements of dy that the input gradient on webgl brings into another order: by im2col if output channels are fewer
 * than lanes; none if it reads pixels as they lie; else two to a texel.
 */
function rearranged({ inPixels, outPixels, taps, outDepth }: Sizes, g: Conv2DTransposeGeometry): number {
  if (outDepth < LANES) return inPixels * taps * g.outChannels;
  const readsAsItLies = taps === 1 && g.strideHeight * g.strideWidth === 1 && outDepth % LANES === 0;
  return readsAsItLies ? 0 : (outPixels * g.outChannels) / 2;
}

/** Channels of a group below which the transforms of winograd take longer than what they save. */
const LEAST_OF_WINOGRAD = 8;

/**
 * The work that a contender has with a pass; `undefined` if nothing is known of it, as of stock's depthwise kernels.
 */
export function workOf(pass: Pass, contender: Contender, g: Conv2DTransposeGeometry): Work | undefined {
  const inDepth = g.inChannels / g.groups;
  const outDepth = g.outChannels / g.groups;
  const channelwise = isChannelwise(g); // Then the lanes are groups.
  if (contender === 'stock' && g.groups > 1) return undefined;
  if (contender === 'winograd' && inDepth < LEAST_OF_WINOGRAD) return undefined;
  const areGroups = g.groups > 1 && !channelwise;
  const sizes: Sizes = {
    inPixels: g.batch * g.inHeight * g.inWidth,
    outPixels: g.batch * g.outHeight * g.outWidth,
    taps: g.filterHeight * g.filterWidth,
    met: g.batch * contributions(heightAxis(g)) * contributions(widthAxis(g)),
    outDepth,
    outMoved: g.outChannels + (areGroups ? g.groups * LANES : 0),
    lanes: (channels) => (channelwise ? channels : LANES * Math.ceil(channels / LANES)),
    sums: (count, channels) => count * channels * inDepth * g.groups,
  };
  return WORK[pass][contender]?.(sizes, g);
}

/** Milliseconds of a call, of a million multiply-adds, and of a million floats moved. */
export interface Coefficients {
  readonly call: number;
  readonly multiplyAdds: number;
  readonly moved: number;
}

/** Of the contenders of each pass. */
export type Model = Readonly<Partial<Record<Pass, Readonly<Partial<Record<Contender, Coefficients>>>>>>;
const MODELS: Readonly<Record<string, Model | undefined>> = CALIBRATION.models;
const COUNTED: Readonly<Record<string, Model | undefined>> = COUNTS.models;

/** Whether what is predicted of a backend here comes from measurements, be it of another machine. */
export function isCalibrated({ isCalibrated: asked }: BackendDescriptor, backend: KernelBackend): boolean {
  return asked?.(backend) ?? true;
}

/** Predicted milliseconds of some work. */
export function timeOf({ multiplyAdds, moved }: Work, coefficients: Coefficients): number {
  return coefficients.call + (multiplyAdds * coefficients.multiplyAdds + moved * coefficients.moved) / 1e6;
}

/**
 * Predicted milliseconds of some contenders on a backend: of those that are calibrated; or, where the calibration tells
 * nothing, of those whose programs' instructions are counted (./counts).
 */
export function predictedMs<C extends Contender>(
  pass: Pass,
  contenders: readonly C[],
  g: Conv2DTransposeGeometry,
  { name, calibratedAs }: BackendDescriptor,
  calibrated: boolean,
): Partial<Record<C, number>> {
  const models = calibrated ? MODELS : COUNTED;
  // Stock's kernels are no other backend's.
  const modelOf = (contender: C): Model | undefined =>
    models[(contender === 'stock' ? undefined : calibratedAs?.[pass]) ?? name];
  const ms: Partial<Record<C, number>> = {};
  for (const contender of contenders) {
    const [work, coefficients] = [workOf(pass, contender, g), modelOf(contender)?.[pass]?.[contender]];
    if (work && coefficients) ms[contender] = timeOf(work, coefficients);
  }
  return ms;
}
