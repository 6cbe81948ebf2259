// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run calibrate`: fits the cost model of src/choice/cost_model to what `npm start` and `npm run bench:webgl` have
 * measured, and writes src/choice/calibration.ts. Prints how far behind the best the model's choice is. What cannot be
 * fitted is left out, with its reason: 'auto' takes it for unknown then.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { VARIANTS } from '../src';
import { CALIBRATION } from '../src/choice/calibration';
import { LAST_RESORT } from '../src/choice/choose';
import { type Coefficients, type Work, timeOf, workOf } from '../src/choice/cost_model';
import { type Contender, PASSES, type Pass } from '../src/contract';
import { geometricMean } from './averages';
import { BACKENDS, descriptorNamed } from './backends';
import { benchCommand } from './command_line';
import { fit } from './fit';
import { write } from './in_node';
import { significant } from './numbers';
import type { Results } from './results';
import { ALL_WORKLOADS, workloadNamed } from './workloads';

const { json, webgl } = benchCommand(
  'npm run calibrate --',
  'Fits the cost model to what npm start and npm run bench:webgl have measured.',
  'bench/out/compare.json',
)
  .option('--webgl <file>', 'what bench:webgl has written', 'bench/out/bench_webgl.json')
  .parse()
  .opts<{ json: string; webgl: string }>();

/** Milliseconds of a pass of a layer by a contender. */
interface Measured {
  readonly workload: string;
  readonly pass: Pass;
  readonly contender: Contender;
  readonly ms: number;
}
interface WebglResults {
  readonly renderer: string;
  readonly all: Readonly<Record<string, Partial<Record<Pass, Record<string, { ms: number }>>>>>;
}
type Model = Partial<Record<Pass, Partial<Record<Contender, Coefficients>>>>;

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const compared = read<Results>(json);
// On webgl its own bench is the more thorough.
const onWebgl = existsSync(webgl) ? read<WebglResults>(webgl) : undefined;

/**
 * Who is calibrated for a pass. Stock is a rival on GPUs only: on arrays it is never faster, and what the only kernel
 * of a gradient takes is nothing to choose by.
 */
function contendersFor(pass: Pass, backend: string): readonly Contender[] {
  const isGPU = descriptorNamed(backend).runsOn === 'gpu';
  if (pass === 'forward') return isGPU ? [...VARIANTS, 'stock'] : VARIANTS;
  return isGPU ? ['ours', 'stock'] : [];
}

/** What was measured on a backend, of layers that there are. */
function measuredOn(backend: string): Measured[] {
  const measured =
    backend === 'webgl' && onWebgl
      ? Object.entries(onWebgl.all).flatMap(([workload, passes]) =>
          PASSES.flatMap((pass) =>
            Object.entries(passes[pass] ?? {}).map(([contender, { ms }]) => ({ workload, pass, contender, ms })),
          ),
        )
      : compared.rows.filter((row) => row.backend === backend);
  return measured
    .filter(({ workload }) => ALL_WORKLOADS.some(({ name }) => name === workload))
    .map(({ workload, pass, contender, ms }) => ({ workload, pass, contender: contender as Contender, ms }))
    .map((one) => ((one.contender as string) === 'stock packed' ? { ...one, contender: 'stock' as const } : one))
    .filter(({ pass, contender }) => contendersFor(pass, backend).includes(contender));
}

/** The part of the machine's name that is about a backend. */
function machineOf(backend: string): string {
  const parts = compared.machine.split(/; (?=\w+: )/);
  return parts.find((part) => part.startsWith(`${backend}: `)) ?? compared.machine;
}

const workIn = ({ pass, contender, workload }: Measured): Work | undefined =>
  workOf(pass, contender, workloadNamed(workload).geometry);

