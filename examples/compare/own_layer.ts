// SPDX-License-Identifier: Apache-2.0
/** A layer of one's own: as numbers in a form, as a short text in an address, and as a workload to be measured. */
import { type Conv2DTransposeGeometry, type Pad, computeGeometry } from '../../src';
import { type Workload, usefulFlops } from '../../bench/workloads';

export interface OwnLayer {
  readonly name: string;
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
  readonly outputPaddingHeight: number;
  readonly outputPaddingWidth: number;
  /** 'same', 'valid', or the cells to crop on each side. */
  readonly pad: string;
}

export const EXAMPLE: OwnLayer = {
  name: 'own',
  batch: 1,
  inHeight: 16,
  inWidth: 16,
  inChannels: 32,
  outChannels: 16,
  kernelHeight: 4,
  kernelWidth: 4,
  strideHeight: 2,
  strideWidth: 2,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
  outputPaddingHeight: 0,
  outputPaddingWidth: 0,
  pad: 'same',
};

export const NUMBERS = [
  'batch',
  'inHeight',
  'inWidth',
  'inChannels',
  'outChannels',
  'kernelHeight',
  'kernelWidth',
  'strideHeight',
  'strideWidth',
  'dilationHeight',
  'dilationWidth',
  'groups',
  'outputPaddingHeight',
  'outputPaddingWidth',
] as const;

/** Whole numbers as an address has them: neither '' nor '0x10' nor '1e99'. */
const NUMBER = /^\d{1,9}$/;

/** 'decoder1:1.16.16.32.16.4.4.2.2.1.1.1.0.0.same' */
export function formatOwnLayer(layer: OwnLayer): string {
  return `${layer.name}:${[...NUMBERS.map((key) => layer[key]), layer.pad].join('.')}`;
}

/** What {@link formatOwnLayer} wrote, or `undefined` if it is something else. */
export function parseOwnLayer(text: string): OwnLayer | undefined {
  const at = text.lastIndexOf(':');
  const parts = text.slice(at + 1).split('.');
  if (at < 1 || parts.length !== NUMBERS.length + 1) return undefined;
  const pad = parts.pop()!;
  if (!parts.every((part) => NUMBER.test(part)) || (pad !== 'same' && pad !== 'valid' && !NUMBER.test(pad)))
    return undefined;
  const named = Object.fromEntries(NUMBERS.map((key, n) => [key, Number(parts[n])]));
  return { ...(named as Record<(typeof NUMBERS)[number], number>), name: text.slice(0, at), pad };
}

const padOf = ({ pad }: OwnLayer): 'same' | 'valid' | number => (pad === 'same' || pad === 'valid' ? pad : Number(pad));

const outputPaddingOf = (layer: OwnLayer): [number, number] | undefined =>
  layer.outputPaddingHeight > 0 || layer.outputPaddingWidth > 0
    ? [layer.outputPaddingHeight, layer.outputPaddingWidth]
    : undefined;

/**
 * The geometry of the layer.
 *
 * @throws RangeError if it is impossible; the message says what would do.
 */
export function geometryOfOwn(layer: OwnLayer): Conv2DTransposeGeometry {
  return computeGeometry({
    xShape: [layer.batch, layer.inHeight, layer.inWidth, layer.inChannels],
    filterShape: [layer.kernelHeight, layer.kernelWidth, layer.outChannels / layer.groups, layer.inChannels],
    strides: [layer.strideHeight, layer.strideWidth],
    pad: padOf(layer),
    dilations: [layer.dilationHeight, layer.dilationWidth],
    groups: layer.groups,
    outputPadding: outputPaddingOf(layer),
  });
}

/**
 * The layer as a workload.
 *
 * @throws RangeError if it is impossible; the message says what would do.
 */
export function workloadOf(layer: OwnLayer): Workload {
  const geometry = geometryOfOwn(layer);
  if (geometry.batch < 1) throw new RangeError('batch must be at least 1 to measure anything');
  // An output padding changes what 'same' crops, which stock has to be told in numbers.
  const { padTop, padBottom, padLeft, padRight } = geometry;
  const none: [number, number] = [0, 0];
  const stockPad: Pad = outputPaddingOf(layer) ? [none, [padTop, padBottom], [padLeft, padRight], none] : padOf(layer);
  return { name: layer.name, from: 'own', pad: stockPad, geometry, flops: usefulFlops(geometry) };
}
