// SPDX-License-Identifier: Apache-2.0
/**
 * Matmul: multiply the matrix of input pixels [batch·inHeight·inWidth, inChannels] by the filter as a matrix
 * [inChannels, filterHeight·filterWidth·outChannels], which gives every pixel's whole footprint; then col2im adds the footprints up
 * where they overlap. (The adjoint of im2col followed by a matrix product: Chellapilla, Puri and Simard, 2006.)
 *
 * Scratch: the footprints of a tile of input pixels, as many as `SCRATCH_FLOATS` holds, never less than one.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import type { Block, Workspace } from './engine';
import { type Group, filterTap, groupsOf } from './layout';

const SCRATCH_FLOATS = 1 << 20;

export function matmul(
  g: Conv2DTransposeGeometry,
  workspace: Workspace,
  xValues: Float32Array,
  filterValues: Float32Array,
): Block {
  const x = workspace.input(xValues);
  const filter = workspace.input(filterValues);
  const y = workspace.result(util.sizeFromShape(yShapeOf(g)));
  const allPixels = g.batch * g.inHeight * g.inWidth;
  const footprint = (g.filterHeight * g.filterWidth * g.outChannels) / g.groups;
  const tile = Math.max(1, Math.min(allPixels, Math.floor(SCRATCH_FLOATS / footprint)));
  const columns = workspace.scratch(tile * footprint);
  for (let first = 0; first < allPixels; first += tile) {
    const count = Math.min(tile, allPixels - first);
    for (const group of groupsOf(g)) {
      workspace.dotProducts({
        grid: { batch: 1, rows: 1, cols: count },
        a: { data: x, offset: first * g.inChannels + group.inChannel, batch: 0, row: 0, col: g.inChannels },
        aTaps: [0],
        filter,
        filterTaps: [filterTap(g, 0, 0, group)],
        filterRow: g.inChannels,
        depth: group.inDepth,
        channels: footprint,
        out: { data: columns, offset: 0, batch: 0, row: 0, col: footprint },
        accumulate: false,
      });
      col2im(g, group, columns.values, first, count, y.values);
    }
  }
  return y;
}

/** Adds the footprints of input pixels `first` … `first + count − 1` into y. */
function col2im(
  g: Conv2DTransposeGeometry,
  { outDepth, outChannel }: Group,
  columns: Float32Array,
  first: number,
  count: number,
  y: Float32Array,
): void {
  let from = 0;
  for (let pixel = first; pixel < first + count; pixel++) {
    const b = Math.floor(pixel / (g.inHeight * g.inWidth));
    const top = (Math.floor(pixel / g.inWidth) % g.inHeight) * g.strideHeight - g.padTop;
    const left = (pixel % g.inWidth) * g.strideWidth - g.padLeft;
    for (let tapRow = 0; tapRow < g.filterHeight; tapRow++) {
      const row = top + tapRow * g.dilationHeight;
      for (let tapCol = 0; tapCol < g.filterWidth; tapCol++, from += outDepth) {
        const col = left + tapCol * g.dilationWidth;
        if (row < 0 || row >= g.outHeight || col < 0 || col >= g.outWidth) continue;
        const to = ((b * g.outHeight + row) * g.outWidth + col) * g.outChannels + outChannel;
        for (let c = 0; c < outDepth; c++) y[to + c] += columns[from + c];
      }
    }
  }
}
