// SPDX-License-Identifier: Apache-2.0
/** Trains the autoencoder and decodes points of the plane, away from the page. */
import * as tf from '@tensorflow/tfjs';
import { expose, transfer } from 'comlink';
import { install, uninstall } from '../../src';
import { conv2dTranspose } from '../../src/integrations/layers';
import { available, deviceOf, setBackend } from '../site/backends';
import type { Pace } from '../training/pace_report';
import { Session } from '../training/session';
import type { DecoderName } from './decoders';
import { REACH, planeGrid } from './plane';
import { type TransposedLayer, Vae, type VaeLosses } from './vae';
import pretrained from './pretrained.safetensors?url';

const SEED = 1;
const BACKENDS = ['cpu', 'wasm', 'webgl'];

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
  /** Opens the session with the trained network that comes with the page; resolves to what the browser has. */
  async open(): Promise<{
    backends: { name: string; device: string }[];
    step: number;
    perEpoch: number;
  }> {
    session = await Session.open<VaeLosses, Vae>(
      () => new Vae(SEED),
      (checkpoint) => Vae.restored(checkpoint),
      SEED,
    );
    const response = await fetch(new URL(pretrained, import.meta.url));
    if (!response.ok)
      throw new Error(`The trained decoder cannot be loaded: ${response.status} ${response.statusText}`);
    await session.load(new Uint8Array(await response.arrayBuffer()), 'pretrained.safetensors');
    const backends = [];
    for (const name of await available(BACKENDS)) {
      await setBackend(name);
      backends.push({ name, device: deviceOf(name) });
    }
    return { backends, step: session.current.step, perEpoch: session.perEpoch };
  },

  chooseBackend: (): Promise<Pace[]> => session.chooseBackend(),
  stockPaces: (): Promise<(Pace | { why: string })[]> => session.stockPaces(),
  train: (onStep: (step: number, losses: VaeLosses, ms: number) => void): Promise<void> =>
    session.run((step, losses, ms) => {
      version++;
      return onStep(step, losses, ms);
    }),
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

  /** Decodes a window of `side` × `side` points around `[x, y]`, row by row, on the backend and by the variant given. */
  decode: (x: number, y: number, side: number, backend: string, decoder: DecoderName): Promise<Decoded> =>
    session.exclusive(async () => {
      await setBackend(backend);
      if (decoder === 'stock') uninstall();
      else install();
      try {
        const model = viewOf(decoder);
        const step = (0.12 * REACH) / 2;
        const points = windowAround(x, y, side, step);
        const begin = performance.now();
        const result = tf.tidy(() => tf.sigmoid(model.predict(tf.tensor2d(points)) as tf.Tensor));
        const images = (await result.data()) as Float32Array;
        result.dispose();
        return { images, ms: performance.now() - begin };
      } finally {
        install();
      }
    }),

  /** The whole plane, `side` × `side` images from the top left. */
  plane: (side: number): Promise<Decoded> =>
    session.exclusive(async () => {
      const begin = performance.now();
      const result = session.current.decode(tf.tensor2d(planeGrid(side)));
      const images = (await result.data()) as Float32Array;
      result.dispose();
      return { images, ms: performance.now() - begin };
    }),
};
export type DecoderWorker = typeof worker;
expose(worker);

function windowAround(x: number, y: number, side: number, step: number): [number, number][] {
  const middle = (side - 1) / 2;
  return Array.from({ length: side * side }, (_, n) => [x + ((n % side) - middle) * step, y - (Math.floor(n / side) - middle) * step]); // prettier-ignore
}

/** The decoder as it is now, of the layers asked for. */
function viewOf(decoder: DecoderName): tf.LayersModel {
  if (view?.decoder !== decoder) {
    view?.model.dispose();
    const layer: TransposedLayer = decoder === 'stock' ? tf.layers.conv2dTranspose : (args) => conv2dTranspose({ ...args, variant: decoder }); // prettier-ignore
    view = { decoder, model: session.current.decoderOf(layer), version: -1 };
  }
  if (view.version !== version) session.current.copyDecoder(view.model);
  view.version = version;
  return view.model;
}
