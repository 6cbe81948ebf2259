// SPDX-License-Identifier: Apache-2.0
/** The layers of real networks that everything is measured on, and how much useful arithmetic each takes. */
import { type Conv2DTransposeGeometry, type Pad, computeGeometry } from '../src';
import { heightAxis, widthAxis } from '../src/geometry/geometry';
import { contributions } from '../src/geometry/phases';
import { geometryOfConvolution } from '../src/geometry/convolution';
import data from './workloads.json' with { type: 'json' };

/** What kinds of layers there are: those of networks that stock computes as well, and others. */
export const KINDS = ['usual', 'grouped', 'one-dimensional', 'small'] as const;
export type Kind = (typeof KINDS)[number];

export interface Workload {
  name: string;
  from: string;
  kind?: Kind;
  /** What stock ops are to be told. */
  pad: Pad;
  geometry: Conv2DTransposeGeometry;
  /** Useful operations, a multiplication and an addition each, of the forward pass and of either gradient. */
  flops: number;
}

export const WORKLOADS: readonly Workload[] = data.workloads.map(
  ({ name, from, x, kernel, outChannels, strides, pad, groups = 1, kind = 'usual' }) => {
    const geometry = computeGeometry({
      xShape: x,
      filterShape: [...kernel, outChannels / groups, x[3]],
      strides: strides as [number, number],
      pad: pad as Pad,
      groups,
    });
    return { name, from, kind: kind as Kind, pad: pad as Pad, geometry, flops: usefulFlops(geometry) };
  },
);

/** Plain convolutions, seen as what they are to the kernels here: the input gradient of a transposed one. */
export const CONVOLUTIONS: readonly Workload[] = data.convolutions.map(
  ({ name, from, x, kernel, outChannels, strides, pad }) => {
    const filterShape = [...kernel, x[3], outChannels];
    const geometry = geometryOfConvolution({
      xShape: x,
      filterShape,
      strides: strides as [number, number],
      pad: pad as 'same',
    });
    return { name, from, pad: pad as Pad, geometry, flops: usefulFlops(geometry) };
  },
);

export const ALL_WORKLOADS: readonly Workload[] = [...WORKLOADS, ...CONVOLUTIONS];

/** Those that are measured if no layers are named. */
export const DEFAULT_NAMES: readonly string[] = WORKLOADS.filter(({ kind }) => kind === 'usual').map(
  ({ name }) => name,
);

/** The workloads of these names, in the order of the list. */
export function workloadsNamed(names: readonly string[]): Workload[] {
  return WORKLOADS.filter(({ name }) => names.includes(name));
}

export function workloadNamed(name: string): Workload {
  const found = ALL_WORKLOADS.find((workload) => workload.name === name);
  if (!found) throw new RangeError(`There is no workload '${name}'`);
  return found;
}

/** Two per multiply-add of the definition; contributions that are cropped away don't count. */
export function usefulFlops(g: Conv2DTransposeGeometry): number {
  const met = contributions(heightAxis(g)) * contributions(widthAxis(g));
  return 2 * g.batch * met * g.inChannels * (g.outChannels / g.groups);
}
