// SPDX-License-Identifier: Apache-2.0
/**
 * A convolutional variational autoencoder of digits with a latent plane: an encoder gives a normal distribution over
 * two numbers, a decoder turns two numbers into a 28×28 image. In stock `tf.layers`; with `install()` its convolutions
 * and all gradients run on this library's kernels.
 * Source: D. Kingma and M. Welling, https://arxiv.org/abs/1312.6114.
 */
import * as tf from '@tensorflow/tfjs';
import { DIGIT_SIZE } from '../digits/generate';
import type { Batches } from '../training/batches';
import { type Checkpoint, wholeNumberOf } from '../training/checkpoint';
import { Network } from '../training/network';

/** Numbers that an image is encoded in: a plane, so that it can be shown. */
export const LATENT = 2;

/** Losses of a step, in nats an image. */
export interface VaeLosses {
  /** How badly images are rebuilt. */
  readonly reconstruction: number;
  /** How far their codes are from a standard normal distribution. */
  readonly divergence: number;
}

export class Vae {
  private readonly encoder: Network;
  private readonly decoder: Network;
  private done = 0;

  constructor(readonly seed: number) {
    const adam = (): tf.AdamOptimizer => tf.train.adam(1e-3);
    this.encoder = new Network('encoder', makeEncoder(seed), adam());
    this.decoder = new Network('decoder', makeDecoder(seed), adam());
  }

  /** Steps so far. */
  get step(): number {
    return this.done;
  }

  /** One step of encoder and decoder on the next batch. */
  async train(batches: Batches): Promise<VaeLosses> {
    const losses = tf.tidy(() => {
      const { images } = batches.at(this.done);
      const noise = tf.randomNormal([batches.size, LATENT], 0, 1, 'float32', this.seed * 1e7 + this.done);
      const parts: tf.Tensor[] = [];
      const loss = (): tf.Scalar => {
        const [mean, logVariance] = tf.split(this.encoder.apply(images), 2, 1);
        const z = tf.add(mean, tf.mul(noise, tf.exp(tf.mul(logVariance, 0.5))));
        const logits = this.decoder.apply(z);
        // −log p(image | z) of Bernoulli pixels: softplus(logit) − image · logit.
        const perImage = tf.sum(tf.sub(tf.softplus(logits), tf.mul(images, logits)), [1, 2, 3]);
        // ½ Σ (μ² + σ² − log σ² − 1).
        const spread = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
        const divergences = tf.mul(tf.sum(spread, 1), 0.5);
        parts.push(tf.keep(tf.mean(perImage)), tf.keep(tf.mean(divergences)));
        return tf.add(parts[0], parts[1]) as tf.Scalar;
      };
      Network.minimizeTogether(loss, [this.encoder, this.decoder]);
      const both = tf.stack(parts);
      tf.dispose(parts);
      return both;
    });
    this.done++;
    const [reconstruction, divergence] = await losses.data();
    losses.dispose();
    return { reconstruction, divergence };
  }

  /** Images of `z` `[n, 2]`: `[n, 28, 28, 1]`, 0 to 1; to be disposed of. */
  decode(z: tf.Tensor2D): tf.Tensor4D {
    return tf.tidy(() => tf.sigmoid(this.decoder.model.predict(z) as tf.Tensor4D));
  }

  /**
   * A decoder with transposed layers of another make; {@link copyDecoder} gives it weights. The caller's to dispose of.
   */
  decoderOf(transposed: TransposedLayer): tf.LayersModel {
    return makeDecoder(this.seed, transposed);
  }

  /** Gives such a decoder the weights of now. */
  copyDecoder(to: tf.LayersModel): void {
    to.setWeights(this.decoder.model.getWeights());
  }

  /** The weights alone, without what is needed to train on exactly. */
  weights(): Checkpoint {
    return { tensors: { ...this.encoder.weights(), ...this.decoder.weights() }, metadata: this.metadata() };
  }

  async save(): Promise<Checkpoint> {
    return {
      tensors: { ...(await this.encoder.tensors()), ...(await this.decoder.tensors()) },
      metadata: this.metadata(),
    };
  }

  private metadata(): Record<string, string> {
    return { kind: 'vae', seed: `${this.seed}`, step: `${this.done}` };
  }

  /**
   * A VAE as {@link save} left it. The checkpoint's tensors stay the caller's.
   *
   * @throws Error if the checkpoint is of something else.
   */
  static async restored(checkpoint: Checkpoint): Promise<Vae> {
    const { tensors, metadata } = checkpoint;
    if (metadata.kind !== 'vae') throw new Error(`The checkpoint is of kind '${metadata.kind}', not 'vae'`);
    const step = wholeNumberOf(checkpoint, 'step');
    const vae = new Vae(wholeNumberOf(checkpoint, 'seed'));
    try {
      await vae.encoder.restore(tensors);
      await vae.decoder.restore(tensors);
    } catch (error) {
      vae.dispose();
      throw error;
    }
    vae.done = step;
    return vae;
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }
}

/** A layer that halves an image, or transposed, doubles it. */
const HALVING = { kernelSize: 4, strides: 2, padding: 'same', activation: 'relu' } as const;

/** `[28, 28, 1]` → `[14, 14, 16]` → `[7, 7, 32]` → mean and log variance of two numbers. */
function makeEncoder(seed: number): tf.LayersModel {
  const fresh = initializers(seed * 100);
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ ...HALVING, ...fresh(), filters: 16, inputShape: [DIGIT_SIZE, DIGIT_SIZE, 1] }),
      tf.layers.conv2d({ ...HALVING, ...fresh(), filters: 32 }),
      tf.layers.flatten(),
      tf.layers.dense({ ...fresh(), units: 64, activation: 'relu' }),
      tf.layers.dense({ ...fresh(), units: 2 * LATENT }),
    ],
  });
}

/** What makes a transposed layer: stock's, or one of this library that is told a variant. */
export type TransposedLayer = (
  args: Parameters<typeof tf.layers.conv2dTranspose>[0] & { filters: number },
) => tf.layers.Layer;

/** Two numbers → `[7, 7, 16]` → `[14, 14, 32]` → `[28, 28, 16]` → logits `[28, 28, 1]`. */
function makeDecoder(seed: number, transposed: TransposedLayer = tf.layers.conv2dTranspose): tf.LayersModel {
  const fresh = initializers(seed * 100 + 50);
  return tf.sequential({
    layers: [
      tf.layers.dense({ ...fresh(), units: 64, activation: 'relu', inputShape: [LATENT] }),
      tf.layers.dense({ ...fresh(), units: 7 * 7 * 16, activation: 'relu' }),
      tf.layers.reshape({ targetShape: [7, 7, 16] }),
      transposed({ ...HALVING, ...fresh(), filters: 32 }),
      transposed({ ...HALVING, ...fresh(), filters: 16 }),
      transposed({ ...fresh(), filters: 1, kernelSize: 3, strides: 1, padding: 'same' }),
    ],
  });
}

/** Initial weights of one layer after another, each from the next seed. */
function initializers(seed: number): () => { kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform> } {
  let n = seed;
  return () => ({ kernelInitializer: tf.initializers.glorotUniform({ seed: ++n }) });
}
