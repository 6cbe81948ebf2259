// SPDX-License-Identifier: Apache-2.0
/**
 * The main job: all variants and stock tf.conv2dTranspose on layers of real networks, forward and both gradients, in
 * one interleaved run; every result is checked against the definition. Prints a table, writes JSON and an HTML report.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { SingleBar, Presets } from 'cli-progress';
import { scratch } from '../kernels/cpu';
import { VARIANTS, type Variant } from '../src';
import { benchCommand, listOf, positive, wholePositive } from './command_line';
import { interleave } from './interleave';
import { type Contender, PASSES, type Pass, makeOperands, ourContenders, stockContender } from './passes';
import { writeReport } from './report';
import type { Results, Row } from './results';
import { sampledError } from './spot_check';
import { renderTables } from './tables';
import { WORKLOADS, type Workload } from './workloads';

const BACKENDS = ['cpu'];

interface Options {
  workloads: string[];
  variants: Variant[];
  backends: string[];
  repeat: number;
  json: string;
  html: string;
  timeBudget: number;
}

function parseOptions(argv: string[]): Options {
  const description =
    'Compares the variants of conv2dTranspose and stock tfjs, forward and both gradients, on layers of real networks.';
  return benchCommand('npm start --', description, 'bench/out/compare.json')
    .option('-v, --variants <names>', `comma-separated, of ${VARIANTS.join(', ')}`, listOf(VARIANTS), [...VARIANTS])
    .option('-b, --backends <names>', `comma-separated, of ${BACKENDS.join(', ')}`, listOf(BACKENDS), BACKENDS)
    .option('-r, --repeat <rounds>', 'measured rounds at most', wholePositive, 7)
    .option('-t, --time-budget <seconds>', 'time that the whole run may take', positive, 110)
    .option('--html <file>', 'where the report goes', 'bench/out/compare.html')
    .parse(argv)
    .opts<Options>();
}

/** All rows of one pass of one layer. */
function comparePass(
  backend: string,
  pass: Pass,
  workload: Workload,
  variants: readonly Variant[],
  limits: { repeat: number; budget: number },
): Row[] {
  const operands = makeOperands(workload);
  const values = { x: operands.x.dataSync(), filter: operands.filter.dataSync(), dy: operands.dy.dataSync() } as Record<
    'x' | 'filter' | 'dy',
    Float32Array
  >;
  const stock = stockContender(pass, workload, operands);
  const contenders = [...ourContenders(pass, workload, operands, variants), stock];
  const errors = new Map<Contender, number>();
  const scratchBytes = new Map<Contender, number>();
  scratch.reset();
  const timings = interleave(contenders, limits, (contender, result) => {
    errors.set(contender, sampledError(pass, workload.geometry, result.dataSync() as Float32Array, values));
    scratchBytes.set(contender, scratch.peakBytes);
    scratch.reset();
  });
  tf.dispose([operands.x, operands.filter, operands.dy]);
  const stockMs = timings.get(stock)!.ms;
  return contenders.map((contender) => {
    const timing = timings.get(contender)!;
    return {
      backend,
      workload: workload.name,
      pass,
      contender: contender.name,
      ...timing,
      gflops: workload.flops / timing.ms / 1e6,
      ratio: stockMs / timing.ms,
      error: errors.get(contender),
      scratchBytes: contender === stock ? undefined : scratchBytes.get(contender),
    };
  });
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv);
  tf.enableProdMode();
  const begin = performance.now();
  const chosen = WORKLOADS.filter(({ name }) => options.workloads.includes(name));
  const cells = options.backends.flatMap((backend) =>
    chosen.flatMap((workload) => PASSES.map((pass) => ({ backend, workload, pass }))),
  );
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}% | {value}/{total} | {cell}',
      stream: process.stderr,
      hideCursor: true,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  );
  bar.start(cells.length, 0, { cell: '' });
  const rows: Row[] = [];
  for (const [done, { backend, workload, pass }] of cells.entries()) {
    bar.update(done, { cell: `${backend} ${workload.name} ${pass}` });
    await tf.setBackend(backend);
    const left = options.timeBudget * 1000 - (performance.now() - begin);
    rows.push(
      ...comparePass(backend, pass, workload, options.variants, {
        repeat: options.repeat,
        budget: Math.max(0, left) / (cells.length - done),
      }),
    );
    await new Promise((resume) => setImmediate(resume)); // Lets the bar be drawn.
  }
  bar.update(cells.length, { cell: 'done' });
  bar.stop();

  const results: Results = {
    date: new Date().toISOString(),
    machine: `${cpus()[0].model.trim()}, ${cpus().length} cores, one thread used; Node ${process.version}`,
    versions: { tfjs: tf.version.tfjs },
    options: { ...options },
    seconds: (performance.now() - begin) / 1000,
    rows,
  };
  console.log(renderTables(results));
  for (const [path, text] of [
    [options.json, JSON.stringify(results, null, 2)],
    [options.html, await writeReport(results)],
  ]) {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    writeFileSync(path, `${text}\n`);
    console.log(`Wrote ${path}`);
  }
  const wrong = rows.filter(({ error }) => error !== undefined && !(error <= 1));
  if (wrong.length > 0) {
    console.error(
      `${wrong.length} results are WRONG: ${wrong.map((row) => `${row.workload} ${row.pass} ${row.contender}`).join('; ')}`,
    );
    process.exitCode = 1;
  }
}

await main();
