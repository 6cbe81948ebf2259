// SPDX-License-Identifier: Apache-2.0
/**
 * The main job: all variants and stock tf.conv2dTranspose on layers of real networks, forward and both gradients, in
 * one interleaved run per backend. Every result is checked against the definition. What runs on a GPU runs in headless
 * Chromium. Ends with whole models, stock and under install(). Prints a table, writes JSON and an HTML report.
 */
import * as tf from '@tensorflow/tfjs';
import { VARIANTS, type Variant } from '../src';
import { BACKENDS, descriptorNamed } from './backends';
import { benchCommand, listOf, positive, wholePositive } from './command_line';
import { progressBar, setUpWasm, write, writeJson } from './in_node';
import { modelsInBrief } from './models/in_brief';
import { modelLine } from './models/lines';
import { NETWORKS } from './models/networks';
import { BOUND } from './models/outcome';
import { measureCells } from './on_backend';
import { PASSES } from './passes';
import { writeReport } from './report';
import { type Results, type Row, isWrong } from './results';
import { renderTables } from './tables';
import { WORKLOADS, workloadsNamed } from './workloads';

interface Options {
  workloads: string[];
  variants: Variant[];
  backends: string[];
  repeat: number;
  json: string;
  html: string;
  timeBudget: number;
  models: string[];
}

/** What whole models may take of the time, and the most that they take, in seconds. */
const MODELS_SHARE = { part: 1 / 4, seconds: 45 };
/** The models that a run ends with, and how to have none. */
const MODELS = ['dcgan', 'style', 'unet'];
const NONE = 'none';

function parseOptions(argv: string[]): Options {
  const description =
    'Compares the variants of conv2dTranspose and stock tfjs, forward and both gradients, on layers of real networks.';
  const models = [...NETWORKS.map(({ name }) => name), NONE];
  return benchCommand('npm start --', description, 'bench/out/compare.json', WORKLOADS)
    .option('-v, --variants <names>', `comma-separated, of ${VARIANTS.join(', ')}`, listOf(VARIANTS), [...VARIANTS])
    .option('-b, --backends <names>', `comma-separated, of ${BACKENDS.join(', ')}`, listOf(BACKENDS), [...BACKENDS])
    .option('-r, --repeat <rounds>', 'measured rounds at most', wholePositive, 7)
    .option('-t, --time-budget <seconds>', 'time that the whole run may take', positive, 170)
    .option('-m, --models <names>', `whole models at the end, of ${models.join(', ')}`, listOf(models), MODELS)
    .option('--html <file>', 'where the report goes', 'bench/out/compare.html')
    .parse(argv)
    .opts<Options>();
}

/**
 * On a GPU a first call compiles, for up to seconds where there is only software, and counts for nothing. A pass gets
 * this part of the time besides, or is left out: where there is no time for all, some have medians of at least so many
 * calls.
 */
const ON_GPU = { part: 1 / 18, limits: { least: 3, compiles: true } };

/** All that is to be measured, and what could not be. */
async function measureAll(options: Options): Promise<Pick<Results, 'machine' | 'skipped' | 'rows'>> {
  const end = performance.now() + options.timeBudget * 1000;
  // The small ones first: what they leave of their shares the large ones can use.
  const workloads = workloadsNamed(options.workloads).sort((a, b) => a.flops - b.flops);
  const cells = workloads.flatMap((workload) => PASSES.map((pass) => ({ workload, pass })));
  let toDo = options.backends.length * cells.length;
  const bar = progressBar('{value}/{total} | {cell}');
  bar.start(toDo, 0, { cell: '' });
  const rows: Row[] = [];
  const machines: string[] = [];
  const skipped: string[] = [];
  const asked = { variants: options.variants, stock: true };
  for (const [n, backend] of options.backends.entries()) {
    toDo = (options.backends.length - n) * cells.length;
    // Each backend has its share: what one takes too long for, the others are not to go without.
    const backendEnd = performance.now() + (end - performance.now()) / (options.backends.length - n);
    const part = (backendEnd - performance.now()) * ON_GPU.part;
    let cellsLeft = cells.length;
    const isGpu = descriptorNamed(backend).runsOn === 'gpu';
    const limits = { repeat: options.repeat, ...(isGpu && ON_GPU.limits) };
    const found = await measureCells(backend, asked, cells, limits, ({ workload, pass }) => {
      bar.update(bar.getTotal() - toDo, { cell: `${backend} ${workload.name} ${pass}` });
      toDo--;
      const left = Math.max(0, backendEnd - performance.now());
      const share = left / cellsLeft--;
      if (!isGpu) return share;
      return left < part ? 0 : Math.max(share, part);
    });
    rows.push(...found.rows);
    skipped.push(...found.skipped);
    if (found.machine !== undefined) machines.push(`${backend}: ${found.machine}`);
  }
  bar.update(bar.getTotal(), { cell: 'done' });
  bar.stop();
  return { machine: machines.join('; '), skipped, rows };
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv);
  setUpWasm();
  const begin = performance.now();
  const models = options.models.filter((name) => name !== NONE);
  const share = Math.min(MODELS_SHARE.seconds, options.timeBudget * MODELS_SHARE.part);
  const seconds = models.length > 0 ? options.timeBudget - share : options.timeBudget;
  const measured = await measureAll({ ...options, timeBudget: seconds });
  const left = Math.max(0, begin + options.timeBudget * 1000 - performance.now());
  const whole = await modelsInBrief(models, options.backends, left, (what) => {
    process.stderr.write(`whole model: ${what}\n`);
  });
  const results: Results = {
    date: new Date().toISOString(),
    versions: { tfjs: tf.version.tfjs },
    options: { ...options },
    seconds: (performance.now() - begin) / 1000,
    ...measured,
    skipped: [...new Set([...measured.skipped, ...whole.skipped])],
    models: whole.rows,
  };
  console.log(renderTables(results));
  if (results.skipped.length > 0) console.log(`Skipped:\n${results.skipped.map((line) => `- ${line}`).join('\n')}`);
  if (whole.rows.length > 0) console.log('Whole models by install() alone, files to results:');
  for (const row of whole.rows) console.log(modelLine(row));
  writeJson(options.json, results);
  write(options.html, await writeReport(results));
  const [ours, stock] = [false, true].map((isStock) =>
    results.rows.filter((row) => isWrong(row) && (row.contender === 'stock') === isStock),
  );
  const list = (rows: readonly Row[]): string =>
    rows.map(({ backend, workload, pass, contender }) => `${backend} ${workload} ${pass} ${contender}`).join('; ');
  if (stock.length > 0) console.error(`${stock.length} results of stock tfjs are wrong: ${list(stock)}`);
  if (ours.length > 0) {
    console.error(`${ours.length} results are WRONG: ${list(ours)}`);
    process.exitCode = 1;
  }
  const wrong = whole.rows.filter(({ difference }) => !(difference <= BOUND));
  if (wrong.length > 0) {
    console.error(`${wrong.length} results of models are WRONG: ${wrong.map(modelLine).join('; ')}`);
    process.exitCode = 1;
  }
}

await main();
