// SPDX-License-Identifier: Apache-2.0
/** A training step of a small DCGAN on 28×28 images, in stock ops only: discriminator, then generator. */
import * as tf from '@tensorflow/tfjs';

const LATENT = 32;

/** A step to run again and again, on so many images of noise; returns the sum of both losses. */
export function dcganStep(batch: number): { run(): number; dispose(): void } {
  let seed = 0;
  const variable = (shape: number[]): tf.Variable =>
    tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 0.05, 'float32', ++seed)));
  const generator = [variable([LATENT, 7 * 7 * 64]), variable([4, 4, 32, 64]), variable([4, 4, 1, 32])];
  const discriminator = [variable([4, 4, 1, 32]), variable([4, 4, 32, 64]), variable([7 * 7 * 64, 1])];
  const optimizers = [tf.train.adam(2e-4, 0.5), tf.train.adam(2e-4, 0.5)];
  const real = tf.randomUniform([batch, 28, 28, 1], -1, 1, 'float32', 100) as tf.Tensor4D;
  const z = tf.randomNormal([batch, LATENT], 0, 1, 'float32', 101) as tf.Tensor2D;

  const generate = (): tf.Tensor4D => {
    const [dense, first, second] = generator as tf.Tensor[];
    const seedImage = tf.reshape(tf.relu(tf.matMul(z, dense as tf.Tensor2D)), [batch, 7, 7, 64]) as tf.Tensor4D;
    const middle = tf.relu(tf.conv2dTranspose(seedImage, first as tf.Tensor4D, [batch, 14, 14, 32], 2, 'same'));
    return tf.tanh(tf.conv2dTranspose(middle, second as tf.Tensor4D, [batch, 28, 28, 1], 2, 'same'));
  };
  const judge = (image: tf.Tensor4D): tf.Tensor => {
    const [first, second, dense] = discriminator as tf.Tensor[];
    const a = tf.leakyRelu(tf.conv2d(image, first as tf.Tensor4D, 2, 'same'));
    const b = tf.leakyRelu(tf.conv2d(a as tf.Tensor4D, second as tf.Tensor4D, 2, 'same'));
    return tf.matMul(tf.reshape(b, [batch, 7 * 7 * 64]) as tf.Tensor2D, dense as tf.Tensor2D);
  };
  const crossEntropy = (logits: tf.Tensor, label: number): tf.Scalar =>
    tf.losses.sigmoidCrossEntropy(tf.fill(logits.shape, label), logits) as tf.Scalar;

  return {
    run() {
      const fake = tf.tidy(generate);
      const losses = [
        optimizers[0].minimize(
          () => tf.add(crossEntropy(judge(real), 1), crossEntropy(judge(fake), 0)),
          true,
          discriminator,
        )!,
        optimizers[1].minimize(() => crossEntropy(judge(generate()), 1), true, generator)!,
      ];
      const sum = losses.reduce((total, loss) => total + loss.dataSync()[0], 0);
      tf.dispose([fake, ...losses]);
      return sum;
    },
    dispose() {
      tf.dispose([...generator, ...discriminator, real, z]);
      optimizers.forEach((optimizer) => optimizer.dispose());
    },
  };
}