function modelOf(backend: string, measured: readonly Measured[], isQuiet = false): Model {
  const model: Model = {};
  for (const pass of PASSES) {
    for (const contender of contendersFor(pass, backend)) {
      const points = measured
        .filter((one) => one.pass === pass && one.contender === contender)
        .map((one) => ({ work: workIn(one), ms: one.ms }));
      const known = points.flatMap(({ work, ms }) => (work ? [{ work, ms }] : []));
      const left = (why: string): void => {
        if (!isQuiet) console.log(`${backend} ${pass} ${contender}: left out, for ${why}`);
      };
      if (points.length === 0) left('it was not measured');
      else if (known.length === 0) left('src/choice/cost_model has no row');
      else (model[pass] ??= {})[contender] = fit(known);
    }
  }
  return model;
}

/**
 * Prints how long the choice takes beside the fastest, layer by layer: of a model that was fitted to all layers, and of
 * models that were fitted to all but the one they choose for.
 */
function judge(backend: string, model: Model, measured: readonly Measured[]): void {
  for (const pass of PASSES) {
    const ofPass = measured.filter((one) => one.pass === pass);
    const [fitted, leftOut]: [number[], number[]] = [[], []];
    for (const workload of new Set(ofPass.map((one) => one.workload))) {
      const own = ofPass.filter((one) => one.workload === workload);
      const best = own.reduce((a, b) => (b.ms < a.ms ? b : a));
      const behind = ({ [pass]: coefficients = {} }: Model): number | undefined => {
        const predicted = (one: Measured): number => timeOf(workIn(one)!, coefficients[one.contender]!);
        const candidates = own.filter(({ contender }) => contender !== LAST_RESORT && coefficients[contender]);
        if (candidates.length === 0) return undefined;
        return candidates.reduce((a, b) => (predicted(b) < predicted(a) ? b : a)).ms / best.ms;
      };
      const ratios = [
        behind(model),
        behind(
          modelOf(
            backend,
            measured.filter((one) => one.workload !== workload),
            true,
          ),
        ),
      ];
      if (ratios[0] !== undefined) fitted.push(ratios[0]);
      if (ratios[1] === undefined) continue;
      leftOut.push(ratios[1]);
      if (ratios[1] > 1.05)
        console.log(
          `${backend} ${pass} ${workload}, left out: ${significant(ratios[1])}× the time of ${best.contender}`,
        );
    }
    if (fitted.length === 0) continue;
    const told = (ratios: number[]): string =>
      `${significant(geometricMean(ratios))}× (at most ${significant(Math.max(...ratios))}×)`;
    console.log(
      `${backend} ${pass}: the choice takes ${told(fitted)} the time of the best, geometric mean of ` +
        `${fitted.length} layers; on layers left out of the fit ${told(leftOut)}`,
    );
  }
}

const before: { machines: Record<string, string>; models: Record<string, Model> } = CALIBRATION;
const [machines, models]: [Record<string, string>, Record<string, Model>] = [{}, {}];
for (const backend of BACKENDS) {
  const { calibratedAs } = descriptorNamed(backend);
  const measured = measuredOn(backend);
  if (calibratedAs) console.log(`${backend}: as ${calibratedAs}`);
  else if (measured.length > 0) {
    machines[backend] = backend === 'webgl' && onWebgl ? onWebgl.renderer : machineOf(backend);
    models[backend] = modelOf(backend, measured);
    judge(backend, models[backend], measured);
  } else if (before.models[backend]) {
    console.log(`${backend}: as before, for it was not measured`);
    machines[backend] = before.machines[backend];
    models[backend] = before.models[backend];
  } else console.log(`${backend}: left out, for it was not measured`);
}
const calibration = {
  command: 'npm start && npm run bench:webgl && npm run calibrate',
  machines,
  date: compared.date,
  models,
};
const file = fileURLToPath(new URL('../src/choice/calibration.ts', import.meta.url));
const source = `// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model, written by \`npm run calibrate\`: don't edit. */
export const CALIBRATION = ${JSON.stringify(calibration)};
`;
write(file, (await format(source, { ...(await resolveConfig(file)), filepath: file })).trimEnd());
