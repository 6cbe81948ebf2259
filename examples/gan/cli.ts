// SPDX-License-Identifier: Apache-2.0
/** `npm run gan`: trains a GAN on digits in Node; with `--evaluate`, scores what a trained one makes. */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { Option } from 'commander';
import { progressBar } from '../../bench/in_node';
import { counted, significant } from '../../bench/numbers';
import { BORDERS } from '../../bench/tables';
import type { Digits } from '../digits/generate';
import { Batches } from '../training/batches';
import { encodeCheckpoint } from '../training/checkpoint';
import { imageGrid } from '../training/image_grid';
import {
  type TrainingOptions,
  chooseBackend,
  isLeft,
  loadDigits,
  runCommand,
  runLoop,
  setUpBackend,
  startTfjs,
  trainingCommand,
  wholeAbove,
} from '../training/node';
import { RunFolder } from '../training/run_folder';
import { Classifier, accuracy } from './classifier';
import { GAN_KINDS, Gan, type GanKind, LATENT, stepsPerEpoch } from './gan';
import { SURE, type Scores, scoresOf } from './scores';

interface Options extends TrainingOptions {
  kind: GanKind;
  evaluate: boolean;
  judgeSteps: number;
  weights?: string;
}

const JUDGED = 2000;
const GRID = 10;

const options = trainingCommand('npm run gan --', 'Trains a GAN on handwritten-like digits, in Node.', 20)
  .addOption(new Option('-k, --kind <name>', 'the training').choices(GAN_KINDS).default('dcgan'))
  .option('--evaluate', 'score the digits of the checkpoint instead of training', false)
  .option('--weights <file>', 'write the weights alone there, too: what the page begins with')
  .option('--judge-steps <n>', 'steps that the classifier, which judges, is trained for', wholeAbove(1), 600)
  .parse()
  .opts<Options>();
const folder = new RunFolder(options.out ?? `examples/out/gan-${options.kind}`);

/** The GAN of the folder's checkpoint, if there is one. */
async function resumed(): Promise<Gan | undefined> {
  const checkpoint = folder.load();
  if (!checkpoint) return undefined;
  const gan = await Gan.restored(checkpoint).finally(() => tf.dispose(checkpoint.tensors));
  if (gan.kind === options.kind) return gan;
  const remedies = `say --kind ${gan.kind}, another --out, or --fresh`;
  throw new Error(`${folder.checkpointPath} is of kind ${gan.kind}, not ${options.kind}: ${remedies}`);
}

function drawSamples(gan: Gan, name: string): string {
  const images = tf.tidy(() => gan.sample(tf.randomNormal([GRID * GRID, LATENT], 0, 1, 'float32', options.seed)));
  const picture = imageGrid(images.dataSync() as Float32Array, GRID, 2);
  images.dispose();
  return folder.savePicture(name, picture);
}

async function train(digits: Digits): Promise<void> {
  await startTfjs();
  const gan = (options.fresh ? undefined : await resumed()) ?? new Gan(options.kind, options.seed);
  const batches = new Batches(digits, options.batch, options.seed);
  const perEpoch = stepsPerEpoch(options.kind, batches.perEpoch);
  if (isLeft(gan.step, options, perEpoch, folder)) await trainOn(gan, digits, batches, perEpoch);
  if (options.weights) {
    writeFileSync(options.weights, await encodeCheckpoint(gan.weights()));
    console.log(`Weights: ${options.weights}`);
  }
}

async function trainOn(gan: Gan, digits: Digits, batches: Batches, perEpoch: number): Promise<void> {
  await chooseBackend(options, perEpoch, (batch) => {
    const [tried, few] = [new Gan(options.kind, options.seed), new Batches(digits, Math.min(batch, batches.count), 0)];
    return { run: () => tried.train(few), dispose: () => tried.dispose() };
  });
  await runLoop({
    training: gan,
    folder,
    epochs: options.epochs,
    stepsPerEpoch: perEpoch,
    step: async () => ({ ...(await gan.train(batches)) }),
    draw: (name) => drawSamples(gan, name),
  });
  const kind = options.kind === 'dcgan' ? '' : ` --kind ${options.kind}`;
  const out = options.out ? ` --out ${options.out}` : '';
  console.log(`Next: npm run gan -- --evaluate${kind}${out}`);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

async function evaluate(digits: Digits): Promise<void> {
  await setUpBackend(options.backend === 'auto' ? 'wasm' : options.backend);
  const gan = await resumed();
  if (!gan) throw new Error(`There is no ${folder.checkpointPath} to evaluate: train first, or name another --out`);
  const classifier = new Classifier(options.seed);
  const bar = progressBar('training the classifier');
  bar.start(options.judgeSteps, 0);
  await classifier.train(digits, options.judgeSteps, (done) => bar.update(done));
  bar.stop();
  const heldOut = await loadDigits(options, 't10k');
  const real = await classifier.judge(heldOut.images);
  const reference = await classifier.judge(digits.images.subarray(0, heldOut.images.length));
  const judged = async (of: Gan): Promise<Scores> => {
    const images = tf.tidy(() => of.sample(tf.randomNormal([JUDGED, LATENT], 0, 1, 'float32', options.seed + 1)));
    const made = await classifier.judge((await images.data()) as Float32Array);
    images.dispose();
    return scoresOf(made, reference);
  };
  const count = heldOut.labels.length;
  console.log(`Classifier: ${percent(accuracy(real, heldOut.labels))} right on ${count} digits it has not seen.`);
  const columns: [string, Scores][] = [
    ['real, held out', scoresOf(real, reference)],
    [`${gan.kind}, ${counted(gan.step, 'step')}`, await judged(gan)],
    ['untrained', await judged(new Gan(options.kind, options.seed))],
  ];
  const table = new Table({
    ...BORDERS,
    head: ['', ...columns.map(([name]) => name)],
    colAligns: ['left', 'right', 'right', 'right'],
  });
  const row = (name: string, cell: (scores: Scores) => string): void =>
    void table.push([name, ...columns.map(([, scores]) => cell(scores))]);
  row(`sure of (≥ ${100 * SURE} %)`, ({ sure }) => percent(sure));
  row('effective classes of 10', ({ effectiveClasses }) => effectiveClasses.toFixed(2));
  row('Fréchet distance', ({ frechet }) => significant(frechet));
  for (let digit = 0; digit < 10; digit++) row(`share of ${digit}`, ({ shares }) => percent(shares[digit]));
  console.log(`${JUDGED} digits each, against ${count} of the training's\n${table.toString()}`);
  console.log(`Picture: ${drawSamples(gan, 'samples.png')}`);
}

await runCommand(async () => {
  const digits = await loadDigits(options);
  await (options.evaluate ? evaluate(digits) : train(digits));
});
