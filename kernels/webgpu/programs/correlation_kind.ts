// SPDX-License-Identifier: Apache-2.0
/** What a correlation is told: by its code, and in uniforms. */
import type { Lanes } from './program';
import type { Tile } from './tile';

/** Of pixels × channels. */
export interface CorrelationTile extends Tile {
  /** Quads of terms of a chunk. */
  readonly quads: number;
}

/** What differs from program to program. */
export interface CorrelationKind {
  readonly tile: CorrelationTile;
  readonly order: 'forward' | 'input gradient';
  /** Taps of each phase of the output, or the same for all pixels. */
  readonly phased: boolean;
  /** Whether four terms of the image, four of the filter as it lies, four channels of the result lie together. */
  readonly image: Lanes;
  readonly filter: Lanes;
  readonly result: Lanes;
  /** Adds to what the result holds. */
  readonly adds: boolean;
}

export const CORRELATION_INTEGERS = [
  // The grid of pixels of a phase.
  'batch',
  'rows',
  'cols',
  'phaseCols',
  'phases',
  // What is read.
  'imageHeight',
  'imageWidth',
  'imageChannels',
  'stepRows',
  'stepCols',
  'depth',
  'filterCols',
  'filterChannels',
  // What is written: pixel (r, c) of phase (a, b) at row outRow + a + r · outRowStep.
  'channels',
  'outHeight',
  'outWidth',
  'outChannels',
  'outRow',
  'outCol',
  'outRowStep',
  'outColStep',
];

/** A pixel's column `c` and row `r` within its image (./program). */
export function pixelDigits(suffix: string): readonly (readonly [name: string, size: string])[] {
  return [
    [`c${suffix}`, 'uniforms.cols'],
    [`r${suffix}`, 'uniforms.rows'],
  ];
}
