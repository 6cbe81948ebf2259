// SPDX-License-Identifier: Apache-2.0
/** Pictures as a GIF that loops. */
import { transfer, wrap } from 'comlink';
import type { GifWorker } from './gif_worker';
import type { Picture } from './svg';

const FRAME_MS = 900;
const LAST_MS = 2400;
/** Pixels per CSS pixel. Encoding takes time in proportion to its square. */
const SCALE = 1;

/** All frames get the size of the largest. The encoder is loaded when it is needed. */
export async function gifOf(pictures: readonly Picture[]): Promise<Blob> {
  const most = (of: 'width' | 'height'): number => Math.ceil(SCALE * Math.max(...pictures.map((one) => one[of])));
  const [width, height] = [most('width'), most('height')];
  const worker = new Worker(new URL('./gif_worker.ts', import.meta.url), { type: 'module' });
  const encoder = wrap<GifWorker>(worker);
  const encode = async (): Promise<Blob> => {
    await encoder.begin(width, height);
    for (const [n, picture] of pictures.entries()) {
      const data = await pixelsOf(picture, width, height);
      await encoder.add(transfer(data, [data]), n === pictures.length - 1 ? LAST_MS : FRAME_MS);
    }
    return new Blob([await encoder.finish()], { type: 'image/gif' });
  };
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message || 'its encoder cannot be loaded'));
  });
  return Promise.race([encode(), failed]).finally(() => worker.terminate());
}

async function pixelsOf(
  { svg, width: own, height: ownHeight }: Picture,
  width: number,
  height: number,
): Promise<ArrayBuffer> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, SCALE * own, SCALE * ownHeight);
  // Where a picture is smaller than the largest, its paper goes on.
  const [r, g, b] = context.getImageData(1, 1, 1, 1).data;
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = `rgb(${r} ${g} ${b})`;
  context.fillRect(0, 0, width, height);
  return context.getImageData(0, 0, width, height).data.buffer;
}
