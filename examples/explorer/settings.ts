// SPDX-License-Identifier: Apache-2.0
/** What can be set in the explorer, within which limits, and how it stands in the address of the page. */
import type { AxisRequest } from '../../src/geometry/axis';

/** Numbers that are set by sliders; all axes are alike, as the picture is square. */
export interface Settings {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  /** Cells cropped on each side, where `pad` is 'number'. */
  readonly padding: number;
  readonly outputPadding: number;
  readonly dilation: number;
  readonly pad: PadKind;
  readonly weights: WeightKind;
}

export const PAD_KINDS = ['same', 'valid', 'number'] as const;
export type PadKind = (typeof PAD_KINDS)[number];
export const WEIGHT_KINDS = ['small numbers', 'ones', 'bilinear'] as const;
export type WeightKind = (typeof WEIGHT_KINDS)[number];

/** The settings with a slider, in the order of the formula. */
export const SLIDERS = {
  input: { label: 'Input', least: 1, most: 6 },
  kernel: { label: 'Kernel', least: 1, most: 7 },
  stride: { label: 'Stride', least: 1, most: 4 },
  padding: { label: 'Padding', least: 0, most: 6 },
  outputPadding: { label: 'Output padding', least: 0, most: 3 },
  dilation: { label: 'Dilation', least: 1, most: 3 },
} as const;
export type SliderName = keyof typeof SLIDERS;

export const DEFAULTS: Settings = {
  input: 3,
  kernel: 3,
  stride: 2,
  padding: 1,
  outputPadding: 0,
  dilation: 1,
  pad: 'same',
  weights: 'small numbers',
};

/** What to ask of ../../src/geometry for an axis. */
export function axisRequest({ input, kernel, stride, padding, outputPadding, dilation, pad }: Settings): AxisRequest {
  return {
    inSize: input,
    kernel,
    stride,
    dilation,
    pad: pad === 'number' ? { begin: padding, end: padding } : pad,
    // 'same' with an output padding of 0 would mean Keras's rule for one; without, it is input · stride.
    outputPadding: outputPadding > 0 ? outputPadding : undefined,
  };
}

/** The settings in an address; what is missing or out of its limits is as by default. */
export function parseSettings(given: URLSearchParams): Settings {
  const sliders = Object.entries(SLIDERS).map(([name, { least, most }]) => {
    const value = given.has(name) ? Number(given.get(name)) : NaN;
    return [name, Number.isInteger(value) && value >= least && value <= most ? value : DEFAULTS[name as SliderName]];
  });
  const choice = <T extends string>(name: 'pad' | 'weights', choices: readonly T[]): T =>
    choices.find((value) => value === given.get(name)) ?? (DEFAULTS[name] as T);
  return {
    ...(Object.fromEntries(sliders) as Record<SliderName, number>),
    pad: choice('pad', PAD_KINDS),
    weights: choice('weights', WEIGHT_KINDS),
  };
}
