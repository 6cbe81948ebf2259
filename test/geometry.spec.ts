// SPDX-License-Identifier: Apache-2.0
/** Output sizes, phases and runs against enumeration; the helpers' numbers against the formulas of their sources. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  type AxisPad,
  type DimRoundingMode,
  type Pad,
  axisArithmetic,
  computeGeometry,
  conv2dTransposeArithmetic,
  possibleOutSizes,
} from '../src';
import { resolveAxis } from '../src/geometry/axis';
import { geometryOfConvolution } from '../src/geometry/convolution';
import { heightAxis, widthAxis } from '../src/geometry/geometry';
import { inputRuns, phaseRuns, phases, tapSpan } from '../src/geometry/phases';
import { type Shape4D, explicitPad } from './support/layer';

const SEED = 20261120;
const small = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

const requests = fc
  .record({
    inSize: small(1, 9),
    kernel: small(1, 6),
    stride: small(1, 5),
    dilation: small(1, 4),
    pad: fc.oneof(
      fc.constantFrom<AxisPad>('same', 'valid'),
      fc.record({ begin: small(0, 6), end: small(0, 6) }) as fc.Arbitrary<AxisPad>,
    ),
    outputPadding: fc.option(small(0, 3), { nil: undefined }),
  })
  .filter((r) => r.outputPadding === undefined || r.outputPadding < Math.max(r.stride, r.dilation))
  .filter((r) => {
    const crop = typeof r.pad === 'object' ? r.pad.begin + r.pad.end : r.dilation * (r.kernel - 1) + 1;
    return r.stride * (r.inSize - 1) + r.dilation * (r.kernel - 1) + 1 > crop;
  });

describe('axis', () => {
  it('satisfies the identity that DESIGN and the docs state, and fits into its parts', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { inSize, stride, dilation, kernel, padBegin, padEnd, outputPadding, outSize } = resolveAxis(request);
        const full = stride * (inSize - 1) + dilation * (kernel - 1) + 1;
        expect(outSize).toBe(full + outputPadding - padBegin - padEnd);
        expect(Math.min(padBegin, padEnd, outputPadding)).toBeGreaterThanOrEqual(0);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('lists in its phases exactly the inputs and taps that meet each output cell', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const axis = resolveAxis(request);
        const met = (): string[][] => Array.from({ length: axis.outSize }, () => []);
        const [byDefinition, byPhase, byRun, byInput, bySpan] = [met(), met(), met(), met(), met()];
        const out = (input: number, tap: number): number => input * axis.stride + tap * axis.dilation - axis.padBegin;
        for (let input = 0; input < axis.inSize; input++) {
          for (let tap = 0; tap < axis.kernel; tap++) byDefinition[out(input, tap)]?.push(`${input}:${tap}`);
        }
        for (const { firstOut, count, firstIndex, taps } of phases(axis)) {
          for (let t = 0; t < count; t++) {
            for (const { tap, inputOffset } of taps) {
              const input = firstIndex + t - inputOffset;
              if (input >= 0 && input < axis.inSize) byPhase[firstOut + t * axis.stride].push(`${input}:${tap}`);
            }
          }
        }
        for (const { firstOut, first, count, taps } of phaseRuns(axis)) {
          for (let t = 0; t < count; t++) {
            for (const { tap, inputOffset } of taps)
              byRun[firstOut + t * axis.stride].push(`${first + t - inputOffset}:${tap}`);
          }
        }
        for (const { first, count, taps } of inputRuns(axis)) {
          for (let input = first; input < first + count; input++)
            taps.forEach((tap) => byInput[out(input, tap)].push(`${input}:${tap}`));
        }
        for (let tap = 0; tap < axis.kernel; tap++) {
          const { begin, end } = tapSpan(axis, tap);
          for (let input = begin; input < end; input++) bySpan[out(input, tap)].push(`${input}:${tap}`);
        }
        const sorted = (lists: string[][]): string[][] => lists.map((list) => list.sort());
        for (const found of [byPhase, byRun, byInput, bySpan]) expect(sorted(found)).toEqual(sorted(byDefinition));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('accepts exactly the output sizes that the forward convolution of tfjs maps back to the input', () => {
    const pads = ['same', 'valid', { begin: 1, end: 1 }, { begin: 0, end: 2 }] as const;
    const modes: (DimRoundingMode | undefined)[] = [undefined, 'floor', 'round', 'ceil'];
    let accepted = 0;
    for (const stride of [1, 2, 3, 4]) {
      for (const kernel of [1, 2, 3, 5]) {
        for (const dilation of [1, 2]) {
          for (const pad of pads) {
            for (const dimRoundingMode of typeof pad === 'string' ? [undefined] : modes) {
              for (let outSize = 1; outSize < 24; outSize++) {
                const forward = tf.backend_util.computeConv2DInfo(
                  [1, outSize, 1, 1],
                  [kernel, 1, 1, 1],
                  [stride, 1],
                  [dilation, 1],
                  typeof pad === 'string' ? pad : explicitPad({ pads: [pad.begin, pad.end, 0, 0] }),
                  dimRoundingMode,
                );
                const inSize = 4;
                const request = { inSize, kernel, stride, dilation, pad, dimRoundingMode };
                const { smallest, largest } = possibleOutSizes(request);
                const accepts = outSize >= smallest && outSize <= largest;
                expect([stride, kernel, dilation, pad, dimRoundingMode, outSize, accepts]).toEqual([
                  ...[stride, kernel, dilation, pad, dimRoundingMode, outSize],
                  forward.outHeight === inSize,
                ]);
                if (!accepts) continue;
                accepted++;
                const axis = resolveAxis({ ...request, outSize });
                expect(axis.padBegin).toBe(forward.padInfo.top);
              }
            }
          }
        }
      }
    }
    expect(accepted).toBeGreaterThan(500);
  });

  it("gives with 'same' and an output padding the sizes and crops of Keras 3", () => {
    // keras/src/backend/common/backend_utils.py, the convention of its JAX backend: o = s(i − 1) + k % 2 + a, and of
    // k + k % 2 − 2 + a zeros the larger half in front.
    for (const kernel of [1, 2, 3, 4, 5]) {
      for (const stride of [1, 2, 3]) {
        for (let outputPadding = 0; outputPadding < stride; outputPadding++) {
          const axis = resolveAxis({ inSize: 5, kernel, stride, dilation: 1, pad: 'same', outputPadding });
          expect(axis.outSize).toBe(stride * 4 + (kernel % 2) + outputPadding);
          const zeros = kernel + (kernel % 2) - 2 + outputPadding;
          expect(axis.padBegin).toBe(kernel - 1 - Math.min(Math.ceil(zeros / 2), kernel - 1));
        }
      }
    }
  });
});

describe('helpers', () => {
  it('work out the examples of Dumoulin and Visin', () => {
    // Relationships 8 to 13: [input, kernel, stride, pad, output]
    for (const [inSize, kernel, stride, p, expected] of [
      [2, 3, 1, 0, 4],
      [6, 4, 1, 2, 5],
      [5, 3, 1, 1, 5],
      [5, 3, 1, 2, 3],
      [2, 3, 2, 0, 5],
      [3, 3, 2, 1, 5],
    ]) {
      const axis = axisArithmetic({ inSize, kernel, stride, pad: { begin: p, end: p } });
      expect(axis.outSize).toBe(expected);
      expect(axis.insertedZeros).toBe(stride - 1);
      expect(axis.convolutionPadBegin).toBe(kernel - p - 1);
      expect(axis.totalZeros).toBe((inSize - 1) * (stride - 1) + 2 * (kernel - p - 1));
    }
  });

  it('describe an equivalent convolution whose size is the output', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const a = axisArithmetic(request);
        const inserted = a.inSize + a.insertedZeros * (a.inSize - 1);
        expect(inserted + a.convolutionPadBegin + a.convolutionPadEnd - a.effectiveKernel + 1).toBe(a.outSize);
        expect(inserted - a.inSize + a.convolutionPadBegin + a.convolutionPadEnd).toBe(a.totalZeros);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('say the steps in words, with the numbers', () => {
    const { steps } = axisArithmetic({ inSize: 3, kernel: 3, stride: 2, dilation: 2, pad: { begin: 0, end: 1 } });
    expect(steps).toEqual([
      'output = stride·(input − 1) + dilation·(kernel − 1) + 1 + outputPadding − crop = ' +
        '2·(3 − 1) + 2·(3 − 1) + 1 + 0 − 1 = 8',
      'Insert 1 zero between neighbouring inputs: 3 cells become 5.',
      'Pad by 4 in front and 3 behind: 12 cells.',
      'Convolve with stride 1 and dilation 2, the kernel flipped: 8 cells.',
      'Phase 0: 4 cells from 0 in steps of 2 meet taps 0, 1, 2.',
      'Phase 1: 4 cells from 1 in steps of 2 meet no tap.',
    ]);
  });

  it('cover both axes of a layer, in either layout', () => {
    const nhwc = conv2dTransposeArithmetic({
      xShape: [2, 4, 5, 6],
      filterShape: [3, 4, 5, 6],
      strides: [2, 3],
      pad: 'same',
    });
    expect(nhwc.outputShape).toEqual([2, 8, 15, 5]);
    expect(nhwc.height.possibleOutSizes).toEqual({ smallest: 7, largest: 8 });
    expect(nhwc.width.phases.map(({ taps }) => taps.map(({ tap }) => tap))).toEqual([[0, 3], [1], [2]]);
    const nchw = conv2dTransposeArithmetic({
      xShape: [2, 6, 4, 5],
      filterShape: [3, 4, 5, 6],
      strides: [2, 3],
      pad: 'same',
      dataFormat: 'NCHW',
    });
    expect(nchw).toEqual(nhwc);
  });

  it('freeze the geometry, and keep it in integers', () => {
    const geometry = computeGeometry({
      xShape: [1, 4, 4, 2],
      filterShape: [3, 3, 3, 2],
      strides: 2,
      pad: 1,
      groups: 2,
    });
    expect(Object.isFrozen(geometry)).toBe(true);
    expect(Object.values(geometry).every(Number.isInteger)).toBe(true);
    expect(geometry.outChannels).toBe(6);
  });
});

describe('the geometry of a stock convolution', () => {
  const pads = fc.oneof(
    fc.constantFrom<Pad>('same', 'valid'),
    small(0, 3),
    fc.tuple(small(0, 3), small(0, 3), small(0, 3), small(0, 3)).map((sides) => explicitPad({ pads: sides })),
  );
  const pairs = (max: number): fc.Arbitrary<[number, number]> => fc.tuple(small(1, max), small(1, max));
  const alongAxis = fc.record({ k: small(1, 4), s: small(1, 4), d: small(1, 3) });
  const convolutions = fc
    .record({
      size: pairs(12),
      axes: fc.tuple(alongAxis, alongAxis),
      pad: pads,
      mode: fc.constantFrom<DimRoundingMode | undefined>(undefined, 'floor', 'round', 'ceil'),
      channels: pairs(3),
      batch: small(1, 2),
    })
    .map(({ size, axes: [vertical, other], pad, channels, batch, mode }) => {
      // With a pad of one number tfjs takes the kernel and stride of the height for those of the width.
      const horizontal = typeof pad === 'number' ? vertical : other;
      return {
        xShape: [batch, ...size, channels[0]] as Shape4D,
        filterShape: [vertical.k, horizontal.k, ...channels] as Shape4D,
        strides: [vertical.s, horizontal.s] as [number, number],
        dilations: [vertical.d, horizontal.d] as [number, number],
        pad,
        dimRoundingMode: typeof pad === 'string' ? undefined : mode,
      };
    });

  it('is that of the transposed layer from its output back to its input', () => {
    let compared = 0;
    fc.assert(
      fc.property(convolutions, (convolution) => {
        const { xShape, filterShape, strides, pad, dilations, dimRoundingMode } = convolution;
        const { computeConv2DInfo } = tf.backend_util;
        const { outShape } = computeConv2DInfo(xShape, filterShape, strides, dilations, pad, dimRoundingMode);
        if (Math.min(...outShape) < 1) return;
        compared++;
        const transposed = { xShape: outShape, filterShape, strides, pad, dilations, dimRoundingMode };
        expect(geometryOfConvolution(convolution)).toEqual(computeGeometry({ ...transposed, outputShape: xShape }));
      }),
      { seed: SEED, numRuns: 2000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });

  it('satisfies the identity of an axis', () => {
    fc.assert(
      fc.property(convolutions, (convolution) => {
        const geometry = geometryOfConvolution(convolution);
        if (Math.min(geometry.inHeight, geometry.inWidth) < 1) return;
        for (const axis of [heightAxis(geometry), widthAxis(geometry)]) {
          const { inSize, outSize, stride, kernel, dilation, padBegin, padEnd, outputPadding } = axis;
          const full = stride * (inSize - 1) + dilation * (kernel - 1) + 1;
          expect(outSize).toBe(full + outputPadding - padBegin - padEnd);
        }
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});
