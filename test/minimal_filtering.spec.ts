// SPDX-License-Identifier: Apache-2.0
/** Which tiles the outputs of a geometry are made in, counted by hand on small ones. */
import { computeGeometry } from '../src';
import {
  forwardTiling,
  inputTiling,
  multiplicationsOf,
  tilesAlong,
  transformedBy,
  whyNotTiled,
} from '../src/geometry/minimal_filtering';

const square = (inSize: number, kernel: number, strides: number): ReturnType<typeof computeGeometry> =>
  computeGeometry({ xShape: [1, inSize, inSize, 8], filterShape: [kernel, kernel, 8, 8], strides, pad: 'same' });
/** The pairs of a product, its tiles, and the algorithm of its columns. */
const shapesOf = (g: ReturnType<typeof computeGeometry>): (string | number)[][] =>
  forwardTiling(g).products.map(({ rows, cols, vertical, horizontal }) => [
    rows.length * cols.length,
    tilesAlong(vertical, rows) * tilesAlong(horizontal, cols),
    `F(${vertical.outputs}, ${vertical.taps}) F(${horizontal.outputs}, ${horizontal.taps})`,
  ]);

describe('tiles of minimal filtering', () => {
  it('are shared by phases where that takes no more of them', () => {
    // 64 outputs and one before them are 65: 22 tiles of 3 either way.
    expect(shapesOf(square(64, 4, 2))).toEqual([[4, 22 * 22, 'F(3, 2) F(3, 2)']]);
    // 16 outputs are 8 tiles of 2, and 17 would be 9.
    expect(shapesOf(square(16, 4, 2))).toEqual(Array.from({ length: 4 }, () => [1, 8 * 8, 'F(2, 2) F(2, 2)']));
  });

  it('are of the nearest algorithm along each axis', () => {
    expect(shapesOf(square(32, 5, 2))).toEqual([
      [1, 16 * 16, 'F(2, 3) F(2, 3)'],
      [1, 16 * 11, 'F(2, 3) F(3, 2)'],
      [1, 11 * 16, 'F(3, 2) F(2, 3)'],
      [1, 11 * 11, 'F(3, 2) F(3, 2)'],
    ]);
    expect(shapesOf(square(32, 3, 1))).toEqual([[1, 16 * 16, 'F(2, 3) F(2, 3)']]);
  });

  it('leave out a phase of a single tap, whose multiplications are those of the definition', () => {
    const g = square(48, 3, 2);
    expect(forwardTiling(g).single.length).toBe(1);
    const multiplications = 16 * 16 * 16 + 2 * (4 * 16 * 48) + 48 * 48;
    expect(multiplicationsOf(1, forwardTiling(g), 'cells')).toBe(multiplications);
    expect(multiplicationsOf(1, inputTiling(g), 'sums')).toBe(multiplications);
    // Each of the three products has a single source.
    const transformed = multiplications - 48 * 48;
    expect(transformedBy(1, inputTiling(g))).toEqual({ pixels: transformed, sums: transformed });
  });

  it('have their sums transformed once for all sources of the gradient', () => {
    // 11 × 11 tiles of 4 × 4 values, for each of 2 × 2 sources.
    expect(transformedBy(1, inputTiling(square(32, 4, 2)))).toEqual({ pixels: 4 * 121 * 16, sums: 121 * 16 });
  });

  it('are multiplied by fours', () => {
    // 3 × 3 tiles of 16 values, which are worked on as 12.
    expect(multiplicationsOf(1, forwardTiling(square(5, 3, 1)), 'cells')).toBe(16 * 12);
  });

  it('are refused with the reason', () => {
    expect(whyNotTiled(square(8, 4, 2))).toBeUndefined();
    expect(whyNotTiled(square(8, 2, 2))).toContain('a single tap');
    expect(whyNotTiled(square(8, 4, 1))).toContain('4 × 4 taps');
    const ofGroups = (groups: number, outDepth: number): string | undefined =>
      whyNotTiled(
        computeGeometry({ xShape: [1, 8, 8, 8], filterShape: [4, 4, outDepth, 8], strides: 2, pad: 'same', groups }),
      );
    expect([ofGroups(2, 1), ofGroups(4, 2), ofGroups(8, 2)]).toEqual([undefined, undefined, undefined]);
    expect(ofGroups(8, 1)).toContain('each of the 8 channels is a group of its own');
  });
});
