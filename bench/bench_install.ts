// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:install`: what install() brings to code that calls stock ops. A DCGAN training step (generator and discriminator, Adam) on `cpu` with and
 * without it, and the forward pass of all layers on `wasm`, ours against stock's. One thread.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import Table from 'cli-table3';
import '../kernels/cpu';
import '../kernels/wasm';
import { explain, install, uninstall } from '../src';
import { benchCommand, wholePositive } from './command_line';
import { dcganStep } from './dcgan';
import { geometricMean, interleave, median } from './interleave';
import { makeOperands, ourContenders, stockContender } from './passes';
import { sampledError } from './spot_check';
import { significant } from './numbers';
import { BORDERS } from './tables';
import { WORKLOADS } from './workloads';

const {
  json,
  workloads: names,
  rounds,
} = benchCommand('npm run bench:install --', 'What install() brings to code that calls stock ops.', 'bench/out/bench_install.json') // prettier-ignore
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 5)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number }>();

tf.enableProdMode();
setWasmPaths(fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)));
setThreadsCount(1);

async function dcgan(): Promise<{ stock: number; installed: number; losses: [number, number] }> {
  await tf.setBackend('cpu');
  const steps = { stock: dcganStep(), installed: dcganStep() };
  const samples = { stock: [] as number[], installed: [] as number[] };
  const losses: [number, number] = [0, 0];
  for (let round = 0; round < 4; round++) {
    for (const [n, who] of (['stock', 'installed'] as const).entries()) {
      if (who === 'installed') install();
      const begin = performance.now();
      losses[n] = steps[who].run();
      if (round > 0) samples[who].push(performance.now() - begin);
      uninstall();
    }
  }
  steps.stock.dispose();
  steps.installed.dispose();
  return { stock: median(samples.stock), installed: median(samples.installed), losses };
}

/** Milliseconds of ours and stock's, per layer. */
async function forwardOnWasm(): Promise<Map<string, { ours: number; stock: number; error: number }>> {
  await tf.setBackend('wasm');
  const layers = new Map<string, { ours: number; stock: number; error: number }>();
  for (const workload of WORKLOADS.filter(({ name }) => names.includes(name))) {
    process.stderr.write(`wasm forward: ${workload.name}\n`);
    const operands = makeOperands(workload);
    const [ours] = ourContenders('forward', workload, operands, [explain(workload.geometry).variant!]);
    const stock = stockContender('forward', workload, operands);
    const values = { x: operands.x.dataSync(), filter: operands.filter.dataSync(), dy: new Float32Array() } as Record<'x' | 'filter' | 'dy', Float32Array>; // prettier-ignore
    let error = 0;
    for (let warm = 0; warm < 5; warm++) ours.run().dispose();
    const timings = await interleave([ours, stock], { repeat: rounds, budget: 10_000 }, (contender, result) => {
      if (contender === ours) error = sampledError('forward', workload.geometry, result.dataSync() as Float32Array, values); // prettier-ignore
    });
    tf.dispose([operands.x, operands.filter, operands.dy]);
    layers.set(workload.name, { ours: timings.get(ours)!.ms, stock: timings.get(stock)!.ms, error });
  }
  return layers;
}

const trained = await dcgan();
console.log(
  `DCGAN training step on cpu (28×28, batch 16, Adam): stock ${significant(trained.stock)} ms, with install() ${significant(trained.installed)} ms, ` +
    `${significant(trained.stock / trained.installed)}× (losses after 4 steps: ${trained.losses.map((loss) => loss.toFixed(5)).join(' and ')})`,
);
const layers = await forwardOnWasm();
const table = new Table({
  ...BORDERS,
  head: ['layer', 'ours ms', 'stock wasm ms', '× stock', 'err/bound'],
  colAligns: ['left', 'right', 'right', 'right', 'right'],
});
for (const [name, { ours, stock, error }] of layers)
  table.push([name, significant(ours), significant(stock), `${significant(stock / ours)}×`, error.toPrecision(2)]);
const ratios = [...layers.values()].map(({ ours, stock }) => stock / ours);
table.push(['geometric mean', '', '', `${significant(geometricMean(ratios))}×`, '']);
table.push(['least', '', '', `${significant(Math.min(...ratios))}×`, '']);
console.log(`Forward on the wasm backend\n${table.toString()}`);
const machine = `${cpus()[0].model.trim()}, one thread; tfjs ${tf.version.tfjs}; Node ${process.version}`;
console.log(machine);
mkdirSync(dirname(resolve(json)), { recursive: true });
writeFileSync(json, `${JSON.stringify({ machine, dcgan: trained, wasm: Object.fromEntries(layers) }, null, 2)}\n`);
console.log(`Wrote ${json}`);
