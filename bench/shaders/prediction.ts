// SPDX-License-Identifier: Apache-2.0
/**
 * What the counts of instructions and fetches say of times on RDNA2, where no such GPU is. A fragment goes through the
 * program once, and through the innermost loop as often as its multiply-adds take:
 *
 *     units = fragments · instructions + multiply-adds · max(vector instructions, FETCH · fetches) / busy
 *
 * A compute unit issues 64 lanes of vector instructions in a cycle, and its texture units bring 4 texels of 4 floats: a
 * fetch is as long as 16 instructions, and hides behind them, or they behind it. With fewer than 4 waves a unit is not
 * busy all the time. Of stock's multiply-adds those count that are useful, of ours all that they do. Uploads are left
 * out.
 */
import { LAST_RESORT } from '../../src/choice/choose';
import { type Coefficients, type Model, timeOf, workOf } from '../../src/choice/cost_model';
import { type Contender, PASSES, type Pass } from '../../src/contract';
import { geometricMean } from '../averages';
import { type Measured as Time, modelOf } from '../cost_fit';
import { significant } from '../numbers';
import { CONVOLUTIONS, WORKLOADS, workloadNamed } from '../workloads';
import type { Measured } from './rows';

const FETCH = 16;
const ENOUGH_WAVES = 4;
/** Units in a millisecond of a small GPU: 8 compute units of 64 lanes at 1.6 GHz, as in a Steam Deck. */
const UNITS_PER_MS = 8 * 64 * 1.6e6;

/**
 * Milliseconds of a call besides, in the cost model alone: JavaScript's, which `npm run bench:overhead` measures alike
 * for ours and stock's, and for each program that it draws with the GPU's, which starts anew: an estimate.
 */
const CALL_MS = 0.02;
const PROGRAM_MS = 0.01;

/** tfjs's programs that bring values onto the GPU, once. */
const UPLOAD = /^Encode/;
/** Draws points, each as large as what it adds: fragments are not counted by its viewport. */
const DRAWS_POINTS = 'scatter';

/** Units of a pass of a layer by someone. */
interface Predicted {
  readonly layer: string;
  readonly pass: Pass;
  readonly by: string;
  readonly units: number;
  /** How many programs it draws with. */
  readonly programs: number;
}

