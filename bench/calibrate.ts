// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run calibrate`: fits the cost model of src/cost_model to what `npm start` (on `cpu`) and `npm run bench:webgl` have measured, and writes
 * src/calibration.ts. Least squares of relative errors, no coefficient below 0. Prints how far behind the best the model's choice is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { VARIANTS, type Variant } from '../src';
import { type Coefficients, workOf } from '../src/choice/cost_model';
import { benchCommand } from './command_line';
import { geometricMean } from './interleave';
import type { Results } from './results';
import { significant } from './numbers';
import { WORKLOADS } from './workloads';

const { json, webgl } = benchCommand(
  'npm run calibrate --',
  'Fits the cost model to what npm start and npm run bench:webgl have measured.',
  'bench/out/compare.json',
)
  .option('--webgl <file>', 'what bench:webgl has written', 'bench/out/bench_webgl.json')
  .parse()
  .opts<{ json: string; webgl: string }>();

interface Sample {
  backend: string;
  workload: string;
  contender: Variant;
  ms: number;
}
const onCpu = JSON.parse(readFileSync(json, 'utf8')) as Results;
const onWebgl = JSON.parse(readFileSync(webgl, 'utf8')) as { renderer: string; all: Record<string, { forward: Record<string, { ms: number }> }> }; // prettier-ignore
const forward: Sample[] = [
  ...onCpu.rows
    .filter(({ backend, pass, contender }) => backend === 'cpu' && pass === 'forward' && contender !== 'stock')
    .map(({ backend, workload, contender, ms }) => ({ backend, workload, contender: contender as Variant, ms })),
  ...Object.entries(onWebgl.all).flatMap(([workload, passes]) =>
    VARIANTS.filter((variant) => passes.forward[variant]).map((contender) => ({
      backend: 'webgl',
      workload,
      contender,
      ms: passes.forward[contender].ms,
    })),
  ),
];

type Point = { features: number[]; ms: number };

/** The best of all fits with some coefficients left at 0. */
function fit(points: readonly Point[]): Coefficients {
  let best = { error: Infinity, solution: [0, 0, 0] };
  for (let subset = 1; subset < 8; subset++) {
    const used = [0, 1, 2].filter((n) => subset & (1 << n));
    const solution = solve(points, used);
    if (!solution || solution.some((value) => value < 0)) continue;
    const error = points.reduce((sum, { features, ms }) => sum + (features.reduce((a, f, n) => a + f * solution[n], 0) / ms - 1) ** 2, 0); // prettier-ignore
    if (error < best.error) best = { error, solution };
  }
  const [call, multiplyAdds, moved] = best.solution.map((value) => Number(value.toPrecision(3)));
  return { call, multiplyAdds, moved };
}

/** Normal equations, by Gauss–Jordan; at most 3 unknowns. */
function solve(points: readonly Point[], used: readonly number[]): number[] | undefined {
  const rows = used.map((i) => [
    ...used.map((j) => points.reduce((sum, { features, ms }) => sum + (features[i] * features[j]) / ms ** 2, 0)),
    points.reduce((sum, { features, ms }) => sum + features[i] / ms, 0),
  ]);
  for (let n = 0; n < rows.length; n++) {
    if (Math.abs(rows[n][n]) < 1e-12) return undefined;
    rows[n] = rows[n].map((value) => value / rows[n][n]);
    rows.forEach((row, m) => {
      if (m !== n) rows[m] = row.map((value, at) => value - row[n] * rows[n][at]);
    });
  }
  const solution = [0, 0, 0];
  used.forEach((of, n) => (solution[of] = rows[n][rows.length]));
  return solution;
}

const models: Record<string, Record<Variant, Coefficients>> = {};
for (const backend of new Set(forward.map((row) => row.backend))) {
  const own = forward.filter((row) => row.backend === backend);
  const geometryOf = (name: string): (typeof WORKLOADS)[number]['geometry'] => WORKLOADS.find((w) => w.name === name)!.geometry; // prettier-ignore
  const model = Object.fromEntries(
    VARIANTS.map((variant) => {
      const points = own
        .filter(({ contender }) => contender === variant)
        .map(({ workload, ms }) => {
          const { multiplyAdds, moved } = workOf(variant, geometryOf(workload))!;
          return { features: [1, multiplyAdds / 1e6, moved / 1e6], ms };
        });
      return [variant, fit(points)];
    }),
  ) as Record<Variant, Coefficients>;
  models[backend] = model;
  const behind: number[] = [];
  for (const name of new Set(own.map((row) => row.workload))) {
    const times = new Map(own.filter((row) => row.workload === name).map((row) => [row.contender as Variant, row.ms]));
    const predicted = (variant: Variant): number => {
      const { multiplyAdds, moved } = workOf(variant, geometryOf(name))!;
      return model[variant].call + (multiplyAdds * model[variant].multiplyAdds + moved * model[variant].moved) / 1e6;
    };
    // 'auto' leaves dilate out: see src/variants.
    const chosen = [...times.keys()]
      .filter((variant) => variant !== 'dilate')
      .reduce((a, b) => (predicted(b) < predicted(a) ? b : a));
    const best = [...times.keys()].reduce((a, b) => (times.get(b)! < times.get(a)! ? b : a));
    behind.push(times.get(chosen)! / times.get(best)!);
    if (chosen !== best) console.log(`${backend} ${name}: ${chosen}, ${significant(behind.at(-1)!)}× the time of ${best}`); // prettier-ignore
  }
  console.log(`${backend}: the choice takes ${significant(geometricMean(behind))}× the time of the best, geometric mean of ${behind.length} layers`); // prettier-ignore
}
// The engine of wasm is that of cpu.
if (models.cpu) models.wasm = models.cpu;
const calibration = {
  command: 'npm start && npm run bench:webgl && npm run calibrate',
  machines: { cpu: onCpu.machine, webgl: onWebgl.renderer },
  date: onCpu.date,
  models,
};
const file = fileURLToPath(new URL('../src/calibration.ts', import.meta.url));
const source = `// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model, written by \`npm run calibrate\`: don't edit. */
export const CALIBRATION = ${JSON.stringify(calibration)};
`;
writeFileSync(file, await format(source, { ...(await resolveConfig(file)), filepath: file }));
console.log('Wrote src/calibration.ts');
