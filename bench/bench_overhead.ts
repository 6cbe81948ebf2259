// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:overhead`: what a call costs that has hardly anything to compute. The whole op on small layers, ours
 * by 'auto' and stock's, on the backends that run in Node: microseconds a call, the result read in full. Then, in
 * headless Chromium, how long JavaScript is busy with a repeated call on webgl.
 */
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { Command } from 'commander';
import { conv2dTranspose } from '../src';
import { median } from './averages';
import { BACKENDS, descriptorNamed } from './backends';
import { wholePositive } from './command_line';
import { setUpWasm } from './in_node';
import { inTurn, timeOfRuns } from './in_turn';
import { significant } from './numbers';
import { BORDERS } from './tables';
import { webglOverhead } from './webgl_overhead';

const { rounds } = new Command('npm run bench:overhead --')
  .description('Microseconds of a call on small layers, ours and stock; JavaScript of a repeated call on webgl.')
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 60)
  .showHelpAfterError()
  .parse()
  .opts<{ rounds: number }>();

/** Input size, channels in and out; all are 3×3, stride 2, 'same'. */
const LAYERS = [
  [4, 4, 4],
  [4, 8, 3],
  [7, 64, 32],
] as const;
/** Calls of a sample. */
const CALLS = 100;

/** Microseconds of a call, ours and stock's. */
async function timesOf([size, channels, outChannels]: (typeof LAYERS)[number]): Promise<number[]> {
  const x = tf.randomNormal<tf.Rank.R4>([1, size, size, channels]);
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, outChannels, channels]);
  const shape: [number, number, number, number] = [1, 2 * size, 2 * size, outChannels];
  const ops = [conv2dTranspose, tf.conv2dTranspose].map((op) => () => {
    const y = op(x, filter, shape, 2, 'same');
    y.dataSync();
    y.dispose();
  });
  // The first third only warms up.
  const warmUp = Math.ceil(rounds / 3);
  const samples = await inTurn(ops, rounds + warmUp, async (op, round) => {
    const ms = await timeOfRuns(CALLS, op);
    return round < warmUp ? undefined : 1000 * ms;
  });
  tf.dispose([x, filter]);
  return ops.map((op) => median(samples.get(op)!));
}

setUpWasm();
const table = new Table({
  ...BORDERS,
  head: ['backend', "3×3, stride 2, 'same'", 'ours µs', 'stock µs', 'ours / stock'],
  colAligns: ['left', 'left', 'right', 'right', 'right'],
});
for (const backend of BACKENDS.filter((name) => descriptorNamed(name).runsOn === 'cpu')) {
  await tf.setBackend(backend);
  for (const layer of LAYERS) {
    const [size, channels, outChannels] = layer;
    const [ours, stock] = await timesOf(layer);
    const name = `1×${size}×${size}×${channels} → ${outChannels}`;
    table.push([backend, name, significant(ours), significant(stock), significant(ours / stock)]);
  }
}
console.log(`Node ${process.version}, tfjs ${tf.version.tfjs}, one thread, median of ${rounds} samples`);
console.log(table.toString());
console.log(await webglOverhead(rounds));
