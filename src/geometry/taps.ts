// SPDX-License-Identifier: Apache-2.0
/** Evenly spaced taps along an axis: those that all rows, or all columns, of a dense correlation's pixels meet. */
import { type Axis, effectiveKernel } from './axis';
import { phases } from './phases';

/** Tap n moves what is read by `offset + n · offsetStep`, and is tap `tap + n · tapStep` of the filter. */
export interface Taps {
  readonly count: number;
  readonly offset: number;
  readonly offsetStep: number;
  readonly tap: number;
  readonly tapStep: number;
}

/** A single tap, which reads what lies at the pixel itself. */
export const ONE_TAP: Taps = { count: 1, offset: 0, offsetStep: 0, tap: 0, tapStep: 0 };

/** Those of each phase (./phases), in order of its first cell. */
export function tapsOfPhases(axis: Axis): Taps[] {
  return phases(axis).map(({ taps, firstIndex }) => {
    const [first, second] = taps;
    return {
      count: taps.length,
      offset: first === undefined ? 0 : firstIndex - first.inputOffset,
      offsetStep: second === undefined ? 0 : first.inputOffset - second.inputOffset,
      tap: first?.tap ?? 0,
      tapStep: second === undefined ? 0 : second.tap - first.tap,
    };
  });
}

/** Those of the gradient with respect to x: around cell i · stride of y for cell i of x. */
export function tapsOfConvolution({ kernel, dilation, padBegin }: Axis): Taps {
  return { count: kernel, offset: -padBegin, offsetStep: dilation, tap: 0, tapStep: 1 };
}

/** Those of the equivalent convolution (./arithmetic), whose kernel is flipped, on what {@link zeroInserted} makes. */
export function flippedTaps({ kernel, dilation }: Axis): Taps {
  return { count: kernel, offset: 0, offsetStep: dilation, tap: kernel - 1, tapStep: -1 };
}

/** Cells of x with zeros inserted and padded, and how many are in front; fewer than none: cells are cropped. */
export function zeroInserted({ outSize, kernel, dilation, padBegin }: Axis): { size: number; padBegin: number } {
  const reach = effectiveKernel(kernel, dilation) - 1;
  return { size: outSize + reach, padBegin: reach - padBegin };
}
