// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:install`: what install() makes of tf.conv2d in Node: our kernel, stock's (XNNPACK on `wasm`), and
 * whichever install() chooses, in turn call by call. One thread. (On `webgl` `npm run bench:webgl` does so.)
 */
import * as tf from '@tensorflow/tfjs';
import '../kernels';
import { explain, install, uninstall } from '../src';
import { BACKENDS, descriptorNamed } from './backends';
import { benchCommand, listOf, wholePositive } from './command_line';
import { MACHINE, setUpWasm, writeJson } from './in_node';
import { significant } from './numbers';
import { makeValues } from './operands';
import { ours, stock } from './peers/peers';
import { type Outcome, type Player, type Timed, race, timedOf } from './race';
import { type Column, ratioTable } from './ratio_table';
import { CONVOLUTIONS, type Workload, workloadNamed } from './workloads';

const inNode = BACKENDS.filter((name) => descriptorNamed(name).runsOn === 'cpu');
const names = CONVOLUTIONS.map(({ name }) => name);
const description = 'What install() makes of tf.conv2d in Node: ours, stock, and whichever install() chooses.';
const options = benchCommand(
  'npm run bench:install --',
  description,
  'bench/out/bench_install.json',
  CONVOLUTIONS,
  names,
)
  .option('-b, --backends <names>', `comma-separated, of ${inNode.join(', ')}`, listOf(inNode), ['wasm'])
  .option('-r, --rounds <n>', 'calls of each; of the fast more', wholePositive, 15)
  .parse()
  .opts<{ json: string; workloads: string[]; backends: string[]; rounds: number }>();

/** Milliseconds that a layer may take. */
const limits = { repeat: options.rounds, budget: 4000, hot: true };

/** tf.conv2d of a layer, as it is called with and without install(). */
interface Convolved {
  /** Whom install() lets run. */
  readonly runs: string;
  readonly outcome: Outcome<string>;
}

async function convolve(backend: string, workload: Workload): Promise<Convolved> {
  const values = makeValues(workload);
  const load = async (name: string, put: () => unknown): Promise<Player> => {
    const player = await (name === 'ours' ? ours : stock)('input gradient', backend)(workload, values);
    return {
      ...player,
      name,
      prepare() {
        put();
        return player.prepare!();
      },
    };
  };
  const loads = [
    () => load('stock', uninstall),
    () => load('ours', uninstall),
    () => load('install()', () => install({ backends: [backend] })),
  ];
  const outcome = await race(loads, limits);
  install();
  const { runs } = explain(workload.geometry).installed['input gradient'] ?? { runs: 'stock' };
  uninstall();
  return { runs, outcome };
}

const WHO = ['stock', 'ours', 'install()'];
const timed = ({ outcome }: Convolved, who: string): Timed => timedOf(outcome, who)!;
const ms = (layer: Convolved, who: string): string => significant(timed(layer, who).ms);

const COLUMNS: readonly Column<Convolved>[] = [
  ['stock ms', (layer) => ms(layer, 'stock')],
  ['ours ms', (layer) => ms(layer, 'ours')],
  ['× stock', (layer) => timed(layer, 'stock').ms / timed(layer, 'ours').ms],
  ['× stock, hot', (layer) => timed(layer, 'stock').hotMs! / timed(layer, 'ours').hotMs!],
  ['install() runs', ({ runs }) => runs],
  ['ms', (layer) => ms(layer, 'install()')],
  ['× stock', (layer) => timed(layer, 'stock').ms / timed(layer, 'install()').ms],
  ['difference', (layer) => Math.max(...WHO.map((who) => timed(layer, who).difference)).toExponential(1)],
];

setUpWasm();
const found: Record<string, Record<string, Convolved>> = {};
for (const backend of options.backends) {
  const layers = new Map<string, Convolved>();
  for (const name of options.workloads) {
    process.stderr.write(`${backend} conv2d: ${name}\n`);
    layers.set(name, await convolve(backend, workloadNamed(name)));
  }
  console.log(`tf.conv2d on ${backend}; where install() runs stock, its ratio shows the noise`);
  console.log(ratioTable('conv2d', layers, COLUMNS));
  found[backend] = Object.fromEntries(layers);
}
const machine = `${MACHINE}; tfjs ${tf.version.tfjs}; Node ${process.version}`;
console.log(machine);
writeJson(options.json, { machine, found });
