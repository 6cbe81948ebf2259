// SPDX-License-Identifier: Apache-2.0
/**
 * Which taps meet which cells, along one axis.
 *
 * Output cell r meets tap m at input cell i where r + p = i·s + m·d (p = padBegin). Write r + p = y·s + φ with the
 * phase φ = (r + p) mod s. Then m·d ≡ φ (mod s), so all the cells of a phase meet the same taps, and tap m reads
 * input cell i = y − (m·d − φ)/s. Within one phase a transposed convolution is a dense correlation of stride 1, with
 * every (s / gcd(s, d))-th tap.
 *
 * Worked example: s = 2, d = 1, k = 3, p = 0.
 *
 *     φ = 0: cells 0, 2, 4 …; taps 0 and 2; tap 0 reads input y, tap 2 reads input y − 1
 *     φ = 1: cells 1, 3, 5 …; tap 1 alone; it reads input y
 *
 * With d = 2 the taps sit at 0, 2, 4: φ = 0 meets all three, φ = 1 none (gcd(2, 2) = 2): its cells are zero.
 *
 * Sources: W. Shi et al., "Is the deconvolution layer the same as a convolutional layer?", arXiv:1609.07009 (phases);
 * XNNPACK's sub-convolution deconvolution (the same without dilation).
 */
import type { Axis } from './axis';

/** A tap of a phase. Output cell `y·s + φ − p` reads input cell `y − inputOffset` through it. */
export interface PhaseTap {
  readonly tap: number;
  readonly inputOffset: number;
}

/** The output cells `firstOut + t·stride`, t = 0 … count − 1, all of phase `phase`; cell t has y = firstIndex + t. */
export interface Phase {
  readonly phase: number;
  readonly firstOut: number;
  readonly count: number;
  readonly firstIndex: number;
  readonly taps: readonly PhaseTap[];
}

/** A run of `count` cells that all meet one and the same set of taps; `taps` is empty where nothing is met. */
export interface Run<T> {
  /** The first cell: of the input for `inputRuns`, the y of a phase for `phaseRuns`. */
  readonly first: number;
  readonly count: number;
  readonly taps: readonly T[];
}

/** A run within a phase: output cells `firstOut + t·stride`, t = 0 … count − 1, with y = first + t. */
export interface PhaseRun extends Run<PhaseTap> {
  readonly phase: number;
  readonly firstOut: number;
}

/** How taps of one phase follow each other, the same in every phase. */
export interface TapSpacing {
  /** gcd(s, d): a phase that is no multiple of it meets no tap. */
  readonly gcd: number;
  /** From a tap to the next of its phase: s / gcd taps. */
  readonly step: number;
  /** What the next one reads lies so much before, d / gcd input cells. */
  readonly inputStep: number;
  /** That of d / gcd modulo s / gcd: the first tap of phase n · gcd is n · inverse mod step. */
  readonly inverse: number;
}

export function tapSpacing({ stride, dilation }: Pick<Axis, 'stride' | 'dilation'>): TapSpacing {
  let [gcd, rest] = [stride, dilation];
  while (rest > 0) [gcd, rest] = [rest, gcd % rest];
  const [step, inputStep] = [stride / gcd, dilation / gcd];
  let inverse = 0;
  while ((inverse * inputStep) % step !== 1 % step) inverse++;
  return { gcd, step, inputStep, inverse };
}

/** The phases of an axis that own at least one output cell, in order of their first cell. */
export function phases(axis: Axis): Phase[] {
  const { stride, dilation, kernel, padBegin, outSize } = axis;
  const { gcd, step, inverse } = tapSpacing(axis);
  const result: Phase[] = [];
  for (let firstOut = 0; firstOut < Math.min(stride, outSize); firstOut++) {
    const phase = (firstOut + padBegin) % stride;
    const taps: PhaseTap[] = [];
    const first = phase % gcd === 0 ? ((phase / gcd) * inverse) % step : kernel;
    for (let tap = first; tap < kernel; tap += step) taps.push({ tap, inputOffset: (tap * dilation - phase) / stride });
    const count = Math.ceil((outSize - firstOut) / stride);
    result.push({ phase, firstOut, count, firstIndex: Math.floor((firstOut + padBegin) / stride), taps });
  }
  return result;
}

/** All phases, each cut where a tap crosses the border of the input: the taps of a run all read inside it. */
export function phaseRuns(axis: Axis): PhaseRun[] {
  return phases(axis).flatMap(({ phase, firstOut, firstIndex, count, taps }) =>
    runs(firstIndex, count, taps, ({ inputOffset }) => ({ begin: inputOffset, end: inputOffset + axis.inSize })).map(
      (run) => ({
        ...run,
        phase,
        firstOut: firstOut + (run.first - firstIndex) * axis.stride,
      }),
    ),
  );
}

/** The input cells, cut where a tap crosses the border of the output: the taps of a run all write inside it. */
export function inputRuns(axis: Axis): Run<number>[] {
  const taps = Array.from({ length: axis.kernel }, (_, tap) => tap);
  return runs(0, axis.inSize, taps, (tap) => tapSpan(axis, tap));
}

/**
 * The input cells [begin, end) whose contribution through `tap` lands inside the output; may be empty (begin ≥ end).
 */
export function tapSpan(axis: Axis, tap: number): { begin: number; end: number } {
  const first = axis.padBegin - tap * axis.dilation;
  return {
    begin: Math.max(0, Math.ceil(first / axis.stride)),
    end: Math.min(axis.inSize, Math.floor((axis.outSize - 1 + first) / axis.stride) + 1),
  };
}

/** How many pairs of input cell and tap land inside the output: the multiplications of one channel. */
export function contributions(axis: Axis): number {
  let count = 0;
  for (let tap = 0; tap < axis.kernel; tap++) {
    const { begin, end } = tapSpan(axis, tap);
    count += Math.max(0, end - begin);
  }
  return count;
}

/**
 * Cuts first … first + count − 1 into maximal runs over which the same of `taps`, each valid in a [begin, end), are
 * valid.
 */
function runs<T>(
  first: number,
  count: number,
  taps: readonly T[],
  validity: (tap: T) => { begin: number; end: number },
): Run<T>[] {
  const end = first + count;
  const spans = taps.map((tap) => ({ tap, ...validity(tap) })).filter((span) => span.begin < span.end);
  const borders = spans.flatMap((span) => [span.begin, span.end]).filter((at) => first < at && at < end);
  const cuts = [...new Set([first, ...borders, end])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, n) => ({
    first: start,
    count: cuts[n + 1] - start,
    taps: spans.filter((span) => span.begin <= start && start < span.end).map(({ tap }) => tap),
  }));
}
