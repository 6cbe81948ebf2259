// SPDX-License-Identifier: Apache-2.0
/**
 * Two ways to train a generator of 28×28 images against a critic, in stock `tf.layers`. With `install()` all
 * convolutions, transposed or not, and the gradients of their gradients run on this library's kernels.
 *
 * - 'dcgan': A. Radford et al., https://arxiv.org/abs/1511.06434. Batch normalization, cross-entropy, the generator
 *   maximizes the critic's doubt.
 * - 'wgan-gp': I. Gulrajani et al., https://arxiv.org/abs/1704.00028. The critic's slope between real and made images
 *   is held to 1: a loss on a gradient, whose own gradient is of second order. Its activations must be twice
 *   differentiable in tfjs (./leaky_relu).
 */
import * as tf from '@tensorflow/tfjs';
import { DIGIT_SIZE } from '../digits/generate';
import type { Batches } from '../training/batches';
import { type Checkpoint, wholeNumberOf } from '../training/checkpoint';
import { Network, restoreWeights, weightsByName } from '../training/network';
import { LeakyReLU } from './leaky_relu';

export const GAN_KINDS = ['dcgan', 'wgan-gp'] as const;
export type GanKind = (typeof GAN_KINDS)[number];

export const LATENT = 64;
const PENALTY = 10;
/** How much of the average of the generator's weights is kept in a step. */
const DECAY = 0.995;

interface Recipe {
  /** Steps of the critic for one of the generator. */
  readonly criticSteps: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
}

const RECIPES: Readonly<Record<GanKind, Recipe>> = {
  dcgan: { criticSteps: 1, learningRate: 1e-3, beta1: 0.5, beta2: 0.999 },
  'wgan-gp': { criticSteps: 3, learningRate: 5e-4, beta1: 0, beta2: 0.9 },
};

/** Steps of the generator in an epoch of so many batches. */
export function stepsPerEpoch(kind: GanKind, batches: number): number {
  return Math.max(1, Math.floor(batches / RECIPES[kind].criticSteps));
}

/** Losses of a step. */
export interface GanLosses {
  readonly critic: number;
  readonly generator: number;
}

export class Gan {
  private readonly criticSteps: number;
  private readonly generator: Network;
  private readonly critic: Network;
  /**
   * The moving average of the generator's weights, which samples are made with: calmer than the generator itself
   * (Y. Yazıcı et al., https://arxiv.org/abs/1806.04498).
   */
  private readonly average: tf.LayersModel;
  private done = 0;

  constructor(
    readonly kind: GanKind,
    readonly seed: number,
  ) {
    const { criticSteps, learningRate, beta1, beta2 } = RECIPES[kind];
    const adam = (): tf.AdamOptimizer => tf.train.adam(learningRate, beta1, beta2);
    this.criticSteps = criticSteps;
    this.generator = new Network('generator', makeGenerator(seed), adam());
    this.critic = new Network('critic', makeCritic(seed), adam());
    this.average = makeGenerator(seed);
  }

  /** Steps of the generator so far. */
  get step(): number {
    return this.done;
  }

  /** One step of the generator, after those of the critic; takes `criticSteps` batches. */
  async train(batches: Batches): Promise<GanLosses> {
    const losses = tf.tidy(() => {
      let critic = tf.scalar(0);
      for (let n = 0; n < this.criticSteps; n++) {
        const at = this.done * this.criticSteps + n;
        const real = tf.sub(tf.mul(batches.at(at).images, 2), 1) as tf.Tensor4D;
        const fake = this.generator.apply(this.noise(batches.size, 2 * at)) as tf.Tensor4D;
        critic = this.critic.minimize(() => this.criticLoss(real, fake, at));
      }
      const z = this.noise(batches.size, 2 * this.done * this.criticSteps + 1);
      const generator = this.generator.minimize(() => {
        const judged = this.critic.apply(this.generator.apply(z));
        return this.kind === 'dcgan' ? crossEntropy(judged, 1) : tf.neg(tf.mean(judged));
      });
      return tf.stack([critic, generator]);
    });
    this.done++;
    this.updateAverage();
    const [critic, generator] = await losses.data();
    losses.dispose();
    return { critic, generator };
  }

  /** Images of `z` `[n, LATENT]`: `[n, 28, 28, 1]`, 0 to 1; to be disposed of. */
  sample(z: tf.Tensor2D): tf.Tensor4D {
    return tf.tidy(() => tf.div(tf.add(this.average.predict(z) as tf.Tensor4D, 1), 2));
  }

  /** What the critic thinks of images `[n, 28, 28, 1]`, 0 to 1: `[n]`, above 0 if real to it; to be disposed of. */
  opinions(images: tf.Tensor4D): tf.Tensor1D {
    return tf.tidy(() => tf.reshape(this.critic.model.predict(tf.sub(tf.mul(images, 2), 1)) as tf.Tensor, [-1]));
  }

  /** The weights alone, without what is needed to train on exactly. */
  weights(): Checkpoint {
    const average = weightsByName('average', this.average);
    return {
      tensors: { ...this.generator.weights(), ...this.critic.weights(), ...average },
      metadata: this.metadata(),
    };
  }

