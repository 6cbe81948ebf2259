// SPDX-License-Identifier: Apache-2.0
/**
 * The engine in plain TypeScript: what runs wherever nothing faster does. Sums are kept in doubles over four terms or
 * four channels at a time, so that a loaded value is used more than once.
 */
import type { Engine, Grid, Operand, OuterProduct, TapProduct, Workspace } from './engine';

export const plainEngine: Engine = {
  name: 'plain',
  peakScratchBytes: 0,
  run(body) {
    let scratchBytes = 0;
    const workspace: Workspace = {
      input: (values) => ({ values }),
      scratch(length) {
        scratchBytes += length * Float32Array.BYTES_PER_ELEMENT;
        return { values: new Float32Array(length) };
      },
      result: (length) => ({ values: new Float32Array(length) }),
      dotProducts,
      broadcastProducts,
      outerProducts,
    };
    const { values } = body(workspace);
    plainEngine.peakScratchBytes = Math.max(plainEngine.peakScratchBytes, scratchBytes);
    return values;
  },
};

function dotProducts(product: TapProduct): void {
  const { grid, a, aTaps, filterTaps, filterRow, depth, channels, out, accumulate } = product;
  const [x, filter, y] = [a.data.values, product.filter.values, out.data.values];
  forEachPixel(grid, a, out, (aStart, outStart) => {
    let n = 0;
    for (; n + 4 <= channels; n += 4) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let t = 0; t < aTaps.length; t++) {
        const from = aStart + aTaps[t];
        const w0 = filterTaps[t] + n * filterRow;
        const w1 = w0 + filterRow;
        const w2 = w1 + filterRow;
        const w3 = w2 + filterRow;
        for (let k = 0; k < depth; k++) {
          const value = x[from + k];
          s0 += value * filter[w0 + k];
          s1 += value * filter[w1 + k];
          s2 += value * filter[w2 + k];
          s3 += value * filter[w3 + k];
        }
      }
      const to = outStart + n;
      y[to] = accumulate ? y[to] + s0 : s0;
      y[to + 1] = accumulate ? y[to + 1] + s1 : s1;
      y[to + 2] = accumulate ? y[to + 2] + s2 : s2;
      y[to + 3] = accumulate ? y[to + 3] + s3 : s3;
    }
    for (; n < channels; n++) {
      let sum = 0;
      for (let t = 0; t < aTaps.length; t++) {
        const from = aStart + aTaps[t];
        const w = filterTaps[t] + n * filterRow;
        for (let k = 0; k < depth; k++) sum += x[from + k] * filter[w + k];
      }
      y[outStart + n] = accumulate ? y[outStart + n] + sum : sum;
    }
  });
}

function broadcastProducts(product: TapProduct): void {
  const { grid, a, aTaps, filterTaps, filterRow, depth, channels, out, accumulate } = product;
  const [x, filter, y] = [a.data.values, product.filter.values, out.data.values];
  forEachPixel(grid, a, out, (aStart, outStart) => {
    if (!accumulate) y.fill(0, outStart, outStart + channels);
    for (let t = 0; t < aTaps.length; t++) {
      const from = aStart + aTaps[t];
      let k = 0;
      for (; k + 4 <= depth; k += 4) {
        const [v0, v1, v2, v3] = [x[from + k], x[from + k + 1], x[from + k + 2], x[from + k + 3]];
        const w0 = filterTaps[t] + k * filterRow;
        const w1 = w0 + filterRow;
        const w2 = w1 + filterRow;
        const w3 = w2 + filterRow;
        for (let n = 0; n < channels; n++) {
          y[outStart + n] += v0 * filter[w0 + n] + v1 * filter[w1 + n] + v2 * filter[w2 + n] + v3 * filter[w3 + n];
        }
      }
      for (; k < depth; k++) addScaled(y, outStart, x[from + k], filter, filterTaps[t] + k * filterRow, channels);
    }
  });
}

function outerProducts({ grid, a, b, rows, cols, out, outOffset, outRow }: OuterProduct): void {
  const [left, right, sums] = [a.data.values, b.data.values, out.values];
  forEachPixel(grid, a, b, (aStart, bStart) => {
    for (let m = 0; m < rows; m++) addScaled(sums, outOffset + m * outRow, left[aStart + m], right, bStart, cols);
  });
}

function addScaled(y: Float32Array, to: number, scale: number, x: Float32Array, from: number, count: number): void {
  for (let n = 0; n < count; n++) y[to + n] += scale * x[from + n];
}

function forEachPixel(grid: Grid, p: Operand, q: Operand, visit: (pStart: number, qStart: number) => void): void {
  for (let b = 0; b < grid.batch; b++) {
    for (let r = 0; r < grid.rows; r++) {
      const pRow = p.offset + b * p.batch + r * p.row;
      const qRow = q.offset + b * q.batch + r * q.row;
      for (let c = 0; c < grid.cols; c++) visit(pRow + c * p.col, qRow + c * q.col);
    }
  }
}
