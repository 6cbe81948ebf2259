// SPDX-License-Identifier: Apache-2.0
/** Fits the coefficients of the cost model to measured times: least squares of relative errors, none below 0. */
import { type Coefficients, type Work, timeOf } from '../src/choice/cost_model';

/** Some work, and what it took. */
export interface Point {
  readonly work: Work;
  readonly ms: number;
}

/**
 * What each coefficient is multiplied by, as `timeOf` has it: milliseconds of a call, and of a million of the others.
 */
const FEATURES: readonly ((work: Work) => number)[] = [
  () => 1,
  ({ multiplyAdds }) => multiplyAdds / 1e6,
  ({ moved }) => moved / 1e6,
];

/** The best of all fits with some coefficients left at 0. */
export function fit(points: readonly Point[]): Coefficients {
  let best: { error: number; coefficients: Coefficients } | undefined;
  for (let subset = 1; subset < 1 << FEATURES.length; subset++) {
    const used = FEATURES.map((_, n) => n).filter((n) => subset & (1 << n));
    const solution = solve(points, used);
    if (!solution || solution.some((value) => value < 0)) continue;
    const [call, multiplyAdds, moved] = solution;
    const coefficients = { call, multiplyAdds, moved };
    const error = points.reduce((sum, { work, ms }) => sum + (timeOf(work, coefficients) / ms - 1) ** 2, 0);
    if (!best || error < best.error) best = { error, coefficients };
  }
  if (!best) throw new Error(`${points.length} measurements are too few for a fit`);
  const rounded = Object.entries(best.coefficients).map(([name, value]) => [name, Number(value.toPrecision(3))]);
  return Object.fromEntries(rounded) as unknown as Coefficients;
}

/** Normal equations, by Gauss–Jordan; the coefficients that are not `used` are 0. */
function solve(points: readonly Point[], used: readonly number[]): number[] | undefined {
  const relative = (n: number, { work, ms }: Point): number => FEATURES[n](work) / ms;
  const sum = (of: (point: Point) => number): number => points.reduce((total, point) => total + of(point), 0);
  const rows = used.map((i) => [
    ...used.map((j) => sum((point) => relative(i, point) * relative(j, point))),
    sum((point) => relative(i, point)),
  ]);
  for (let n = 0; n < rows.length; n++) {
    if (Math.abs(rows[n][n]) < 1e-12) return undefined;
    rows[n] = rows[n].map((value) => value / rows[n][n]);
    rows.forEach((row, m) => {
      if (m !== n) rows[m] = row.map((value, at) => value - row[n] * rows[n][at]);
    });
  }
  const solution = FEATURES.map(() => 0);
  used.forEach((of, n) => (solution[of] = rows[n][rows.length]));
  return solution;
}