  async save(): Promise<Checkpoint> {
    const [generator, critic] = [await this.generator.tensors(), await this.critic.tensors()];
    const average = weightsByName('average', this.average);
    return { tensors: { ...generator, ...critic, ...average }, metadata: this.metadata() };
  }

  private metadata(): Record<string, string> {
    return { kind: this.kind, seed: `${this.seed}`, step: `${this.done}` };
  }

  /**
   * A GAN as {@link save} left it. The checkpoint's tensors stay the caller's.
   *
   * @throws Error if the checkpoint is of something else.
   */
  static async restored(checkpoint: Checkpoint): Promise<Gan> {
    const { tensors, metadata } = checkpoint;
    const { kind } = metadata;
    if (!GAN_KINDS.includes(kind as GanKind))
      throw new Error(`The checkpoint is of kind '${kind}'; a GAN's is one of ${GAN_KINDS.join(', ')}`);
    const step = wholeNumberOf(checkpoint, 'step');
    const gan = new Gan(kind as GanKind, wholeNumberOf(checkpoint, 'seed'));
    try {
      await gan.generator.restore(tensors);
      await gan.critic.restore(tensors);
      restoreWeights('average', gan.average, tensors);
    } catch (error) {
      gan.dispose();
      throw error;
    }
    gan.done = step;
    return gan;
  }

  dispose(): void {
    this.generator.dispose();
    this.critic.dispose();
    this.average.dispose();
  }

  /** Follows the generator; faster at first, when there is little to remember. */
  private updateAverage(): void {
    const decay = Math.min(DECAY, this.done / (this.done + 10));
    tf.tidy(() => {
      const latest = this.generator.model.getWeights();
      this.average.setWeights(
        this.average.getWeights().map((old, n) => tf.add(tf.mul(old, decay), tf.mul(latest[n], 1 - decay))),
      );
    });
  }

  private noise(count: number, salt: number): tf.Tensor2D {
    return tf.randomNormal([count, LATENT], 0, 1, 'float32', this.seed * 1e7 + salt);
  }

  private criticLoss(real: tf.Tensor4D, fake: tf.Tensor4D, salt: number): tf.Scalar {
    const [onReal, onFake] = [this.critic.apply(real), this.critic.apply(fake)];
    if (this.kind === 'dcgan') return tf.add(crossEntropy(onReal, 0.9), crossEntropy(onFake, 0));
    const mix = tf.randomUniform([real.shape[0], 1, 1, 1], 0, 1, 'float32', this.seed * 1e7 + salt);
    const between = tf.add(tf.mul(real, mix), tf.mul(fake, tf.sub(1, mix)));
    const slope = tf.grad((x: tf.Tensor) => tf.sum(this.critic.apply(x)))(between);
    const norm = tf.sqrt(tf.add(tf.sum(tf.square(slope), [1, 2, 3]), 1e-12));
    const penalty = tf.mean(tf.square(tf.sub(norm, 1)));
    return tf.add(tf.sub(tf.mean(onFake), tf.mean(onReal)), tf.mul(penalty, PENALTY)) as tf.Scalar;
  }
}

function crossEntropy(logits: tf.Tensor, label: number): tf.Scalar {
  return tf.losses.sigmoidCrossEntropy(tf.fill(logits.shape, label), logits) as tf.Scalar;
}

/** z `[batch, 64]` → `[7, 7, 64]` → `[14, 14, 32]` → `[28, 28, 1]`, −1 to 1. */
function makeGenerator(seed: number): tf.LayersModel {
  const kernelInitializer = (n: number): ReturnType<typeof tf.initializers.randomNormal> =>
    tf.initializers.randomNormal({ stddev: 0.05, seed: seed * 100 + n });
  return tf.sequential({
    layers: [
      tf.layers.dense({
        units: 7 * 7 * 64,
        useBias: false,
        inputShape: [LATENT],
        kernelInitializer: kernelInitializer(1),
      }),
      tf.layers.batchNormalization({ momentum: 0.9 }),
      tf.layers.reLU(),
      tf.layers.reshape({ targetShape: [7, 7, 64] }),
      tf.layers.conv2dTranspose({
        filters: 32,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        useBias: false,
        kernelInitializer: kernelInitializer(2),
      }),
      tf.layers.batchNormalization({ momentum: 0.9 }),
      tf.layers.reLU(),
      tf.layers.conv2dTranspose({
        filters: 1,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        activation: 'tanh',
        kernelInitializer: kernelInitializer(3),
      }),
    ],
  });
}

/** `[28, 28, 1]` → `[14, 14, 32]` → `[7, 7, 64]` → one logit. */
function makeCritic(seed: number): tf.LayersModel {
  const kernelInitializer = (n: number): ReturnType<typeof tf.initializers.randomNormal> =>
    tf.initializers.randomNormal({ stddev: 0.05, seed: seed * 100 + 50 + n });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 32,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        inputShape: [DIGIT_SIZE, DIGIT_SIZE, 1],
        kernelInitializer: kernelInitializer(1),
      }),
      new LeakyReLU(),
      tf.layers.conv2d({
        filters: 64,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        kernelInitializer: kernelInitializer(2),
      }),
      new LeakyReLU(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 1, kernelInitializer: kernelInitializer(3) }),
    ],
  });
}
