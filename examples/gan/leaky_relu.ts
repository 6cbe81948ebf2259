// SPDX-License-Identifier: Apache-2.0
/**
 * Leaky ReLU as a layer that can be differentiated twice: the gradient of tfjs's own goes through `greater`, which has
 * none.
 */
import * as tf from '@tensorflow/tfjs';

const SLOPE = 0.2;

export class LeakyReLU extends tf.layers.Layer {
  static readonly className = 'TwiceDifferentiableLeakyReLU';

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      return tf.add(tf.mul(x, SLOPE), tf.mul(tf.relu(x), 1 - SLOPE));
    });
  }
}
tf.serialization.registerClass(LeakyReLU);