export function predictAll(programs: readonly Measured[]): Predicted[] {
  const calls = new Map<
    string,
    { layer: string; pass: Pass; by: string; of: { one: Measured; fragments: number }[] }
  >();
  for (const one of programs.filter(({ name }) => !UPLOAD.test(name))) {
    for (const { layer, pass, by, fragments } of one.uses.filter((use) => use.by !== DRAWS_POINTS)) {
      const key = [layer, pass, by].join();
      const call = calls.get(key) ?? { layer, pass, by, of: [] };
      calls.set(key, call);
      call.of.push({ one, fragments });
    }
  }
  return [...calls.values()].map(({ layer, pass, by, of }) => {
    const { geometry, flops } = workloadNamed(layer);
    const own = by.startsWith('stock') ? undefined : workOf(pass, by as Contender, geometry);
    const multiplyAdds = own?.multiplyAdds ?? flops / 2;
    const loops = of.filter(({ one }) => one.amd.RDNA2.vectorPerMultiplyAdd !== undefined);
    const looping = sum(loops.map(({ fragments }) => fragments));
    const once = sum(of.map(({ one, fragments }) => fragments * one.amd.RDNA2.instructions));
    const inLoops = sum(loops.map(({ one, fragments }) => (fragments / looping) * perMultiplyAdd(one)));
    return { layer, pass, by, units: once + multiplyAdds * inLoops, programs: of.length };
  });
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function perMultiplyAdd({ amd: { RDNA2 } }: Measured): number {
  const { vectorPerMultiplyAdd = 0, fetchesPerMultiplyAdd = 0, waves } = RDNA2;
  return Math.max(vectorPerMultiplyAdd, FETCH * fetchesPerMultiplyAdd) / Math.min(1, waves / ENOUGH_WAVES);
}

/** What the predictions are summed up for, and over which layers. */
const SUMMARIES = [
  { title: 'transposed convolution', pass: 'forward', of: WORKLOADS },
  { title: 'its input gradient', pass: 'input gradient', of: WORKLOADS },
  { title: 'its filter gradient', pass: 'filter gradient', of: WORKLOADS },
  { title: 'conv2d', pass: 'input gradient', of: CONVOLUTIONS },
] as const;

export const RATIO_HEAD = ['pass', 'layers by ours', 'geometric mean', 'least', 'most'];

/**
 * How many times as fast as the better of stock's programs ours are, predicted: a line of cells for each pass. And how
 * many times under `install()`, which leaves to stock what the cost model says.
 */
export function ratioRows(all: readonly Predicted[], model: Model): string[][] {
  const least = (some: readonly Predicted[]): number => Math.min(...some.map(({ units }) => units));
  return SUMMARIES.flatMap(({ title, pass, of }) => {
    const rows = of
      .map(({ name }) => all.filter((one) => one.layer === name && one.pass === pass))
      .map((here) => ({
        ours: here.filter(({ by }) => !by.startsWith('stock')),
        stock: here.filter(({ by }) => by.startsWith('stock')),
      }))
      .filter(({ ours, stock }) => ours.length > 0 && stock.length > 0);
    if (rows.length === 0) return [];
    const told = (ratios: readonly number[]): string[] =>
      [geometricMean(ratios), Math.min(...ratios), Math.max(...ratios)].map(significant);
    const taken = rows.map((row) => takenOf(row, model));
    const installed = rows.map(({ stock }, n) => (taken[n] ? least(stock) / taken[n].units : 1));
    return [
      [title, `${rows.length}`, ...told(rows.map(({ ours, stock }) => least(stock) / least(ours)))],
      [`${title}, under install()`, `${taken.filter((one) => one !== undefined).length}`, ...told(installed)],
    ];
  });
}

/** Who of ours the cost model takes for a pass of a layer; `undefined` if it leaves it to stock. */
function takenOf(
  { ours, stock }: { ours: readonly Predicted[]; stock: readonly Predicted[] },
  model: Model,
): Predicted | undefined {
  const msOf = ({ layer, pass, by }: Predicted): number => {
    const [work, coefficients] = [
      workOf(pass, by as Contender, workloadNamed(layer).geometry),
      model[pass]?.[by as Contender],
    ];
    return work && coefficients ? timeOf(work, coefficients) : Infinity;
  };
  const best = ours.filter(({ by }) => by !== LAST_RESORT).reduce((a, b) => (msOf(b) < msOf(a) ? b : a));
  return stock.some((one) => msOf(one) < msOf(best)) ? undefined : best;
}

/** The cost model that these predictions make: as it is fitted to measurements, with what a call costs besides. */
export function countedModel(all: readonly Predicted[]): Model {
  const times = all
    .filter(({ by }) => by !== 'stock unpacked')
    .map(({ layer, pass, by, units }): Time => {
      return { workload: layer, pass, contender: by as Contender, ms: units / UNITS_PER_MS };
    });
  const { model } = modelOf(times, (pass) => [
    ...new Set(times.filter((one) => one.pass === pass).map(({ contender }) => contender)),
  ]);
  return Object.fromEntries(
    PASSES.map((pass) => [
      pass,
      Object.fromEntries(
        Object.entries(model[pass] ?? {}).map(([contender, coefficients]): [string, Coefficients] => {
          const programs = all.filter((one) => one.pass === pass && one.by === contender).map((one) => one.programs);
          const besides = CALL_MS + (PROGRAM_MS * sum(programs)) / programs.length;
          return [contender, { ...coefficients, call: Number((coefficients.call + besides).toPrecision(3)) }];
        }),
      ),
    ]),
  );
}
