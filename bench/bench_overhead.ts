// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:overhead`: what a call costs that has hardly anything to compute. The whole op on small layers, ours
 * by 'auto' and stock's, on the backends that run in Node: microseconds a call, the result read in full. And tf.conv2d
 * as `install()` leaves it, which may be stock's: what the choice costs. Then, in headless Chromium, how long
 * JavaScript is busy with a repeated call on webgl.
 */
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { Command } from 'commander';
import { conv2dTranspose, install, uninstall } from '../src';
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

/** Input size, channels in and out; all are 3×3, 'same', transposed ones of stride 2, plain ones of stride 1. */
const LAYERS = [
  [4, 4, 4],
  [4, 8, 3],
  [7, 64, 32],
] as const;
/** Calls of a sample. */
const CALLS = 100;

type Layer = (typeof LAYERS)[number];

/** An op on a layer, and what is to be done before it is called. */
interface Call {
  readonly op: (x: tf.Tensor4D, filter: tf.Tensor4D, layer: Layer) => tf.Tensor;
  readonly prepare?: () => unknown;
}

const transposed =
  (op: typeof tf.conv2dTranspose): Call['op'] =>
  (x, filter, [size, , outChannels]) =>
    op(x, filter, [1, 2 * size, 2 * size, outChannels], 2, 'same');
const convolved: Call['op'] = (x, filter) => tf.conv2d(x, filter, 1, 'same');

/** Each kind: ours and stock's. */
const KINDS: Readonly<Record<string, readonly [Call, Call]>> = {
  transposed: [{ op: transposed(conv2dTranspose) }, { op: transposed(tf.conv2dTranspose) }],
  'conv2d, install()': [
    { op: convolved, prepare: () => install() },
    { op: convolved, prepare: uninstall },
  ],
};

/** Microseconds of a call, ours and stock's. */
async function timesOf(kind: string, layer: Layer): Promise<number[]> {
  const [size, channels, outChannels] = layer;
  const depths = kind === 'transposed' ? [outChannels, channels] : [channels, outChannels];
  const x = tf.randomNormal<tf.Rank.R4>([1, size, size, channels]);
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, depths[0], depths[1]]);
  // The first third only warms up.
  const warmUp = Math.ceil(rounds / 3);
  const samples = await inTurn(KINDS[kind], rounds + warmUp, async ({ op, prepare }, round) => {
    const run = (): void => {
      const y = op(x, filter, layer);
      y.dataSync();
      y.dispose();
    };
    prepare?.();
    run();
    const ms = await timeOfRuns(CALLS, run);
    return round < warmUp ? undefined : 1000 * ms;
  });
  uninstall();
  tf.dispose([x, filter]);
  return KINDS[kind].map((call) => median(samples.get(call)!));
}

setUpWasm();
const table = new Table({
  ...BORDERS,
  head: ['backend', "3×3, 'same'", '', 'ours µs', 'stock µs', 'ours / stock'],
  colAligns: ['left', 'left', 'left', 'right', 'right', 'right'],
});
for (const backend of BACKENDS.filter((name) => descriptorNamed(name).runsOn === 'cpu')) {
  await tf.setBackend(backend);
  for (const kind of Object.keys(KINDS)) {
    for (const layer of LAYERS) {
      const [size, channels, outChannels] = layer;
      const [ours, stock] = await timesOf(kind, layer);
      const name = `1×${size}×${size}×${channels} → ${outChannels}`;
      table.push([backend, kind, name, significant(ours), significant(stock), significant(ours / stock)]);
    }
  }
}
console.log(`Node ${process.version}, tfjs ${tf.version.tfjs}, one thread, median of ${rounds} samples`);
console.log(table.toString());
console.log(await webglOverhead(rounds));
