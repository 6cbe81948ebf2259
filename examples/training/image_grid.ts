// SPDX-License-Identifier: Apache-2.0
/** Many small grey images side by side as one picture. */
import { DIGIT_SIZE } from '../digits/generate';

/** RGBA, as canvases and PNG writers take it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

const GAP = 2;

/** Images of 28×28, 0 (paper) to 1 (ink), in rows of `columns`, every pixel `scale` × `scale` large. */
export function imageGrid(images: Float32Array, columns: number, scale = 1): Picture {
  const count = images.length / DIGIT_SIZE ** 2;
  const cell = DIGIT_SIZE + GAP;
  const [width, height] = [columns * cell - GAP, Math.ceil(count / columns) * cell - GAP].map((size) => size * scale);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = [Math.floor(x / scale), Math.floor(y / scale)];
      const [innerX, innerY] = [column % cell, row % cell];
      const n = Math.floor(row / cell) * columns + Math.floor(column / cell);
      const inside = innerX < DIGIT_SIZE && innerY < DIGIT_SIZE && n < count;
      const grey = inside ? 255 * (1 - images[(n * DIGIT_SIZE + innerY) * DIGIT_SIZE + innerX]) : 225;
      data.fill(grey, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}
