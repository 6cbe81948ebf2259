// SPDX-License-Identifier: Apache-2.0
/** Trains and judges a GAN, away from the page. */
import * as tf from '@tensorflow/tfjs';
import { expose, transfer } from 'comlink';
import { makeDigits } from '../digits/generate';
import { setBackend } from '../site/backends';
import type { Checkpoint } from '../training/checkpoint';
import type { Pace, PaceReport } from '../training/pace_report';
import { fetchPretrained } from '../training/pretrained';
import { Session } from '../training/session';
import { Classifier, accuracy } from './classifier';
import { Gan, type GanKind, type GanLosses, LATENT, stepsPerEpoch } from './gan';
import { SURE, type Scores, scoresOf } from './scores';
import pretrained from './pretrained.safetensors?url';

const SEED = 1;
const CLASSIFIER_STEPS = 300;
const JUDGED = 1000;

/** Digits, and of each what the critic thinks: above 0 it takes it for real. */
export interface Samples {
  readonly images: Float32Array;
  readonly opinions: Float32Array;
}

/** What the judge says, of real digits beside the generator's. */
export interface Verdict {
  readonly accuracy: number;
  /** From which probability on the classifier counts as sure. */
  readonly sureFrom: number;
  readonly real: Scores;
  readonly made: Scores;
}

let session: Session<GanLosses, Gan>;
let classifier: Classifier | undefined;

const worker = {
  /** Opens the session with the trained DCGAN that comes with the page; resolves to its step and those of an epoch. */
  async open(): Promise<{ step: number; perEpoch: number }> {
    const make = (): Gan => new Gan('dcgan', SEED);
    const restore = (checkpoint: Checkpoint): Promise<Gan> => Gan.restored(checkpoint);
    const opening = async (): Promise<void> => {
      session = await Session.open<GanLosses, Gan>(make, restore, SEED);
      await setBackend('wasm'); // Faster for the first samples, where it can be had.
    };
    const [trained] = await Promise.all([fetchPretrained(new URL(pretrained, import.meta.url), 'GAN'), opening()]);
    await session.load(trained, 'pretrained.safetensors');
    return { step: session.current.step, perEpoch: stepsPerEpoch('dcgan', session.perEpoch) };
  },

  paces: (): PaceReport => session.paces(),
  choose: (backend: string): Promise<void> => session.choose(backend),
  stockPaces: (): Promise<(Pace | { why: string })[]> => session.stockPaces(),
  train: (
    onStep: (step: number, losses: GanLosses, ms: number) => void,
    onTry: (backend: string) => void,
  ): Promise<void> => session.run(onStep, onTry),
  pause: (): void => session.pause(),
  save: async (): Promise<Uint8Array> => {
    const bytes = await session.save();
    return transfer(bytes, [bytes.buffer]);
  },
  /** Resolves to the step and the kind that were loaded. */
  async load(bytes: Uint8Array, name: string): Promise<{ step: number; kind: GanKind }> {
    await session.load(bytes, name);
    return { step: session.current.step, kind: session.current.kind };
  },
  /** Begins anew, with another kind if it is given; resolves to the steps of an epoch. */
  async reset(kind: GanKind = session.current.kind): Promise<number> {
    await session.reset(() => new Gan(kind, SEED));
    return stepsPerEpoch(kind, session.perEpoch);
  },

  /** `count` digits, always of the same noise, turned by an angle, and what the critic thinks of each. */
  samples: (count: number, angle: number): Promise<Samples> =>
    session.exclusive(async () => {
      const images = draw(count, SEED, angle);
      const opinions = session.current.opinions(images);
      const read = [(await images.data()) as Float32Array, (await opinions.data()) as Float32Array] as const;
      tf.dispose([images, opinions]);
      return { images: read[0], opinions: read[1] };
    }),

  /** Scores the generator by a classifier, which is trained first; tells how far that is, 0 to 1. */
  judge: (onProgress: (share: number) => void): Promise<Verdict> =>
    session.exclusive(async () => {
      const [digits, heldOut] = [makeDigits(3000, `train ${SEED}`), makeDigits(JUDGED, `test ${SEED}`)];
      if (!classifier) {
        const fresh = new Classifier(SEED);
        await fresh.train(digits, CLASSIFIER_STEPS, (done) => onProgress(done / CLASSIFIER_STEPS));
        classifier = fresh;
      }
      const real = await classifier.judge(heldOut.images);
      const reference = await classifier.judge(digits.images.subarray(0, heldOut.images.length));
      const images = draw(JUDGED, SEED + 1, 0);
      const made = await classifier.judge((await images.data()) as Float32Array);
      images.dispose();
      return {
        accuracy: accuracy(real, heldOut.labels),
        sureFrom: SURE,
        real: scoresOf(real, reference),
        made: scoresOf(made, reference),
      };
    }),
};
export type GanWorker = typeof worker;
expose(worker);

/**
 * Digits of a seed's noise, turned by `angle` towards that of the next seed: cos·a + sin·b is as normal as both, so
 * every point of the way is one that the generator knows.
 */
function draw(count: number, seed: number, angle: number): tf.Tensor4D {
  const noise = (n: number): tf.Tensor2D => tf.randomNormal([count, LATENT], 0, 1, 'float32', n);
  return tf.tidy(() => {
    const turned = tf.add(tf.mul(noise(seed), Math.cos(angle)), tf.mul(noise(seed + 1), Math.sin(angle)));
    return session.current.sample(turned as tf.Tensor2D);
  });
}
