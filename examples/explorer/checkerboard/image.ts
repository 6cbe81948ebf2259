// SPDX-License-Identifier: Apache-2.0
/** A picture made twice as large by one untrained layer, in five ways, and how uneven each makes a flat surface. */
import { type AxisArithmetic, axisArithmetic } from '../../../src/geometry/arithmetic';
import { meetingsOf } from '../axis';
import { square } from '../layer';

/** Rows of one channel; 0 is black, 1 is white. */
export type Plane = readonly (readonly number[])[];
export type Rgb = readonly [Plane, Plane, Plane];

/** Pixels along each side that are shown; MARGIN more around them keep the border's own pattern out of sight. */
export const SIZE = 25;
const MARGIN = 3;
const DRAWN = SIZE + 2 * MARGIN;
const STRIDE = 2;

export interface Way {
  readonly id: 'three' | 'four' | 'initialised' | 'resized';
  readonly title: string;
  readonly remark: string;
  /** What the layer makes of a channel with weights that are so random: 0 (all alike) to 1. */
  make(x: Plane, noise: number): number[][];
}

export const WAYS: readonly Way[] = [
  {
    id: 'three',
    title: 'kernel 3, stride 2',
    remark: '3 is no multiple of 2: cells meet 1, 2 or 4 taps.',
    make: (x, noise) => transposed(x, weights(3, noise), STRIDE),
  },
  {
    id: 'four',
    title: 'kernel 4, stride 2',
    remark: 'A multiple of the stride: every cell meets 4 taps. Weights that differ between phases still show.',
    make: (x, noise) => transposed(x, weights(4, noise), STRIDE),
  },
  {
    id: 'initialised',
    title: 'kernel 4, sub-pixel initialisation',
    remark: 'All phases begin with the same small kernel, however random.',
    make: (x, noise) => transposed(x, alike(weights(2, noise)), STRIDE),
  },
  {
    id: 'resized',
    title: 'resize, then kernel 3, stride 1',
    remark: 'Every pixel becomes 2 × 2; stride 1 has a single phase. It costs 4 times the multiplications.',
    make: (x, noise) => transposed(enlarged(x), weights(3, noise), 1),
  },
];

/** (most − least) / mean of what a flat picture becomes, in its middle. */
export function unevenness({ make }: Way, noise: number): number {
  const flat = make(
    square(DRAWN, () => 1),
    noise,
  );
  const middle = shownPart(flat).flat();
  const mean = middle.reduce((a, b) => a + b) / middle.length;
  return (Math.max(...middle) - Math.min(...middle)) / mean;
}

/** A plane, before or after, without its margin. */
export function shownPart(plane: Plane): Plane {
  const margin = (MARGIN * plane.length) / DRAWN;
  return plane.slice(margin, -margin).map((row) => row.slice(margin, -margin));
}

/** One channel through one layer with 'same' padding; the mean brightness stays. */
function transposed(x: Plane, w: Plane, stride: number): number[][] {
  const axis: AxisArithmetic = axisArithmetic({ inSize: x.length, kernel: w.length, stride, pad: 'same' });
  const sum = w.flat().reduce((a, b) => a + b);
  const y = square(axis.outSize, () => 0);
  const meetings = meetingsOf(axis);
  for (const row of meetings)
    for (const col of meetings)
      y[row.output][col.output] += (x[row.input][col.input] * w[row.tap][col.tap] * stride ** 2) / sum;
  return y;
}

/** Weights around 1, always the same random ones. */
function weights(kernel: number, noise: number): number[][] {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  return square(kernel, () => 1 + noise * (2 * random() - 1));
}

/**
 * A kernel whose taps of every phase are the given ones: tap m has the weight ⌊m / stride⌋.
 * Source: A. Aitken et al., "Checkerboard artifact free sub-pixel convolution", arXiv:1707.02937.
 */
function alike(small: Plane): number[][] {
  return square(small.length * STRIDE, (row, col) => small[Math.floor(row / STRIDE)][Math.floor(col / STRIDE)]);
}

function enlarged(x: Plane): number[][] {
  return square(x.length * STRIDE, (row, col) => x[Math.floor(row / STRIDE)][Math.floor(col / STRIDE)]);
}

/** A lake in the evening: smooth sky, sharp hills, a sun and what the water makes of it. */
export function scene(): Rgb {
  const colour = (row: number, col: number): readonly [number, number, number] => {
    const [v, u] = [(row - MARGIN + 0.5) / SIZE, (col - MARGIN + 0.5) / SIZE];
    const shore = 0.66;
    const mirrored = v > shore ? 2 * shore - v : v;
    const away = Math.hypot(u - 0.68, (mirrored - 0.36) * 1.05);
    const dim = v > shore ? 0.74 : 1;
    if (away < 0.12) return [dim, 0.93 * dim, 0.68 * dim];
    const hill =
      0.5 - 0.2 * Math.exp(-(((u - 0.2) / 0.2) ** 2)) - 0.1 * Math.exp(-(((u - 0.9) / 0.16) ** 2)) + 0.06 * u;
    if (mirrored > hill) return [0.2 * dim, 0.27 * dim, 0.36 * dim];
    const glow = Math.exp(-4.5 * away);
    return [(0.45 + 0.5 * glow + 0.1 * mirrored) * dim, (0.5 + 0.25 * glow) * dim, (0.72 - 0.22 * glow) * dim];
  };
  const plane = (channel: number): Plane => square(DRAWN, (row, col) => colour(row, col)[channel]);
  return [plane(0), plane(1), plane(2)];
}
