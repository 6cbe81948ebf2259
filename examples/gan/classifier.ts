// SPDX-License-Identifier: Apache-2.0
/** A small classifier of digits, trained on the data that a GAN learns from: the judge of what the GAN makes. */
import * as tf from '@tensorflow/tfjs';
import { DIGIT_SIZE, type Digits } from '../digits/generate';
import { Batches } from '../training/batches';
import { Network } from '../training/network';

const BATCH = 64;
const CHUNK = 250;

/** Of images: probabilities `[count][10]`, and features `[count][64]` from the classifier's last layer but one. */
export interface Judgement {
  readonly probabilities: number[][];
  readonly features: number[][];
}

export class Classifier {
  private readonly network: Network;
  private readonly both: tf.LayersModel;

  constructor(private readonly seed: number) {
    const init = (n: number): ReturnType<typeof tf.initializers.heNormal> =>
      tf.initializers.heNormal({ seed: seed * 100 + n });
    const input = tf.input({ shape: [DIGIT_SIZE, DIGIT_SIZE, 1] });
    const conv = (filters: number, n: number): ReturnType<typeof tf.layers.conv2d> =>
      tf.layers.conv2d({
        filters,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: init(n),
      });
    let x = conv(16, 1).apply(input) as tf.SymbolicTensor;
    x = conv(32, 2).apply(x) as tf.SymbolicTensor;
    x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
    const features = tf.layers
      .dense({ units: 64, activation: 'relu', kernelInitializer: init(3) })
      .apply(x) as tf.SymbolicTensor;
    const logits = tf.layers.dense({ units: 10, kernelInitializer: init(4) }).apply(features) as tf.SymbolicTensor;
    this.network = new Network('classifier', tf.model({ inputs: input, outputs: logits }), tf.train.adam(2e-3));
    this.both = tf.model({ inputs: input, outputs: [logits, features] });
  }

  /** Trains on `digits` for so many steps. */
  async train(digits: Digits, steps: number, onStep: (done: number) => void = () => {}): Promise<void> {
    const batches = new Batches(digits, BATCH, this.seed);
    for (let step = 0; step < steps; step++) {
      tf.tidy(() => {
        const { images, labels } = batches.at(step);
        const wanted = tf.oneHot(labels, 10);
        this.network.minimize(() => tf.losses.softmaxCrossEntropy(wanted, this.network.apply(images)) as tf.Scalar);
      });
      onStep(step + 1);
      await tf.nextFrame();
    }
  }

  /** Judges images of 28×28, 0 to 1. */
  async judge(images: Float32Array): Promise<Judgement> {
    const pixels = DIGIT_SIZE ** 2;
    const probabilities: number[][] = [];
    const features: number[][] = [];
    for (let from = 0; from < images.length; from += CHUNK * pixels) {
      const chunk = images.subarray(from, from + CHUNK * pixels);
      const judged = tf.tidy(() => {
        const x = tf.tensor4d(chunk, [chunk.length / pixels, DIGIT_SIZE, DIGIT_SIZE, 1]);
        const [logits, inner] = this.both.predict(x) as [tf.Tensor2D, tf.Tensor2D];
        return [tf.softmax(logits), inner];
      });
      probabilities.push(...(await judged[0].array()));
      features.push(...(await judged[1].array()));
      tf.dispose(judged);
    }
    return { probabilities, features };
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** The share of digits whose most probable label is theirs. */
export function accuracy({ probabilities }: Judgement, labels: ArrayLike<number>): number {
  return probabilities.filter((row, n) => row.indexOf(Math.max(...row)) === labels[n]).length / probabilities.length;
}
