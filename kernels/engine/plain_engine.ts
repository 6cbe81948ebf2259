// SPDX-License-Identifier: Apache-2.0
/**
 * The engine in plain TypeScript: what runs wherever nothing faster does. Sums are kept in doubles over four terms or
 * four channels at a time, so that a loaded value is used more than once. It works on the tensors' own arrays.
 */
import {
  type Block,
  type ChannelProduct,
  type ChannelSum,
  type Engine,
  type Grid,
  type GroupProduct,
  type GroupSum,
  type Operand,
  type OuterProduct,
  type PixelMove,
  type Run,
  type Step,
  type TapProduct,
  type WindowProduct,
  type WindowSource,
  type WindowTarget,
  pixelAt,
} from './engine';

type Blocks = Readonly<Record<Block, Float32Array>>;

export const plainEngine: Engine = {
  name: 'plain',
  peakScratchBytes: 0,
  rests: false,
  run({ lengths, steps }, first, second, take) {
    const blocks = { first, second, out: new Float32Array(lengths.out), scratch: new Float32Array(lengths.scratch) };
    for (const step of steps) runStep(step, blocks);
    const { byteLength } = blocks.scratch;
    plainEngine.peakScratchBytes = Math.max(plainEngine.peakScratchBytes, byteLength);
    return take(blocks.out);
  },
  retainedBytes: 0,
  release: () => undefined,
};

function runStep(step: Step, blocks: Blocks): void {
  switch (step.kind) {
    case 'dotProducts':
      return step.runs.forEach((run) => dotRun(step, run, blocks));
    case 'broadcastProducts':
      return step.runs.forEach((run) => broadcastRun(step, run, blocks));
    case 'channelProducts':
      return step.runs.forEach((run) => channelRun(step, run, blocks));
    case 'groupProducts':
      return step.runs.forEach((run) => groupRun(step, run, blocks));
    case 'channelSums':
      return channelSums(step, blocks);
    case 'groupSums':
      return groupSums(step, blocks);
    case 'outerProducts':
      return outerProducts(step, blocks);
    case 'windowProducts':
      return windowProducts(step, blocks);
    case 'addPixels':
    case 'copyPixels':
      return movePixels(step, blocks);
    case 'clearScratch':
      return void blocks.scratch.fill(0, 0, step.floats);
  }
}

function movePixels({ kind, grid, from, to, channels }: PixelMove, blocks: Blocks): void {
  const [source, target] = [blocks[from.block], blocks[to.block]];
  if (kind === 'addPixels')
    forEachPixel(grid, from, to, (at, toAt) => addScaled(target, toAt, 1, source, at, channels));
  else forEachPixel(grid, from, to, (at, toAt) => target.set(source.subarray(at, at + channels), toAt));
}

function dotRun(product: TapProduct, run: Run, blocks: Blocks): void {
  const { filterRow, depth, channels } = product;
  const { grid, a, out } = run;
  const [x, filter, y] = [blocks[a.block], blocks.second, blocks[out.block]];
  const offsets = run.taps.map(({ offset }) => offset);
  const matrices = run.taps.map(({ tap }) => product.taps[tap]);
  forEachPixel(grid, a, out, (aAt, outAt) => {
    let n = 0;
    for (; n + 4 <= channels; n += 4) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let t = 0; t < offsets.length; t++) {
        const from = aAt + offsets[t];
        const w0 = matrices[t] + n * filterRow;
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
      y[outAt + n] += s0;
      y[outAt + n + 1] += s1;
      y[outAt + n + 2] += s2;
      y[outAt + n + 3] += s3;
    }
    for (; n < channels; n++) {
      let sum = 0;
      for (let t = 0; t < offsets.length; t++) {
        const from = aAt + offsets[t];
        const w = matrices[t] + n * filterRow;
        for (let k = 0; k < depth; k++) sum += x[from + k] * filter[w + k];
      }
      y[outAt + n] += sum;
    }
  });
}

function broadcastRun(product: TapProduct, run: Run, blocks: Blocks): void {
  const { filterRow, depth, channels } = product;
  const { grid, a, out } = run;
  const [x, filter, y] = [blocks[a.block], blocks.second, blocks[out.block]];
  const offsets = run.taps.map(({ offset }) => offset);
  const matrices = run.taps.map(({ tap }) => product.taps[tap]);
  forEachPixel(grid, a, out, (aAt, outAt) => {
    for (let t = 0; t < offsets.length; t++) {
      const from = aAt + offsets[t];
      let k = 0;
      for (; k + 4 <= depth; k += 4) {
        const [v0, v1, v2, v3] = [x[from + k], x[from + k + 1], x[from + k + 2], x[from + k + 3]];
        const w0 = matrices[t] + k * filterRow;
        const w1 = w0 + filterRow;
        const w2 = w1 + filterRow;
        const w3 = w2 + filterRow;
        for (let n = 0; n < channels; n++) {
          y[outAt + n] += v0 * filter[w0 + n] + v1 * filter[w1 + n] + v2 * filter[w2 + n] + v3 * filter[w3 + n];
        }
      }
      for (; k < depth; k++) addScaled(y, outAt, x[from + k], filter, matrices[t] + k * filterRow, channels);
    }
  });
}

