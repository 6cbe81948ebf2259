// SPDX-License-Identifier: Apache-2.0
/**
 * Batches of digits in a seeded random order, anew in every epoch. Which batch a step gets depends on the step alone,
 * so that a resumed training goes on as if never stopped.
 */
import * as tf from '@tensorflow/tfjs';
import seedrandom from 'seedrandom';
import { DIGIT_SIZE, type Digits } from '../digits/generate';

const PIXELS = DIGIT_SIZE * DIGIT_SIZE;

export class Batches {
  readonly count: number;
  readonly perEpoch: number;
  private order: { epoch: number; indices: number[] } = { epoch: -1, indices: [] };

  constructor(
    private readonly digits: Digits,
    readonly size: number,
    private readonly seed: number,
  ) {
    this.count = digits.labels.length;
    this.perEpoch = Math.floor(this.count / size);
    if (this.perEpoch === 0) throw new RangeError(`A batch of ${size} needs as many examples; there are ${this.count}`);
  }

  /** The images of a step, `[size, 28, 28, 1]`, 0 to 1, and their labels `[size]`; to be disposed of. */
  at(step: number): { images: tf.Tensor4D; labels: tf.Tensor1D } {
    const epoch = Math.floor(step / this.perEpoch);
    if (epoch !== this.order.epoch) this.order = { epoch, indices: this.permutation(epoch) };
    const first = (step % this.perEpoch) * this.size;
    const images = new Float32Array(this.size * PIXELS);
    const labels = new Int32Array(this.size);
    this.order.indices.slice(first, first + this.size).forEach((index, n) => {
      images.set(this.digits.images.subarray(index * PIXELS, (index + 1) * PIXELS), n * PIXELS);
      labels[n] = this.digits.labels[index];
    });
    return {
      images: tf.tensor4d(images, [this.size, DIGIT_SIZE, DIGIT_SIZE, 1]),
      labels: tf.tensor1d(labels, 'int32'),
    };
  }

  /** Fisher and Yates's shuffle. */
  private permutation(epoch: number): number[] {
    const random = seedrandom.alea(`${this.seed} epoch ${epoch}`);
    const indices = Array.from({ length: this.count }, (_, n) => n);
    for (let n = this.count - 1; n > 0; n--) {
      const other = Math.floor(random() * (n + 1));
      [indices[n], indices[other]] = [indices[other], indices[n]];
    }
    return indices;
  }
}
