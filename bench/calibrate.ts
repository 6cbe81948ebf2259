// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run calibrate`: measures who can be chosen for what (layers of every kind and size, as users have them), fits
 * the cost model of src/choice/cost_model to it, and writes src/choice/calibration.ts. Prints how far behind the best
 * the model's choice is. What cannot be fitted is left out, with its reason: 'auto' takes it for unknown then.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { CALIBRATION } from '../src/choice/calibration';
import { isInexact } from '../src/choice/choose';
import { type Contender, PASSES, type Pass, type Variant, contendersOn } from '../src/contract';
import { BACKENDS, BY_DEFAULT, descriptorNamed } from './backends';
import { type Measured, type Model, judge, modelOf } from './cost_fit';
import { command, listOf, positive, wholePositive } from './command_line';
import { progressBar, setUpWasm, write, writeJson } from './in_node';
import { type Cell, measureCells } from './on_backend';
import type { Row } from './results';
import { CONVOLUTIONS, WORKLOADS } from './workloads';

/** Those in which something is to be chosen by what is measured there. */
const OWN = BACKENDS.filter((name) => PASSES.some((pass) => contendersFor(pass, name).length > 0));
const OWN_BY_DEFAULT = OWN.filter((name) => BY_DEFAULT.includes(name));

const {
  json,
  backends,
  repeat,
  timeBudget,
  from,
  write: writes,
} = command('npm run calibrate --', 'Measures, and fits the cost model to it.', 'bench/out/calibrate.json')
  .option(
    '-b, --backends <names>',
    `comma-separated, of ${OWN.join(', ')}; others stay as they are`,
    listOf(OWN),
    OWN_BY_DEFAULT,
  )
  .option('-r, --repeat <rounds>', 'measured rounds; of the fast more', wholePositive, 7)
  .option('-t, --time-budget <seconds>', 'time that measuring may take', positive, 480)
  .option('--from <files...>', 'does not measure, but reads what was written; of several runs the least times')
  .option('--no-write', 'only measures, fits and judges')
  .parse()
  .opts<{
    json: string;
    backends: string[];
    repeat: number;
    timeBudget: number;
    from?: string[];
    write: boolean;
  }>();

/** What was measured. */
interface Measurements {
  readonly date: string;
  readonly machines: Record<string, string>;
  readonly measured: Record<string, Measured[]>;
}

/**
 * Who is calibrated for a pass. Stock is a rival on GPUs, and where a backend says that it leaves something to stock
 * (conv2d on wasm). Else it is never faster, and what the only kernel of a gradient takes is nothing to choose by.
 */
function contendersFor(pass: Pass, backend: string): readonly Contender[] {
  const ours = contendersOn(descriptorNamed(backend), pass);
  if (isRival(pass, backend)) return [...ours, 'stock'];
  return pass === 'forward' && descriptorNamed(backend).calibratedAs?.forward === undefined ? ours : [];
}

/** Whether 'auto' is free to choose one: those that give up some precision have to be allowed. */
function isFree({ pass, contender }: Measured, backend: string): boolean {
  return contender === 'stock' || !isInexact(pass, contender, descriptorNamed(backend));
}

function isRival(pass: Pass, backend: string): boolean {
  const { runsOn, leavesToStock } = descriptorNamed(backend);
  return runsOn === 'gpu' || (leavesToStock !== undefined && pass === 'input gradient');
}

/** Every layer in every pass in which there is a choice; of convolutions the one that they are. */
function cellsOn(backend: string): Cell[] {
  const passes = PASSES.filter((pass) => contendersFor(pass, backend).length > 0);
  const convolution = passes.filter((pass) => pass === 'input gradient');
  return [
    ...WORKLOADS.flatMap((workload) => passes.map((pass) => ({ workload, pass }))),
    ...CONVOLUTIONS.flatMap((workload) => convolution.map((pass) => ({ workload, pass }))),
  ];
}

/** Whether a time is that of a first call: on a GPU it compiles, which takes up to seconds. */
function isFirstCall({ runs, ms, firstMs }: Row): boolean {
  return runs === 1 && ms === firstMs;
}

