// SPDX-License-Identifier: Apache-2.0
/** A model of `tf.layers` with its optimizer: one gradient step, and all that has to be kept to go on later. */
import * as tf from '@tensorflow/tfjs';

export class Network {
  constructor(
    readonly name: string,
    readonly model: tf.LayersModel,
    private readonly optimizer: tf.AdamOptimizer,
  ) {}

  /** Applies the model as in training: batch normalization uses the batch's own mean and variance. */
  apply(x: tf.Tensor): tf.Tensor {
    return this.model.apply(x, { training: true }) as tf.Tensor;
  }

  /** Changes this network's weights, and no other's, to make `loss` less; returns what it was. */
  minimize(loss: () => tf.Scalar): tf.Scalar {
    return this.optimizer.minimize(loss, true, this.model.getWeights(true) as tf.Variable[])!;
  }

  /** Changes the weights of several networks, and no others, to make their common `loss` less. */
  static minimizeTogether(loss: () => tf.Scalar, networks: readonly Network[]): void {
    const variables = networks.map(({ model }) => model.getWeights(true) as tf.Variable[]);
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, variables.flat());
      networks.forEach(({ optimizer }, n) =>
        optimizer.applyGradients(variables[n].map(({ name }) => ({ name, tensor: grads[name] }))),
      );
    });
  }

  /** The weights by name. The tensors stay this network's own. */
  weights(): Record<string, tf.Tensor> {
    return weightsByName(this.name, this.model);
  }

  /** Weights and the optimizer's moments by name. The tensors stay this network's own. */
  async tensors(): Promise<Record<string, tf.Tensor>> {
    const moments = (await this.optimizer.getWeights()).map(({ tensor }, n) => [`${this.name}/adam/${n}`, tensor]);
    return { ...this.weights(), ...Object.fromEntries(moments) };
  }

  /**
   * Takes over what {@link tensors} gave.
   *
   * @throws Error if these are not the weights of such a network.
   */
  async restore(tensors: Readonly<Record<string, tf.Tensor>>): Promise<void> {
    restoreWeights(this.name, this.model, tensors);
    const moments: Awaited<ReturnType<tf.AdamOptimizer['getWeights']>> = [];
    for (let n = 0; tensors[`${this.name}/adam/${n}`]; n++)
      moments.push({ name: `adam/${n}`, tensor: tensors[`${this.name}/adam/${n}`] });
    if (moments.length === 0) return;
    this.checkMoments(moments.map(({ tensor }) => tensor));
    await this.optimizer.setWeights(moments);
  }

  /** Adam keeps the number of its steps, then of each weight a first moment, then of each a second one. */
  private checkMoments([steps, ...moments]: readonly tf.Tensor[]): void {
    const shapes = this.model.getWeights(true).map(({ shape }) => shape);
    const expected = moments.length === 0 ? [] : [...shapes, ...shapes];
    const fit = moments.length === expected.length && moments.every((m, n) => isFloat(m, expected[n]));
    if (steps.size !== 1 || !fit)
      throw new Error(
        `The checkpoint is of another network: Adam's moments do not fit the weights of the ${this.name}`,
      );
  }

  dispose(): void {
    this.model.dispose();
    this.optimizer.dispose();
  }
}

/** A model's weights under names of their own. The tensors stay the model's. */
export function weightsByName(name: string, model: tf.LayersModel): Record<string, tf.Tensor> {
  return Object.fromEntries(model.getWeights().map((tensor, n) => [`${name}/${n}`, tensor]));
}

/**
 * Gives a model the weights that {@link weightsByName} named.
 *
 * @throws Error if one is missing or of another shape; nothing has changed then.
 */
export function restoreWeights(
  name: string,
  model: tf.LayersModel,
  tensors: Readonly<Record<string, tf.Tensor>>,
): void {
  const given = model.getWeights().map(({ shape }, n) => {
    const tensor = tensors[`${name}/${n}`];
    if (tensor && isFloat(tensor, shape)) return tensor;
    const found = tensor ? `[${tensor.shape}]${tensor.dtype === 'float32' ? '' : ` of ${tensor.dtype}`}` : 'missing';
    throw new Error(
      `The checkpoint is of another network: weight ${n} of the ${name} must be [${shape}], but is ${found}`,
    );
  });
  model.setWeights(given);
}

function isFloat(tensor: tf.Tensor, shape: tf.Tensor['shape']): boolean {
  return tensor.dtype === 'float32' && tf.util.arraysEqual(shape, tensor.shape);
}
