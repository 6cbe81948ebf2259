// SPDX-License-Identifier: Apache-2.0
/** Trains the autoencoder and decodes points of the plane, away from the page. */
import * as tf from '@tensorflow/tfjs';
import { expose, transfer } from 'comlink';
import { install, uninstall } from '../../src';
import { conv2dTranspose } from '../../src/integrations/layers';
import { BACKENDS } from '../../bench/backends';
import { type Available, available, setBackend } from '../site/backends';
import type { Checkpoint } from '../training/checkpoint';
import type { Pace, PaceReport } from '../training/pace_report';
import { fetchPretrained } from '../training/pretrained';
import { Session } from '../training/session';
import type { DecoderName } from './decoders';
import { REACH, planeGrid } from './plane';
import { type TransposedLayer, Vae, type VaeLosses } from './vae';
import pretrained from './pretrained.safetensors?url';

const SEED = 1;

/** A picture for the page, and how long decoding took. */
export interface Decoded {
  readonly images: Float32Array;
  readonly ms: number;
}

/** A decoder to look with: of which layers, and whose weights. */
interface View {
  readonly decoder: DecoderName;
  readonly model: tf.LayersModel;
  version: number;
}

let session: Session<VaeLosses, Vae>;
let version = 0;
let view: View | undefined;

const worker = {
  /** Opens the session, on `cpu`, with the trained network that comes with the page. */
  async open(): Promise<{ step: number; perEpoch: number }> {
    const make = (): Vae => new Vae(SEED);
    const restore = (checkpoint: Checkpoint): Promise<Vae> => Vae.restored(checkpoint);
    const [opened, trained] = await Promise.all([
      Session.open<VaeLosses, Vae>(make, restore, SEED),
      fetchPretrained(new URL(pretrained, import.meta.url), 'decoder'),
    ]);
    session = opened;
    await session.load(trained, 'pretrained.safetensors');
    return { step: session.current.step, perEpoch: session.perEpoch };
  },

  /** What the browser has; asking takes seconds where a GPU has to be set up. */
  backends: (): Promise<Available[]> => session.exclusive(() => available(BACKENDS)),

  paces: (): PaceReport => session.paces(),
  choose: (backend: string): Promise<void> => session.choose(backend),
  stockPaces: (): Promise<(Pace | { why: string })[]> => session.stockPaces(),
  train: (
    onStep: (step: number, losses: VaeLosses, ms: number) => void,
    onTry: (backend: string) => void,
  ): Promise<void> =>
    session.run((step, losses, ms) => {
      version++;
      return onStep(step, losses, ms);
    }, onTry),
  pause: (): void => session.pause(),
  save: async (): Promise<Uint8Array> => {
    const bytes = await session.save();
    return transfer(bytes, [bytes.buffer]);
  },
  async load(bytes: Uint8Array, name: string): Promise<number> {
    await session.load(bytes, name);
    version++;
    return session.current.step;
  },
  async reset(): Promise<void> {
    await session.reset();
    version++;
  },

  /** Decodes a window of `side` × `side` points around `[x, y]`, row by row, on a backend and by a variant. */
  decode: (x: number, y: number, side: number, backend: string, decoder: DecoderName): Promise<Decoded> =>
    session.exclusive(async () => {
      await setBackend(backend);
      if (decoder === 'stock') uninstall();
      else install();
      try {
        const model = viewOf(decoder);
        const points = windowAround(x, y, side);
        return await decoded(() => tf.sigmoid(model.predict(tf.tensor2d(points)) as tf.Tensor));
      } finally {
        install();
      }
    }),

  /** The whole plane, `side` × `side` images from the top left. */
  plane: (side: number): Promise<Decoded> =>
    session.exclusive(() => decoded(() => session.current.decode(tf.tensor2d(planeGrid(side))))),
};
export type DecoderWorker = typeof worker;
expose(worker);

/** Reads what `decode` gives, and times both. */
async function decoded(decode: () => tf.Tensor): Promise<Decoded> {
  const begin = performance.now();
  const result = tf.tidy(decode);
  const images = (await result.data()) as Float32Array;
  result.dispose();
  return { images, ms: performance.now() - begin };
}

/** Between two points of a window. */
const WINDOW_STEP = 0.06 * REACH;

function windowAround(x: number, y: number, side: number): [number, number][] {
  const away = (n: number): number => (n - (side - 1) / 2) * WINDOW_STEP;
  return Array.from({ length: side * side }, (_, n) => [x + away(n % side), y - away(Math.floor(n / side))]);
}

/** The decoder as it is now, of the layers asked for. */
function viewOf(decoder: DecoderName): tf.LayersModel {
  if (view?.decoder !== decoder) {
    view?.model.dispose();
    view = { decoder, model: session.current.decoderOf(layerOf(decoder)), version: -1 };
  }
  if (view.version !== version) session.current.copyDecoder(view.model);
  view.version = version;
  return view.model;
}

function layerOf(decoder: DecoderName): TransposedLayer {
  if (decoder === 'stock') return tf.layers.conv2dTranspose;
  return (args) => conv2dTranspose({ ...args, variant: decoder });
}
