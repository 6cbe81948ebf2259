// SPDX-License-Identifier: Apache-2.0
/** Encodes one GIF that loops, away from the page, which stays alive meanwhile. */
import { expose, transfer } from 'comlink';
import { Encoder } from 'modern-gif';

let encoder: Encoder;

const worker = {
  begin(width: number, height: number): void {
    encoder = new Encoder({ width, height, looped: true, loopCount: 0, maxColors: 64 });
  },

  /** The next picture, RGBA by rows, and for how many milliseconds it stays. */
  add: (data: ArrayBuffer, delay: number): Promise<void> => encoder.encode({ data, delay }),

  async finish(): Promise<ArrayBuffer> {
    const gif = await encoder.flush();
    return transfer(gif, [gif]);
  },
};
export type GifWorker = typeof worker;
expose(worker);
