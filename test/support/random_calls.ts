// SPDX-License-Identifier: Apache-2.0
/**
 * Random calls of the op: a layer in the terms of the definition, and how the op is told of it. The pads that 'same'
 * and the rounding modes mean are worked out here, by a rule of their own.
 */
import fc from 'fast-check';
import type { Conv2DTransposeOptions, Pad } from '../../src';
import { type Layer, explicitPad, filterShape, outSize, sizeOf, xShape } from './layer';

/** What the op takes for a layer, besides its tensors. Shapes are in `dataFormat` and of rank 4. */
export interface Told {
  readonly outputShape?: number[];
  readonly pad: Pad;
  readonly options: Pick<Conv2DTransposeOptions, 'dataFormat' | 'dimRoundingMode' | 'outputPadding'>;
}

export interface RandomCall {
  readonly layer: Layer;
  readonly told: Told;
}

type PadKind = 'same' | 'valid' | 'number' | 'explicit';
/** What says how large the result is. */
type SizeKind = 'nothing' | 'outputShape' | 'outputPadding';

interface AxisDraw {
  readonly inSize: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
  /** Which of the possible sizes, 0 to 1. */
  readonly share: number;
}

const MODES = ['floor', 'round', 'ceil'] as const;

const axis: fc.Arbitrary<AxisDraw> = fc.record({
  inSize: fc.integer({ min: 1, max: 8 }),
  kernel: fc.integer({ min: 1, max: 6 }),
  stride: fc.integer({ min: 1, max: 4 }),
  dilation: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3 })),
  begin: fc.integer({ min: 0, max: 4 }),
  end: fc.integer({ min: 0, max: 4 }),
  share: fc.double({ min: 0, max: 0.999, noNaN: true }),
});
const row: fc.Arbitrary<AxisDraw> = fc.constant({
  ...{ inSize: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0, share: 0 },
});

/** Channels of a group: few; more; or so many that sums of few workgroups are cut (kernels/webgpu/parts). */
const depth = fc.oneof(
  { withCrossShrink: true },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 }) },
  fc.integer({ min: 64, max: 160 }),
);
const MOST_CHANNELS = 160;

/** More multiply-adds than this take the oracle too long. */
const MOST_TERMS = 5e5;

export const randomCalls: fc.Arbitrary<RandomCall> = fc
  .record({
    batch: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.constant(0)),
    axes: fc.oneof({ weight: 5, arbitrary: fc.tuple(axis, axis) }, fc.tuple(row, axis), fc.tuple(axis, row)),
    groups: fc.constantFrom(1, 1, 1, 2, 3, 5),
    inDepth: depth,
    outDepth: depth,
    padKind: fc.constantFrom<PadKind>('explicit', 'same', 'valid', 'number'),
    sizeKind: fc.constantFrom<SizeKind>('nothing', 'outputShape', 'outputPadding'),
    dimRoundingMode: fc.option(fc.constantFrom(...MODES), { nil: undefined }),
    dataFormat: fc.constantFrom('NHWC' as const, 'NHWC' as const, 'NCHW' as const),
  })
  .map(callOf)
  .filter(
    ({ layer: l }) =>
      outSize(l).every((size) => size >= 1) &&
      Math.max(l.inChannels, l.outChannels) <= MOST_CHANNELS &&
      sizeOf(xShape(l)) * sizeOf(filterShape(l).slice(0, 3)) <= MOST_TERMS,
  );

function callOf(draw: {
  batch: number;
  axes: [AxisDraw, AxisDraw];
  groups: number;
  inDepth: number;
  outDepth: number;
  padKind: PadKind;
  sizeKind: SizeKind;
  dimRoundingMode?: (typeof MODES)[number];
  dataFormat: 'NHWC' | 'NCHW';
}): RandomCall {
  const { batch, groups, padKind, sizeKind, dataFormat } = draw;
  // Only a pad in numbers rounds, and only where a size is given does it matter how.
  const inNumbers = padKind === 'number' || padKind === 'explicit';
  const mode = inNumbers && sizeKind === 'outputShape' ? draw.dimRoundingMode : undefined;
  const [first, second] = draw.axes;
  // One number for all four sides.
  const axes = draw.axes.map((one) => (padKind === 'number' ? { ...one, begin: first.begin, end: first.begin } : one));
  const [height, width] = axes.map((one) => resolved(one, padKind, sizeKind, mode));
  const layer: Layer = {
    batch,
    groups,
    inSize: [first.inSize, second.inSize],
    inChannels: groups * draw.inDepth,
    outChannels: groups * draw.outDepth,
    kernel: [first.kernel, second.kernel],
    strides: [first.stride, second.stride],
    dilations: [first.dilation, second.dilation],
    pads: [height.begin, height.end, width.begin, width.end],
    outputPadding: [height.outputPadding, width.outputPadding],
  };
  const { channels, size } = { channels: layer.outChannels, size: outSize(layer) };
  const shape = dataFormat === 'NHWC' ? [batch, ...size, channels] : [batch, channels, ...size];
  const sides = axes.flatMap(({ begin, end }) => [begin, end]) as Layer['pads'];
  const pads = {
    explicit: explicitPad({ pads: sides }, dataFormat),
    number: first.begin,
    same: 'same',
    valid: 'valid',
  };
  return {
    layer,
    told: {
      outputShape: sizeKind === 'outputShape' ? shape : undefined,
      pad: pads[padKind] as Pad,
      options: {
        dataFormat,
        dimRoundingMode: mode,
        outputPadding: sizeKind === 'outputPadding' ? [askedPadding(first), askedPadding(second)] : undefined,
      },
    },
  };
}

function askedPadding({ stride, dilation, share }: AxisDraw): number {
  return Math.floor(share * Math.max(stride, dilation));
}

/** What is cropped and added along an axis. */
function resolved(
  draw: AxisDraw,
  padKind: PadKind,
  sizeKind: SizeKind,
  mode: (typeof MODES)[number] = 'floor',
): { begin: number; end: number; outputPadding: number } {
  const { inSize, kernel, stride, dilation, share } = draw;
  const span = dilation * (kernel - 1) + 1;
  const full = stride * (inSize - 1) + span;
  const nth = Math.floor(share * stride);
  if (padKind === 'same') {
    const size = {
      nothing: stride * inSize,
      outputShape: stride * (inSize - 1) + 1 + nth,
      outputPadding: full - 2 * Math.floor(span / 2) + askedPadding(draw),
    }[sizeKind];
    const crop = Math.max(0, full - size);
    const begin = Math.floor(crop / 2);
    return { begin, end: crop - begin, outputPadding: size - (full - crop) };
  }
  const [begin, end] = padKind === 'valid' ? [0, 0] : [draw.begin, draw.end];
  // A convolution that rounds up, or to nearest, reaches beyond its input: so much more is cropped.
  const least = { floor: 0, round: -Math.floor(stride / 2), ceil: 1 - stride }[mode];
  const added = { nothing: 0, outputShape: least + nth, outputPadding: askedPadding(draw) }[sizeKind];
  return { begin, end: end + Math.max(0, -added), outputPadding: Math.max(0, added) };
}
