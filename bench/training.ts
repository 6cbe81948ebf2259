// SPDX-License-Identifier: Apache-2.0
/**
 * One training step of a decoder: three transposed layers from 7×7×64 to a 28×28 image, batch 32, mean squared error,
 * Adam; with our op or with the stock one.
 */
import * as tf from '@tensorflow/tfjs';

type Op = typeof tf.conv2dTranspose;

const BATCH = 32;
const LATENT = 16;
const LAYERS = [
  { inSize: 7, inChannels: 64, outChannels: 32, stride: 2 },
  { inSize: 14, inChannels: 32, outChannels: 16, stride: 2 },
  { inSize: 28, inChannels: 16, outChannels: 1, stride: 1 },
];

/** A step to run again and again; returns its loss. */
export function trainingStep(op: Op): { run(): number; dispose(): void } {
  const variable = (shape: number[], seed: number): tf.Variable =>
    tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 0.1, 'float32', seed)));
  const dense = variable([LATENT, 7 * 7 * 64], 1);
  const filters = LAYERS.map((l, n) => variable([3, 3, l.outChannels, l.inChannels], n + 2));
  const z = tf.randomNormal([BATCH, LATENT], 0, 1, 'float32', 5);
  const target = tf.randomUniform([BATCH, 28, 28, 1], 0, 1, 'float32', 6);
  const optimizer = tf.train.adam(1e-3);
  const loss = (): tf.Scalar => {
    let image = tf.reshape(tf.relu(tf.matMul(z, dense as unknown as tf.Tensor2D)), [BATCH, 7, 7, 64]) as tf.Tensor4D;
    LAYERS.forEach(({ inSize, outChannels, stride }, n) => {
      const size = inSize * stride;
      image = op(image, filters[n] as unknown as tf.Tensor4D, [BATCH, size, size, outChannels], stride, 'same');
      if (n < LAYERS.length - 1) image = tf.relu(image);
    });
    return tf.losses.meanSquaredError(target, image) as tf.Scalar;
  };
  return {
    run() {
      const value = optimizer.minimize(loss, true, [dense, ...filters])!;
      const number = value.dataSync()[0];
      value.dispose();
      return number;
    },
    dispose: () => {
      tf.dispose([dense, ...filters, z, target]);
      optimizer.dispose();
    },
  };
}
