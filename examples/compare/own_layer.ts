// SPDX-License-Identifier: Apache-2.0
/** A layer of one's own: as numbers in a form, as a short text in an address, and as a workload to be measured. */
import { type GeometryRequest, type Pad, computeGeometry } from '../../src';
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
  const numbers = parts.map(Number);
  if (!numbers.every((value) => Number.isInteger(value)) || !/^(same|valid|\d+)$/.test(pad)) return undefined;
  const named = Object.fromEntries(NUMBERS.map((key, n) => [key, numbers[n]]));
  return { ...(named as Record<(typeof NUMBERS)[number], number>), name: text.slice(0, at), pad };
}

/**
 * The layer as a workload.
 *
 * @throws RangeError if it is impossible; the message says what would do.
 */
export function workloadOf(layer: OwnLayer): Workload {
  const pad = layer.pad === 'same' || layer.pad === 'valid' ? layer.pad : Number(layer.pad);
  const outputPadding: [number, number] = [layer.outputPaddingHeight, layer.outputPaddingWidth];
  const hasOutputPadding = outputPadding.some((cells) => cells > 0);
  const request: GeometryRequest = {
    xShape: [layer.batch, layer.inHeight, layer.inWidth, layer.inChannels],
    filterShape: [layer.kernelHeight, layer.kernelWidth, layer.outChannels / layer.groups, layer.inChannels],
    strides: [layer.strideHeight, layer.strideWidth],
    pad,
    dilations: [layer.dilationHeight, layer.dilationWidth],
    groups: layer.groups,
    outputPadding: hasOutputPadding ? outputPadding : undefined,
  };
  const geometry = computeGeometry(request);
  if (geometry.batch < 1) throw new RangeError('batch must be at least 1 to measure anything');
  // An output padding changes what 'same' crops, which stock has to be told in numbers.
  const { padTop, padBottom, padLeft, padRight } = geometry;
  const none: [number, number] = [0, 0];
  const stockPad: Pad = hasOutputPadding ? [none, [padTop, padBottom], [padLeft, padRight], none] : pad;
  return { name: layer.name, from: 'own', pad: stockPad, geometry, flops: usefulFlops(geometry) };
}