function channelRun(product: ChannelProduct, run: Run, blocks: Blocks): void {
  const { channels } = product;
  const { grid, a, out } = run;
  const [x, filter, y] = [blocks[a.block], blocks[product.filter], blocks[out.block]];
  const offsets = run.taps.map(({ offset }) => offset);
  const rows = run.taps.map(({ tap }) => product.taps[tap]);
  forEachPixel(grid, a, out, (aAt, outAt) => {
    for (let t = 0; t < offsets.length; t++) {
      const [from, w] = [aAt + offsets[t], rows[t]];
      for (let c = 0; c < channels; c++) y[outAt + c] += x[from + c] * filter[w + c];
    }
  });
}

function groupRun(product: GroupProduct, run: Run, blocks: Blocks): void {
  const { groups, depth, channels, filterRow } = product;
  const { grid, a, out } = run;
  const [x, filter, y] = [blocks[a.block], blocks[product.filter], blocks[out.block]];
  const offsets = run.taps.map(({ offset }) => offset);
  const matrices = run.taps.map(({ tap }) => product.taps[tap]);
  forEachPixel(grid, a, out, (aAt, outAt) => {
    for (let t = 0; t < offsets.length; t++) {
      for (let g = 0; g < groups; g++) {
        const [from, to] = [aAt + offsets[t] + g * depth, outAt + g * channels];
        const w = matrices[t] + g * channels;
        for (let k = 0; k < depth; k++) addScaled(y, to, x[from + k], filter, w + k * filterRow, channels);
      }
    }
  });
}

function channelSums({ out, runs, channels }: ChannelSum, blocks: Blocks): void {
  const sums = blocks[out];
  for (const { grid, a, b, outFirst } of runs) {
    const [left, right] = [blocks[a.block], blocks[b.block]];
    forEachPixel(grid, a, b, (aAt, bAt) => {
      for (let c = 0; c < channels; c++) sums[outFirst + c] += left[aAt + c] * right[bAt + c];
    });
  }
}

function groupSums({ runs, groups, rows, cols, outRow }: GroupSum, blocks: Blocks): void {
  const sums = blocks.out;
  for (const { grid, a, b, outFirst } of runs) {
    const [left, right] = [blocks[a.block], blocks[b.block]];
    forEachPixel(grid, a, b, (aAt, bAt) => {
      for (let g = 0; g < groups; g++) {
        for (let m = 0; m < rows; m++) {
          const to = outFirst + m * outRow + g * cols;
          addScaled(sums, to, left[aAt + g * rows + m], right, bAt + g * cols, cols);
        }
      }
    });
  }
}

function outerProducts({ taps, rows, cols, outRow }: OuterProduct, blocks: Blocks): void {
  const sums = blocks.out;
  for (const { grid, a, b, outFirst } of taps) {
    const [left, right] = [blocks[a.block], blocks[b.block]];
    for (let m = 0; m < rows; m++) sums.fill(0, outFirst + m * outRow, outFirst + m * outRow + cols);
    forEachPixel(grid, a, b, (aAt, bAt) => {
      for (let m = 0; m < rows; m++) addScaled(sums, outFirst + m * outRow, left[aAt + m], right, bAt, cols);
    });
  }
}

/** By the definition: where this runs, there is no memory for anything else. */
function windowProducts(product: WindowProduct, blocks: Blocks): void {
  const { batch, channels, adds, targets } = product;
  for (const target of targets) {
    const y = blocks[target.out.block];
    for (let b = 0; b < batch; b++) {
      for (let r = 0; r < target.rows; r++) {
        for (let c = 0; c < target.cols; c++) {
          const to = pixelAt(target.out, b, r, c);
          if (!adds) y.fill(0, to, to + channels);
          product.sources.forEach((source, n) => addWindow(product, source, target, target.taps[n], [b, r, c], blocks));
        }
      }
    }
  }
}

function addWindow(
  { depth, channels, rowsHold, filterRow, horizontal }: WindowProduct,
  { cells, firstRow, firstCol }: WindowSource,
  { out, skippedRows, skippedCols }: WindowTarget,
  taps: readonly number[],
  [b, r, c]: readonly [number, number, number],
  blocks: Blocks,
): void {
  const [x, filter, y] = [blocks[cells.at.block], blocks.second, blocks[out.block]];
  const [nStep, kStep] = rowsHold === 'terms' ? [filterRow, 1] : [1, filterRow];
  const to = pixelAt(out, b, r, c);
  taps.forEach((matrix, tap) => {
    const row = firstRow + skippedRows + r + Math.floor(tap / horizontal.taps);
    const col = firstCol + skippedCols + c + (tap % horizontal.taps);
    if (row < 0 || row >= cells.rows || col < 0 || col >= cells.cols) return;
    const from = pixelAt(cells.at, b, row, col);
    for (let n = 0; n < channels; n++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += x[from + k] * filter[matrix + n * nStep + k * kStep];
      y[to + n] += sum;
    }
  });
}

function addScaled(y: Float32Array, to: number, scale: number, x: Float32Array, from: number, count: number): void {
  for (let n = 0; n < count; n++) y[to + n] += scale * x[from + n];
}

/** Visits the pixels of a grid with where they begin in two operands, in floats. */
function forEachPixel(grid: Grid, p: Operand, q: Operand, visit: (pAt: number, qAt: number) => void): void {
  const [pStep, qStep] = [p.col * p.channels, q.col * q.channels];
  for (let b = 0; b < grid.batch; b++) {
    for (let r = 0; r < grid.rows; r++) {
      let pAt = p.first + (b * p.batch + r * p.row) * p.channels;
      let qAt = q.first + (b * q.batch + r * q.row) * q.channels;
      for (let c = 0; c < grid.cols; c++, pAt += pStep, qAt += qStep) visit(pAt, qAt);
    }
  }
}