async function measure(): Promise<Measurements> {
  const machines: Record<string, string> = {};
  const measured: Record<string, Measured[]> = {};
  const end = performance.now() + timeBudget * 1000;
  let toDo = backends.reduce((sum, backend) => sum + cellsOn(backend).length, 0);
  const bar = progressBar('{value}/{total} | {cell}');
  bar.start(toDo, 0, { cell: '' });
  for (const backend of backends) {
    const asked = {
      variants: contendersOn(descriptorNamed(backend), 'forward') as Variant[],
      stock: PASSES.some((pass) => isRival(pass, backend)),
    };
    const outcome = await measureCells(backend, asked, cellsOn(backend), { repeat }, ({ workload, pass }) => {
      bar.increment(1, { cell: `${backend} ${workload.name} ${pass}` });
      return Math.max(0, end - performance.now()) / toDo--;
    });
    const isGpu = descriptorNamed(backend).runsOn === 'gpu';
    measured[backend] = [];
    for (const row of outcome.rows) {
      const { workload, pass, contender, ms } = row;
      if (isGpu && isFirstCall(row))
        console.log(`Left out: ${backend} ${pass} ${workload}, ${contender}: no time for a call after the first`);
      else measured[backend].push({ workload, pass, contender: contender as Contender, ms });
    }
    if (outcome.machine !== undefined) machines[backend] = outcome.machine;
    for (const why of outcome.skipped) console.log(`Skipped: ${why}`);
  }
  bar.stop();
  return { date: new Date().toISOString(), machines, measured };
}

/** The least times of several runs: what disturbs a run only adds to them. Backends are those of any of them. */
function leastOf(runs: readonly Measurements[]): Measurements {
  const least = new Map<string, Map<string, Measured>>();
  for (const [backend, measured] of runs.flatMap((run) => Object.entries(run.measured))) {
    const rows = least.get(backend) ?? new Map<string, Measured>();
    least.set(backend, rows);
    for (const row of measured) {
      const key = `${row.workload} ${row.pass} ${row.contender}`;
      const before = rows.get(key);
      if (before === undefined || row.ms < before.ms) rows.set(key, row);
    }
  }
  return {
    date: runs.map(({ date }) => date).sort()[runs.length - 1],
    machines: Object.assign({}, ...runs.map(({ machines }) => machines)) as Record<string, string>,
    measured: Object.fromEntries([...least].map(([backend, rows]) => [backend, [...rows.values()]])),
  };
}

const read = (file: string): Measurements => JSON.parse(readFileSync(file, 'utf8')) as Measurements;

setUpWasm();
const found = from === undefined ? await measure() : leastOf(from.map(read));
if (from === undefined) writeJson(json, found);
const before: { machines: Record<string, string>; models: Record<string, Model> } = CALIBRATION;
const [machines, models]: [Record<string, string>, Record<string, Model>] = [{}, {}];
for (const backend of OWN) {
  const measured = (found.measured[backend] ?? []).filter(({ pass, contender }) =>
    contendersFor(pass, backend).includes(contender),
  );
  if (measured.length > 0) {
    const { model, left } = modelOf(measured, (pass) => contendersFor(pass, backend));
    for (const line of left) console.log(`${backend} ${line}`);
    const free = measured.filter((one) => isFree(one, backend));
    for (const line of judge(model, free)) console.log(`${backend} ${line}`);
    if (free.length < measured.length)
      for (const line of judge(model, measured)) console.log(`${backend}, everything allowed: ${line}`);
    [machines[backend], models[backend]] = [found.machines[backend], model];
  } else if (before.models[backend]) {
    console.log(`${backend}: as before, for it was not measured`);
    [machines[backend], models[backend]] = [before.machines[backend], before.models[backend]];
  } else console.log(`${backend}: left out, for it was not measured`);
}
if (writes) {
  const calibration = { command: 'npm run calibrate', machines, date: found.date, models };
  const file = fileURLToPath(new URL('../src/choice/calibration.ts', import.meta.url));
  const source = `// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model, written by \`npm run calibrate\`: don't edit. */
/* eslint-disable @stylistic/max-len -- Names of renderers are as long as they are. */
export const CALIBRATION = ${JSON.stringify(calibration)};
`;
  write(file, (await format(source, { ...(await resolveConfig(file)), filepath: file })).trimEnd());
}
