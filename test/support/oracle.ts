// SPDX-License-Identifier: Apache-2.0
/**
 * The oracle: the definition, in float64, term by term. It shares no code with the library.
 *
 *     Φ(x, w, g) = Σ x[n, i, j, o] · w[m, q, c, o] · g[n, i·sH + m·dH − top, j·sW + q·dW − left, group·C + c]
 *
 * Each result comes with its error bound, K · Σ |products| per element, K the number of terms. ./compare says how it is
 * used.
 */
import { type Layer, filterShape, outSize, sizeOf, xShape, yShape } from './layer';

export interface Truth {
  values: Float64Array;
  bound: Float64Array;
}

type Numbers = ArrayLike<number>;

export function forward(l: Layer, x: Numbers, filter: Numbers): Truth {
  const sum = accumulator(sizeOf(yShape(l)));
  forEachTerm(l, (xAt, filterAt, yAt) => sum.add(yAt, x[xAt], filter[filterAt]));
  return sum.result();
}

export function backpropInput(l: Layer, dy: Numbers, filter: Numbers): Truth {
  const sum = accumulator(sizeOf(xShape(l)));
  forEachTerm(l, (xAt, filterAt, yAt) => sum.add(xAt, dy[yAt], filter[filterAt]));
  return sum.result();
}

export function backpropFilter(l: Layer, x: Numbers, dy: Numbers): Truth {
  const sum = accumulator(sizeOf(filterShape(l)));
  forEachTerm(l, (xAt, filterAt, yAt) => sum.add(filterAt, x[xAt], dy[yAt]));
  return sum.result();
}

function accumulator(length: number): { add(at: number, a: number, b: number): void; result(): Truth } {
  const values = new Float64Array(length);
  const magnitude = new Float64Array(length);
  const terms = new Float64Array(length);
  return {
    add(at, a, b) {
      values[at] += a * b;
      magnitude[at] += Math.abs(a * b);
      terms[at]++;
    },
    result: () => ({ values, bound: magnitude.map((m, at) => m * terms[at]) }),
  };
}

function forEachTerm(l: Layer, visit: (xAt: number, filterAt: number, yAt: number) => void): void {
  const [outHeight, outWidth] = outSize(l);
  const [inDepth, outDepth] = [l.inChannels / l.groups, l.outChannels / l.groups];
  for (let n = 0; n < l.batch; n++) {
    for (let i = 0; i < l.inSize[0]; i++) {
      for (let j = 0; j < l.inSize[1]; j++) {
        for (let m = 0; m < l.kernel[0]; m++) {
          const row = i * l.strides[0] + m * l.dilations[0] - l.pads[0];
          if (row < 0 || row >= outHeight) continue;
          for (let q = 0; q < l.kernel[1]; q++) {
            const col = j * l.strides[1] + q * l.dilations[1] - l.pads[2];
            if (col < 0 || col >= outWidth) continue;
            for (let o = 0; o < l.inChannels; o++) {
              const group = Math.floor(o / inDepth);
              for (let c = 0; c < outDepth; c++) {
                visit(
                  ((n * l.inSize[0] + i) * l.inSize[1] + j) * l.inChannels + o,
                  ((m * l.kernel[1] + q) * outDepth + c) * l.inChannels + o,
                  ((n * outHeight + row) * outWidth + col) * l.outChannels + group * outDepth + c,
                );
              }
            }
          }
        }
      }
    }
  }
}
