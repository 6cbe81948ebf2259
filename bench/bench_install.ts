// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:install`: what install() brings to code that calls stock ops. A DCGAN training step (generator and
 * discriminator, Adam) on `cpu` with and without it, and the forward pass of all layers on `wasm`, ours against
 * stock's. One thread.
 */
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import '../kernels';
import { explain, install, uninstall } from '../src';
import { geometricMean } from './averages';
import { benchCommand, wholePositive } from './command_line';
import { dcganStep } from './dcgan';
import { MACHINE, setUpTfjs, writeJson } from './in_node';
import { interleave } from './interleave';
import { errorText, significant, timesText } from './numbers';
import { disposeOperands, makeOperands, makeValues } from './operands';
import { ourContenders, stockContender } from './passes';
import { sampledError } from './spot_check';
import { STEPS, type StepTime, timeSteps } from './steps';
import { BORDERS } from './tables';
import { workloadsNamed } from './workloads';

const description = 'What install() brings to code that calls stock ops.';
const command = benchCommand('npm run bench:install --', description, 'bench/out/bench_install.json');
const { json, workloads, rounds } = command
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 5)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number }>();

/** Milliseconds that a layer may take. */
const BUDGET_MS = 10_000;

setUpTfjs();

async function dcgan(): Promise<Record<'stock' | 'installed', StepTime>> {
  await tf.setBackend('cpu');
  const trainings = { stock: dcganStep(), installed: dcganStep() };
  try {
    return timeSteps(trainings, (who) => void (who === 'installed' ? install() : uninstall()));
  } finally {
    uninstall();
  }
}

/** Milliseconds of ours and stock's, per layer. */
async function forwardOnWasm(): Promise<Map<string, { ours: number; stock: number; error: number }>> {
  await tf.setBackend('wasm');
  const layers = new Map<string, { ours: number; stock: number; error: number }>();
  for (const workload of workloadsNamed(workloads)) {
    process.stderr.write(`wasm forward: ${workload.name}\n`);
    const values = makeValues(workload);
    const operands = makeOperands(workload, values);
    const [ours] = ourContenders('forward', workload, operands, [explain(workload.geometry).variant!]);
    const stock = stockContender('forward', workload, operands);
    let error = 0;
    for (let warm = 0; warm < 5; warm++) ours.run().dispose();
    const limits = { repeat: rounds, budget: BUDGET_MS };
    const timings = await interleave([ours, stock], limits, (contender, result) => {
      if (contender !== ours) return;
      error = sampledError('forward', workload.geometry, result.dataSync() as Float32Array, values);
    });
    disposeOperands(operands);
    layers.set(workload.name, { ours: timings.get(ours)!.ms, stock: timings.get(stock)!.ms, error });
  }
  return layers;
}

const trained = await dcgan();
const losses = [trained.stock, trained.installed].map(({ loss }) => loss.toFixed(5)).join(' and ');
console.log(
  `DCGAN training step on cpu (28×28, batch 16, Adam): stock ${significant(trained.stock.ms)} ms, ` +
    `with install() ${significant(trained.installed.ms)} ms, ${timesText(trained.stock.ms / trained.installed.ms)} ` +
    `(losses after ${STEPS} steps: ${losses})`,
);
const layers = await forwardOnWasm();
const table = new Table({
  ...BORDERS,
  head: ['layer', 'ours ms', 'stock wasm ms', '× stock', 'err/bound'],
  colAligns: ['left', 'right', 'right', 'right', 'right'],
});
for (const [name, { ours, stock, error }] of layers)
  table.push([name, significant(ours), significant(stock), timesText(stock / ours), errorText(error)]);
const ratios = [...layers.values()].map(({ ours, stock }) => stock / ours);
table.push(['geometric mean', '', '', timesText(geometricMean(ratios)), '']);
table.push(['least', '', '', timesText(Math.min(...ratios)), '']);
console.log(`Forward on the wasm backend\n${table.toString()}`);
const machine = `${MACHINE}; tfjs ${tf.version.tfjs}; Node ${process.version}`;
console.log(machine);
writeJson(json, { machine, dcgan: trained, wasm: Object.fromEntries(layers) });
