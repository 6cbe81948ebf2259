// SPDX-License-Identifier: Apache-2.0
/**
 * A transposed layer as tests describe it: every number explicit, in the terms of the definition, none of them
 * computed by the library under test.
 */
import type { ExplicitPadding, GeometryRequest } from '../../src';
import { uniform } from './random';

export interface Layer {
  batch: number;
  inSize: [number, number];
  inChannels: number;
  outChannels: number;
  kernel: [number, number];
  strides: [number, number];
  dilations: [number, number];
  /** top, bottom, left, right */
  pads: [number, number, number, number];
  outputPadding: [number, number];
  groups: number;
}

const PLAIN: Layer = {
  batch: 1,
  inSize: [4, 5],
  inChannels: 3,
  outChannels: 2,
  kernel: [3, 3],
  strides: [2, 2],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  outputPadding: [0, 0],
  groups: 1,
};

/**
 * A layer that differs in what is given from a plain one: x [1, 4, 5, 3], 2 channels out, 3×3, stride 2, nothing
 * cropped.
 */
export function layer(difference: Partial<Layer> = {}): Layer {
  return { ...PLAIN, ...difference };
}

export function outSize({ inSize, kernel, strides, dilations, pads, outputPadding }: Layer): [number, number] {
  const along = (n: 0 | 1): number =>
    strides[n] * (inSize[n] - 1) +
    dilations[n] * (kernel[n] - 1) +
    1 +
    outputPadding[n] -
    pads[2 * n] -
    pads[2 * n + 1];
  return [along(0), along(1)];
}

export type Shape4D = [number, number, number, number];

export function xShape(l: Layer): Shape4D {
  return [l.batch, ...l.inSize, l.inChannels];
}

export function filterShape(l: Layer): Shape4D {
  return [...l.kernel, l.outChannels / l.groups, l.inChannels];
}

export function yShape(l: Layer): Shape4D {
  return [l.batch, ...outSize(l), l.outChannels];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** x, filter and a cotangent dy, uniform in [−1, 1). */
export function randomOperands(l: Layer, seed: string): { x: Float32Array; filter: Float32Array; dy: Float32Array } {
  return {
    x: uniform(sizeOf(xShape(l)), `${seed} x`),
    filter: uniform(sizeOf(filterShape(l)), `${seed} filter`),
    dy: uniform(sizeOf(yShape(l)), `${seed} dy`),
  };
}

/** The pads as the op takes them, in the order of a layout. */
export function explicitPad(
  { pads: [top, bottom, left, right] }: Pick<Layer, 'pads'>,
  dataFormat: 'NHWC' | 'NCHW' = 'NHWC',
): ExplicitPadding {
  const none: [number, number] = [0, 0];
  const [rows, columns]: [number, number][] = [
    [top, bottom],
    [left, right],
  ];
  return dataFormat === 'NHWC' ? [none, rows, columns, none] : [none, none, rows, columns];
}

/** What is asked for a layer's geometry. */
export function requestOf(of: Layer): GeometryRequest {
  const { strides, dilations, groups, outputPadding } = of;
  const shapes = { xShape: xShape(of), filterShape: filterShape(of) };
  return { ...shapes, strides, dilations, groups, outputPadding, pad: explicitPad(of) };
}
