// SPDX-License-Identifier: Apache-2.0
/**
 * Checks sampled elements of a result against the definition in float64. The error is given in units of the bound
 * ε32 · K · Σ|products| that the tests hold every element to: right is at most 1.
 */
import seedrandom from 'seedrandom';
import type { Conv2DTransposeGeometry } from '../src';
import type { Values } from './operands';
import { PASS_OPERANDS, type Pass, SHAPE_OF } from '../src/contract';

const SAMPLES = 48;

/**
 * The worst of the sampled errors, in units of the bound. A result with no more elements than samples is checked in
 * full. A result that is too short is as wrong as can be.
 */
export function sampledError(
  pass: Pass,
  g: Conv2DTransposeGeometry,
  result: Float32Array,
  values: Values,
  samples = SAMPLES,
): number {
  const random = seedrandom.alea(`spot check ${pass} ${JSON.stringify(g)}`);
  const shape = SHAPE_OF[PASS_OPERANDS[pass].gives](g);
  let worst = 0;
  const elements = shape.reduce((product, size) => product * size, 1);
  for (let n = 0; n < Math.min(samples, elements); n++) {
    // All of a small result, one by one.
    const at = elements <= samples ? indexOf(n, shape) : shape.map((size) => Math.floor(random() * size));
    const element = at.reduce((offset, index, d) => offset * shape[d] + index, 0);
    const sum = new Sum();
    const visit = { forward: outputTerms, 'input gradient': inputTerms, 'filter gradient': filterTerms }[pass];
    visit(g, at, values, sum);
    worst = Math.max(worst, sum.errorOf(result[element]));
  }
  return worst;
}

/** Where the n-th element of a shape is. */
function indexOf(n: number, shape: readonly number[]): number[] {
  return shape.reduceRight<number[]>((at, size) => {
    at.unshift(n % size);
    n = Math.floor(n / size);
    return at;
  }, []);
}

class Sum {
  private value = 0;
  private magnitude = 0;
  private terms = 0;

  add(a: number, b: number): void {
    this.value += a * b;
    this.magnitude += Math.abs(a * b);
    this.terms++;
  }

  errorOf(actual: number): number {
    const error = Math.abs(actual - this.value);
    return error === 0 ? 0 : error / (2 ** -23 * this.terms * this.magnitude);
  }
}

type Visit = (g: Conv2DTransposeGeometry, at: number[], values: Values, sum: Sum) => void;

/** Products in y[n, r, s, c]: all inputs and taps with i·stride + m·dilation − pad = r. */
const outputTerms: Visit = (g, [n, row, col, channel], { x, filter }, sum) => {
  const [inDepth, outDepth] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const group = Math.floor(channel / outDepth);
  for (let m = 0; m < g.filterHeight; m++) {
    const i = (row + g.padTop - m * g.dilationHeight) / g.strideHeight;
    if (!Number.isInteger(i) || i < 0 || i >= g.inHeight) continue;
    for (let q = 0; q < g.filterWidth; q++) {
      const j = (col + g.padLeft - q * g.dilationWidth) / g.strideWidth;
      if (!Number.isInteger(j) || j < 0 || j >= g.inWidth) continue;
      for (let o = group * inDepth; o < (group + 1) * inDepth; o++) {
        sum.add(
          x[((n * g.inHeight + i) * g.inWidth + j) * g.inChannels + o],
          filter[((m * g.filterWidth + q) * outDepth + (channel % outDepth)) * g.inChannels + o],
        );
      }
    }
  }
};

/** Products in dx[n, i, j, o]: all taps and output channels of its group. */
const inputTerms: Visit = (g, [n, i, j, o], { dy, filter }, sum) => {
  const outDepth = g.outChannels / g.groups;
  const group = Math.floor(o / (g.inChannels / g.groups));
  for (let m = 0; m < g.filterHeight; m++) {
    for (let q = 0; q < g.filterWidth; q++) {
      const at = outputPixel(g, n, i, j, m, q);
      if (at < 0) continue;
      for (let c = 0; c < outDepth; c++) {
        sum.add(
          dy[at * g.outChannels + group * outDepth + c],
          filter[((m * g.filterWidth + q) * outDepth + c) * g.inChannels + o],
        );
      }
    }
  }
};

/** Products in dfilter[m, q, c, o]: all input pixels whose contribution through the tap is inside. */
const filterTerms: Visit = (g, [m, q, c, o], { x, dy }, sum) => {
  const outDepth = g.outChannels / g.groups;
  const group = Math.floor(o / (g.inChannels / g.groups));
  for (let n = 0; n < g.batch; n++) {
    for (let i = 0; i < g.inHeight; i++) {
      for (let j = 0; j < g.inWidth; j++) {
        const at = outputPixel(g, n, i, j, m, q);
        if (at < 0) continue;
        sum.add(
          x[((n * g.inHeight + i) * g.inWidth + j) * g.inChannels + o],
          dy[at * g.outChannels + group * outDepth + c],
        );
      }
    }
  }
};

/** The output pixel that an input reaches through a tap, or −1 if it is cropped. */
function outputPixel(g: Conv2DTransposeGeometry, n: number, i: number, j: number, m: number, q: number): number {
  const row = i * g.strideHeight + m * g.dilationHeight - g.padTop;
  const col = j * g.strideWidth + q * g.dilationWidth - g.padLeft;
  const inside = row >= 0 && row < g.outHeight && col >= 0 && col < g.outWidth;
  return inside ? (n * g.outHeight + row) * g.outWidth + col : -1;
}
