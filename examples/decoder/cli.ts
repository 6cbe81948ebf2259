// SPDX-License-Identifier: Apache-2.0
/** `npm run decoder`: trains the variational autoencoder in Node and draws its latent plane. */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
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
  startTfjs,
  trainingCommand,
} from '../training/node';
import { RunFolder } from '../training/run_folder';
import { planeGrid } from './plane';
import { Vae } from './vae';

const SIDE = 16;

const description = 'Trains a variational autoencoder with a 2-D latent plane, in Node.';
const options = trainingCommand('npm run decoder --', description, 20)
  .option('--weights <file>', 'write the weights alone there, too: what the page begins with')
  .parse()
  .opts<TrainingOptions & { weights?: string }>();
const folder = new RunFolder(options.out ?? 'examples/out/decoder');

async function resumed(): Promise<Vae | undefined> {
  const checkpoint = options.fresh ? undefined : folder.load();
  return checkpoint && Vae.restored(checkpoint).finally(() => tf.dispose(checkpoint.tensors));
}

function drawPlane(vae: Vae, name: string): string {
  const images = tf.tidy(() => vae.decode(tf.tensor2d(planeGrid(SIDE))));
  const picture = imageGrid(images.dataSync() as Float32Array, SIDE, 2);
  images.dispose();
  return folder.savePicture(name, picture);
}

async function train(vae: Vae, digits: Digits, batches: Batches): Promise<void> {
  await chooseBackend(options, batches.perEpoch, (batch) => {
    const [tried, few] = [new Vae(options.seed), new Batches(digits, Math.min(batch, batches.count), 0)];
    return { run: () => tried.train(few), dispose: () => tried.dispose() };
  });
  await runLoop({
    training: vae,
    epochs: options.epochs,
    stepsPerEpoch: batches.perEpoch,
    folder,
    step: async () => ({ ...(await vae.train(batches)) }),
    draw: (name) => drawPlane(vae, name),
  });
}

await runCommand(async () => {
  await startTfjs();
  const vae = (await resumed()) ?? new Vae(options.seed);
  const digits = await loadDigits(options);
  const batches = new Batches(digits, options.batch, options.seed);
  if (isLeft(vae.step, options, batches.perEpoch, folder)) await train(vae, digits, batches);
  if (options.weights) {
    writeFileSync(options.weights, await encodeCheckpoint(vae.weights()));
    console.log(`Weights: ${options.weights}`);
  }
});
