// SPDX-License-Identifier: Apache-2.0
/** Trains and judges a GAN, away from the page. */
import * as tf from '@tensorflow/tfjs';
import { expose, transfer } from 'comlink';
import { makeDigits } from '../digits/generate';
import { setBackend } from '../site/backends';
import type { Pace } from '../training/pace_report';
import { Session } from '../training/session';
import { Classifier, accuracy } from './classifier';
import { Gan, type GanKind, type GanLosses, LATENT, stepsPerEpoch } from './gan';
import { SURE, type Scores, scoresOf } from './scores';

const SEED = 1;
const CLASSIFIER_STEPS = 300;
const JUDGED = 1000;

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
  /** Opens the session with a new GAN; resolves to the steps of an epoch. */
  async open(kind: GanKind): Promise<number> {
    session = await Session.open<GanLosses, Gan>(
      () => new Gan(kind, SEED),
      (checkpoint) => Gan.restored(checkpoint),
      SEED,
    );
    await setBackend('wasm'); // Faster for the first samples, where it can be had.
    return stepsPerEpoch(kind, session.perEpoch);
  },

  chooseBackend: (): Promise<Pace[]> => session.chooseBackend(),
  stockPaces: (): Promise<(Pace | { why: string })[]> => session.stockPaces(),
  train: (onStep: (step: number, losses: GanLosses, ms: number) => void): Promise<void> => session.run(onStep),
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

  /** `count` digits, always of the same noise. */
  samples: (count: number): Promise<Float32Array> =>
    session.exclusive(async () => {
      const images = draw(count, SEED);
      const values = (await images.data()) as Float32Array;
      images.dispose();
      return values;
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
      const real = classifier.judge(heldOut.images);
      const reference = classifier.judge(digits.images.subarray(0, heldOut.images.length));
      const images = draw(JUDGED, SEED + 1);
      const made = classifier.judge((await images.data()) as Float32Array);
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

function draw(count: number, seed: number): tf.Tensor4D {
  return tf.tidy(() => session.current.sample(tf.randomNormal([count, LATENT], 0, 1, 'float32', seed)));
}
