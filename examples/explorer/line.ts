// SPDX-License-Identifier: Apache-2.0
/** A transposed convolution along one axis, its numbers, and every product that its output is made of. */
import type { AxisArithmetic } from '../../src/geometry/arithmetic';
import { type Meeting, meetingsOf, uncropped } from './axis';

export interface Line {
  /** As it is set. */
  readonly axis: AxisArithmetic;
  /** The same with nothing cropped. */
  readonly full: AxisArithmetic;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  /** What all stamps add up to, before the crop. */
  readonly yFull: readonly number[];
  /** What meets inside the output. */
  readonly meetings: readonly Meeting[];
  /** What meets before the crop: all inputs with all weights. */
  readonly stamps: readonly Meeting[];
}

export function makeLine(axis: AxisArithmetic, x: readonly number[], w: readonly number[]): Line {
  const full = uncropped(axis);
  const [meetings, stamps] = [meetingsOf(axis), meetingsOf(full)];
  const sum = (size: number, of: readonly Meeting[]): number[] => {
    const y = new Array<number>(size).fill(0);
    for (const { input, tap, output } of of) y[output] += x[input] * w[tap];
    return y;
  };
  return { axis, full, x, w, y: sum(axis.outSize, meetings), yFull: sum(full.outSize, stamps), meetings, stamps };
}
