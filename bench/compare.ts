// SPDX-License-Identifier: Apache-2.0
/**
 * The main job: all variants and stock tf.conv2dTranspose on layers of real networks, forward and both gradients, in
 * one interleaved run per backend; every result is checked against the definition. `webgl` runs in headless Chromium. Prints a table, writes JSON and an HTML report.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { SingleBar, Presets } from 'cli-progress';
import { scratch } from '../kernels/cpu';
import { VARIANTS, type Variant } from '../src';
import { benchCommand, listOf, positive, wholePositive } from './command_line';
import { comparePass } from './compare_pass';
import { PASSES, type Pass } from './passes';
import { inChromium } from './peers/chromium_page';
import type { WebglPage } from './peers/webgl_page';
import { writeReport } from './report';
import type { Results, Row } from './results';
import { renderTables } from './tables';
import { WORKLOADS, type Workload } from './workloads';

const BACKENDS = ['cpu', 'webgl'];

/** Operations per millisecond of the slowest on a software renderer; a cell that would take `PATIENCE` times its share, and more than `SHORT` ms, is skipped. */
const SLOWEST = 0.15e6;
const PATIENCE = 4;
const SHORT = 500;

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
    .option('-t, --time-budget <seconds>', 'time that the whole run may take', positive, 120)
    .option('--html <file>', 'where the report goes', 'bench/out/compare.html')
    .parse(argv)
    .opts<Options>();
}

interface Cell {
  workload: Workload;
  pass: Pass;
}

/** Computes the rows of a cell in at most so many milliseconds, if that can be. */
type Measure = (cell: Cell, budget: number) => Promise<Row[]>;

/** Runs `body` with what measures on a backend, or says why it can't. */
async function onBackend(
  backend: string,
  { variants, repeat }: Options,
  body: (measure: Measure, machine: string) => Promise<void>,
): Promise<{ skipped: string } | undefined> {
  if (backend === 'webgl') {
    const outcome = await inChromium('./webgl_page.ts', async (tab, browser) => {
      type Global = { page: WebglPage };
      await tab.evaluate(() => (globalThis as unknown as Global).page.ready());
      const renderer = await tab.evaluate(() => (globalThis as unknown as Global).page.renderer());
      const measure: Measure = ({ workload, pass }, budget) =>
        tab.evaluate(
          ([name, which, wanted, limits]) =>
            (globalThis as unknown as Global).page.compare(name, which, wanted, limits),
          [workload.name, pass, variants, { repeat, budget }] as const,
        );
      await body(measure, `${browser}, ${renderer}`);
    });
    return outcome ?? undefined;
  }
  await tf.setBackend(backend);
  const measure: Measure = async ({ workload, pass }, budget) =>
    comparePass({ backend, scratch, extrapolates: true }, pass, workload, variants, { repeat, budget });
  await body(measure, `${cpus()[0].model.trim()}, ${cpus().length} cores, one thread used; Node ${process.version}`);
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
  const machines: string[] = [];
  const skipped: string[] = [];
  let started = 0;
  for (const backend of options.backends) {
    const own = cells.filter((cell) => cell.backend === backend);
    const last = started + own.length;
    const outcome = await onBackend(backend, options, async (measure, machine) => {
      machines.push(`${backend}: ${machine}`);
      for (const cell of own) {
        bar.update(started, { cell: `${backend} ${cell.workload.name} ${cell.pass}` });
        const left = options.timeBudget * 1000 - (performance.now() - begin);
        const budget = Math.max(0, left) / (cells.length - started++);
        if (backend === 'webgl' && cell.workload.flops / SLOWEST > Math.max(budget * PATIENCE, SHORT)) {
          skipped.push(`${backend} ${cell.workload.name} ${cell.pass}: no time; --time-budget gives it more`);
          continue;
        }
        rows.push(...(await measure(cell, budget)));
        await new Promise((resume) => setImmediate(resume)); // Lets the bar be drawn.
      }
    });
    if (outcome) skipped.push(`${backend}: ${outcome.skipped}`);
    started = last;
  }
  bar.update(cells.length, { cell: 'done' });
  bar.stop();

  const results: Results = {
    date: new Date().toISOString(),
    machine: machines.join('; '),
    skipped,
    versions: { tfjs: tf.version.tfjs },
    options: { ...options },
    seconds: (performance.now() - begin) / 1000,
    rows,
  };
  console.log(renderTables(results));
  for (const line of skipped) console.log(`Skipped: ${line}`);
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
