// SPDX-License-Identifier: Apache-2.0
/** Scores of generated digits, from what a classifier makes of them beside real ones. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Judgement } from './classifier';

/** A digit counts as clear if the classifier gives it at least so much for one label. */
export const SURE = 0.9;

export interface Scores {
  /** The share of images that the classifier is sure of. */
  readonly sure: number;
  /** The shares of the ten classes, by most probable label. */
  readonly shares: readonly number[];
  /** e to the entropy of these shares: 10 if all are equally frequent, 1 if there is but one. */
  readonly effectiveClasses: number;
  /** Fréchet distance to the real images in the classifier's feature space. */
  readonly frechet: number;
}

export function scoresOf(made: Judgement, real: Judgement): Scores {
  const best = made.probabilities.map((row) => Math.max(...row));
  const digits = made.probabilities.map((row, n) => row.indexOf(best[n]));
  const shares = Array.from({ length: 10 }, (_, digit) => digits.filter((one) => one === digit).length / best.length);
  const entropy = shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
  return {
    sure: best.filter((value) => value >= SURE).length / best.length,
    shares,
    effectiveClasses: Math.exp(entropy),
    frechet: frechetDistance(made.features, real.features),
  };
}

/**
 * |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁^½ Σ₂ Σ₁^½)^½): the Fréchet distance between normal distributions of the means and
 * covariances of two sets of rows (each at least two).
 * Source: M. Heusel et al., https://arxiv.org/abs/1706.08500, there with the features of Inception.
 */
export function frechetDistance(first: readonly number[][], second: readonly number[][]): number {
  const [a, b] = [moments(first), moments(second)];
  const difference = a.mean.reduce((sum, value, n) => sum + (value - b.mean[n]) ** 2, 0);
  const root = symmetricRoot(a.covariance);
  const product = root.mmul(b.covariance).mmul(root);
  const traceOfRoot = eigenvalues(product).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  return Math.max(0, difference + a.covariance.trace() + b.covariance.trace() - 2 * traceOfRoot);
}

function moments(rows: readonly number[][]): { mean: number[]; covariance: Matrix } {
  if (rows.length < 2) throw new RangeError(`frechetDistance needs at least two rows, but there are ${rows.length}`);
  const matrix = new Matrix(rows as number[][]);
  const mean = matrix.mean('column');
  const centred = matrix.subRowVector(mean);
  return {
    mean,
    covariance: centred
      .transpose()
      .mmul(centred)
      .div(rows.length - 1),
  };
}

/** The root of a symmetric matrix none of whose eigenvalues is negative, but for rounding. */
function symmetricRoot(matrix: Matrix): Matrix {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
}

function eigenvalues(matrix: Matrix): number[] {
  const symmetric = Matrix.add(matrix, matrix.transpose()).div(2);
  return new EigenvalueDecomposition(symmetric, { assumeSymmetric: true }).realEigenvalues;
}
