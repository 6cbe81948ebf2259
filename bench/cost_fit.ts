// SPDX-License-Identifier: Apache-2.0
/** The cost model fitted to what was measured on a backend, and judged by the choices it makes. */
import { LAST_RESORT } from '../src/choice/choose';
import { type Coefficients, type Work, timeOf, workOf } from '../src/choice/cost_model';
import { type Contender, PASSES, type Pass } from '../src/contract';
import { geometricMean } from './averages';
import { fit } from './fit';
import { significant } from './numbers';
import { workloadNamed } from './workloads';

/** Milliseconds of a pass of a layer by a contender. */
export interface Measured {
  readonly workload: string;
  readonly pass: Pass;
  readonly contender: Contender;
  readonly ms: number;
}
export type Model = Partial<Record<Pass, Partial<Record<Contender, Coefficients>>>>;

/** Choices that take so many times the time of the best are told. */
const TOLD = 1.05;

const workIn = ({ pass, contender, workload }: Measured): Work | undefined =>
  workOf(pass, contender, workloadNamed(workload).geometry);

/** The coefficients of all that can be fitted, and why the rest can't. */
export function modelOf(
  measured: readonly Measured[],
  contendersFor: (pass: Pass) => readonly Contender[],
): { model: Model; left: string[] } {
  const model: Model = {};
  const left: string[] = [];
  for (const pass of PASSES) {
    for (const contender of contendersFor(pass)) {
      const points = measured
        .filter((one) => one.pass === pass && one.contender === contender && hasRivals(one, measured))
        .map((one) => ({ work: workIn(one), ms: one.ms }));
      const known = points.flatMap(({ work, ms }) => (work ? [{ work, ms }] : []));
      if (points.length === 0) left.push(`${pass} ${contender}: left out, for it was not measured`);
      else if (known.length === 0) left.push(`${pass} ${contender}: left out, for src/choice/cost_model has no row`);
      else (model[pass] ??= {})[contender] = fit(known);
    }
  }
  return { model, left };
}

/** Whether another computes it, too: times of a layer that only one computes are nothing to choose by. */
function hasRivals({ pass, contender, workload }: Measured, measured: readonly Measured[]): boolean {
  return measured.some((one) => one.pass === pass && one.workload === workload && one.contender !== contender);
}

/** How many times the time of the best a model's choice for a pass of a layer takes; `undefined` if it has none. */
function behind(model: Model, own: readonly Measured[]): number | undefined {
  const coefficients = model[own[0].pass] ?? {};
  const predicted = (one: Measured): number => timeOf(workIn(one)!, coefficients[one.contender]!);
  const candidates = own.filter(
    (one) => one.contender !== LAST_RESORT && coefficients[one.contender] && workIn(one) !== undefined,
  );
  if (candidates.length === 0) return undefined;
  const choice = candidates.reduce((a, b) => (predicted(b) < predicted(a) ? b : a));
  return choice.ms / bestOf(own).ms;
}

function bestOf(own: readonly Measured[]): Measured {
  return own.reduce((a, b) => (b.ms < a.ms ? b : a));
}

/**
 * Lines that say how long the choice takes beside the fastest: of the model that was fitted to all layers, and of
 * models that were fitted to all but the one they choose for.
 */
export function judge(model: Model, measured: readonly Measured[]): string[] {
  const lines: string[] = [];
  for (const pass of PASSES) {
    const ofPass = measured.filter((one) => one.pass === pass);
    const contenders = [...new Set(ofPass.map(({ contender }) => contender))];
    const [fitted, leftOut]: [number[], number[]] = [[], []];
    for (const workload of new Set(ofPass.map((one) => one.workload))) {
      const own = ofPass.filter((one) => one.workload === workload);
      const others = ofPass.filter((one) => one.workload !== workload);
      const { model: without } = modelOf(others, (of) => (of === pass ? contenders : []));
      const [ratio, ratioLeftOut] = [behind(model, own), behind(without, own)];
      if (ratio !== undefined) fitted.push(ratio);
      if (ratioLeftOut === undefined) continue;
      leftOut.push(ratioLeftOut);
      if (ratioLeftOut > TOLD)
        lines.push(`${pass} ${workload}, left out: ${significant(ratioLeftOut)}× the time of ${bestOf(own).contender}`);
    }
    if (fitted.length === 0) continue;
    const told = (ratios: number[]): string =>
      `${significant(geometricMean(ratios))}× (at most ${significant(Math.max(...ratios))}×)`;
    lines.push(
      `${pass}: the choice takes ${told(fitted)} the time of the best, geometric mean of ${fitted.length} layers; ` +
        `on layers left out of the fit ${told(leftOut)}`,
    );
  }
  return lines;
}
