// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run calibrate`: fits the cost model of src/choice/cost_model to what `npm start` and `npm run bench:webgl` have
 * measured, and writes src/choice/calibration.ts. Prints how far behind the best the model's choice is. What cannot be
 * fitted is left out, with its reason: 'auto' takes it for unknown then.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { VARIANTS, type Variant } from '../src';
import { CALIBRATION } from '../src/choice/calibration';
import { LAST_RESORT } from '../src/choice/choose';
import { type Coefficients, timeOf, workOf } from '../src/choice/cost_model';
import { geometricMean } from './averages';
import { BACKENDS, descriptorNamed } from './backends';
import { benchCommand } from './command_line';
import { fit } from './fit';
import { write } from './in_node';
import { significant } from './numbers';
import type { Results } from './results';
import { WORKLOADS, workloadNamed } from './workloads';

const { json, webgl } = benchCommand(
  'npm run calibrate --',
  'Fits the cost model to what npm start and npm run bench:webgl have measured.',
  'bench/out/compare.json',
)
  .option('--webgl <file>', 'what bench:webgl has written', 'bench/out/bench_webgl.json')
  .parse()
  .opts<{ json: string; webgl: string }>();

/** Milliseconds of a forward pass by a variant. */
interface Measured {
  readonly workload: string;
  readonly variant: Variant;
  readonly ms: number;
}

interface WebglResults {
  readonly renderer: string;
  readonly all: Readonly<Record<string, { forward: Record<string, { ms: number }> }>>;
}

type Model = Partial<Record<Variant, Coefficients>>;

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const compared = read<Results>(json);
// On webgl its own bench is the more thorough.
const onWebgl = existsSync(webgl) ? read<WebglResults>(webgl) : undefined;

/** What was measured on a backend, of layers that there are. */
function measuredOn(backend: string): Measured[] {
  const measured =
    backend === 'webgl' && onWebgl
      ? Object.entries(onWebgl.all).flatMap(([workload, { forward }]) =>
          Object.entries(forward).map(([contender, { ms }]) => ({ workload, contender, ms })),
        )
      : compared.rows.filter((row) => row.backend === backend && row.pass === 'forward');
  return measured
    .filter(({ workload }) => WORKLOADS.some(({ name }) => name === workload))
    .filter(({ contender }) => VARIANTS.some((variant) => variant === contender))
    .map(({ workload, contender, ms }) => ({ workload, variant: contender as Variant, ms }));
}

/** The part of the machine's name that is about a backend. */
function machineOf(backend: string): string {
  const parts = compared.machine.split(/; (?=\w+: )/);
  return parts.find((part) => part.startsWith(`${backend}: `)) ?? compared.machine;
}

function modelOf(backend: string, measured: readonly Measured[]): Model {
  const model: Model = {};
  for (const variant of VARIANTS) {
    const points = measured
      .filter((one) => one.variant === variant)
      .map(({ workload, ms }) => ({ work: workOf(variant, workloadNamed(workload).geometry), ms }));
    const known = points.flatMap(({ work, ms }) => (work ? [{ work, ms }] : []));
    if (points.length === 0) console.log(`${backend} ${variant}: left out, for it was not measured`);
    else if (known.length === 0) console.log(`${backend} ${variant}: left out, for src/choice/cost_model has no row`);
    else model[variant] = fit(known);
  }
  return model;
}

/** Prints how long the model's choice takes beside the fastest. */
function judge(backend: string, model: Model, measured: readonly Measured[]): void {
  const behind: number[] = [];
  for (const workload of new Set(measured.map((one) => one.workload))) {
    const { geometry } = workloadNamed(workload);
    const predicted = ({ variant }: Measured): number => timeOf(workOf(variant, geometry)!, model[variant]!);
    const own = measured.filter((one) => one.workload === workload);
    const candidates = own.filter(({ variant }) => variant !== LAST_RESORT && model[variant]);
    if (candidates.length === 0) continue;
    const chosen = candidates.reduce((a, b) => (predicted(b) < predicted(a) ? b : a));
    const best = own.reduce((a, b) => (b.ms < a.ms ? b : a));
    const ratio = chosen.ms / best.ms;
    behind.push(ratio);
    if (chosen !== best)
      console.log(`${backend} ${workload}: ${chosen.variant}, ${significant(ratio)}× the time of ${best.variant}`);
  }
  const mean = significant(geometricMean(behind));
  console.log(`${backend}: the choice takes ${mean}× the time of the best, geometric mean of ${behind.length} layers`);
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
