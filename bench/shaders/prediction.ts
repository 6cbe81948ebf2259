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
import { CALIBRATION } from '../../src/choice/calibration';
import { type Coefficients, type Model, workOf } from '../../src/choice/cost_model';
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
    return { layer, pass, by, units: once + multiplyAdds * inLoops };
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

export const RATIO_HEAD = ['pass', 'layers', 'geometric mean', 'least', 'most'];

/** How many times as fast as the better of stock's programs ours are, predicted: a line of cells for each pass. */
export function ratioRows(all: readonly Predicted[]): string[][] {
  return SUMMARIES.flatMap(({ title, pass, of }) => {
    const ratios = of.flatMap(({ name }) => {
      const here = all.filter((one) => one.layer === name && one.pass === pass);
      const best = (stock: boolean): number =>
        Math.min(...here.filter(({ by }) => by.startsWith('stock') === stock).map(({ units }) => units));
      const ratio = best(true) / best(false);
      return Number.isFinite(ratio) && ratio > 0 ? [ratio] : [];
    });
    if (ratios.length === 0) return [];
    const figures = [geometricMean(ratios), Math.min(...ratios), Math.max(...ratios)].map(significant);
    return [[title, `${ratios.length}`, ...figures]];
  });
}

/**
 * The cost model that these predictions make: as it is fitted to measurements. What a call costs besides is no matter
 * of a GPU, and is the calibration's.
 */
export function countedModel(all: readonly Predicted[]): Model {
  const times = all
    .filter(({ by }) => by !== 'stock unpacked')
    .map(({ layer, pass, by, units }): Time => {
      return { workload: layer, pass, contender: by as Contender, ms: units / UNITS_PER_MS };
    });
  const { model } = modelOf(times, (pass) => [
    ...new Set(times.filter((one) => one.pass === pass).map(({ contender }) => contender)),
  ]);
  const calibrated: Model = CALIBRATION.models.webgl;
  return Object.fromEntries(
    PASSES.map((pass) => [
      pass,
      Object.fromEntries(
        Object.entries(model[pass] ?? {}).map(([contender, coefficients]): [string, Coefficients] => {
          const { call = 0 } = calibrated[pass]?.[contender as Contender] ?? {};
          return [contender, { ...coefficients, call: Number((call + coefficients.call).toPrecision(3)) }];
        }),
      ),
    ]),
  );
}
