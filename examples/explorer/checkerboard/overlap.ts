// SPDX-License-Identifier: Apache-2.0
/**
 * Why transposed convolutions leave checkerboards: output cells of different phases meet different numbers of taps. Far
 * from the borders, cells of phase φ meet the taps m with m·d ≡ φ (mod stride). So a constant input comes out as a
 * pattern that repeats every `stride` cells, unless each phase's weights add up to the same.
 * Source: A. Odena et al., "Deconvolution and checkerboard artifacts", https://distill.pub/2016/deconv-checkerboard.
 */
import { phaseOfTap } from '../axis';
import type { Layer } from '../layer';

export interface Checkerboard {
  /** Taps that each output cell meets, output × output. */
  readonly overlaps: readonly number[][];
  /** Taps that cells of each phase meet along one axis, far from the borders. */
  readonly tapsOfPhase: readonly number[];
  /** 0 if all cells far from the borders meet equally many taps, 1 if some meet none: 1 − least / most. */
  readonly score: number;
  /** The same of what a constant input of 1 gives with these weights: (most − least) / largest magnitude. */
  readonly weighted: number;
  readonly why: string;
}

export function checkerboardOf({ axis, w, y, products }: Layer): Checkerboard {
  const { stride, phases } = axis;
  const overlaps = y.map((row) => row.map(() => 0));
  for (const { output } of products) overlaps[output.row][output.col]++;
  const tapsOfPhase = new Array<number>(stride).fill(0);
  for (const { phase, taps } of phases) tapsOfPhase[phase] = taps.length;
  const [least, most] = [Math.min(...tapsOfPhase) ** 2, Math.max(...tapsOfPhase) ** 2];
  const sums = new Array<number>(stride * stride).fill(0);
  w.forEach((row, m) =>
    row.forEach((weight, q) => {
      const [ofRow, ofCol] = [phaseOfTap(axis, m), phaseOfTap(axis, q)];
      if (ofRow !== undefined && ofCol !== undefined) sums[ofRow * stride + ofCol] += weight;
    }),
  );
  const magnitude = Math.max(...sums.map(Math.abs));
  return {
    overlaps,
    tapsOfPhase,
    score: 1 - least / most,
    weighted: magnitude < 1e-12 ? 0 : (Math.max(...sums) - Math.min(...sums)) / magnitude,
    why: explain(axis, tapsOfPhase),
  };
}

function explain({ stride, dilation, kernel }: Layer['axis'], taps: readonly number[]): string {
  if (stride === 1)
    return 'Stride 1 has a single phase: all cells far from the borders meet all taps, so there is no checkerboard.';
  if (new Set(taps).size === 1)
    return (
      `The kernel's ${kernel} taps divide evenly among the ${stride} phases, ${taps[0]} each: the overlap leaves ` +
      'no checkerboard. Weights that differ from phase to phase still can.'
    );
  const list = taps.map((count, phase) => `phase ${phase}: ${count}`).join(', ');
  const start =
    `Along an axis the ${kernel} taps fall on the ${stride} phases unevenly (${list}), so the output repeats a ` +
    `pattern every ${stride} cells.`;
  const divisor = gcd(stride, dilation);
  if (divisor > 1)
    return (
      `${start} Stride ${stride} and dilation ${dilation} have the common divisor ${divisor}: some phases meet no ` +
      'tap at all. A dilation without a common divisor would reach all.'
    );
  const multiples = [Math.floor(kernel / stride), Math.ceil(kernel / stride)].filter((times) => times > 0);
  const sizes = [...new Set(multiples)].map((times) => times * stride).join(' or ');
  return (
    `${start} A kernel that is a multiple of the stride (${sizes}) meets all phases alike; bilinear weights even it ` +
    'out as well.'
  );
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
