// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: a matrix product over pixels, split into parts of them
 * (programs/filter_gradient) whose sums a tree adds up (./parts).
 */
import { util } from '@tensorflow/tfjs-core';
import { type Conv2DTransposeGeometry, filterShapeOf } from '../../src/geometry/geometry';
import { type Device, tooMany } from './device';
import { webgpuKernel } from './kernel';
import { directFilterGradientSource } from './programs/direct_filter_gradient';
import { filterGradientSource } from './programs/filter_gradient';
import { LANES, laneTiling } from './programs/lanes';
import { laneFilterGradientSource } from './programs/lane_filter_gradient';
import { addUp, cut } from './parts';
import { uniformsOf } from './programs/geometry_integers';
import { type ProgramSource, WORKGROUP, lanesOf } from './programs/program';
import { type Tile, cheapest, fillsTiles, tileCols, tileRows } from './programs/tile';

/** Workgroups that keep the cores of a machine busy that simulates a GPU. */
const ENOUGH_FOR_CORES = 4;
/** A part of fewer pixels costs more to add up than to compute. */
const FEWEST_PIXELS = 64;

/** Tiles, the largest first. */
const TILES: readonly Tile[] = [
  { across: 8, rows: 8 },
  { across: 16, rows: 8 },
  { across: 8, rows: 4 },
  { across: 4, rows: 8 },
  { across: 2, rows: 4 },
  { across: 16, rows: 4 },
];

export const backpropFilter = webgpuKernel({
  plan: (g, device) => {
    const pixels = g.batch * g.inHeight * g.inWidth;
    const floats = util.sizeFromShape(filterShapeOf(g));
    const { source, workgroups: ofPart, enough, uniforms } = productOf(g, device, pixels);
    const mostParts = Math.ceil(pixels / FEWEST_PIXELS);
    const { parts, termsOfPart: pixelsOfPart } = cut(device, {
      ...{ terms: pixels, workgroups: ofPart, floats, mostParts, enough },
    });
    const workgroups = Math.ceil(ofPart * parts);
    const plan = { source, workgroups, parts, floats, channels: g.inChannels };
    return tooMany(device, workgroups) ?? { ...plan, uniforms: { ...uniforms, pixelsOfPart, parts } };
  },
  run: (scope, { source, workgroups, parts, floats, channels, uniforms }, x, dy, output) => {
    const sums = parts === 1 ? output : scope.buffer([parts, floats]);
    scope.run({ source, workgroups, inputs: { x, dy }, uniforms, output: sums });
    if (parts > 1) addUp(scope, sums, output, channels);
  },
});

/** The program of a part. */
interface Product {
  readonly source: ProgramSource;
  /** Workgroups of a part: a fraction, where parts share one. */
  readonly workgroups: number;
  /** As many as are worth more parts. Default: ./parts. */
  readonly enough?: number;
  readonly uniforms: Record<string, number>;
}

function productOf(g: Conv2DTransposeGeometry, device: Device, pixels: number): Product {
  const [rows, cols] = [(g.filterHeight * g.filterWidth * g.outChannels) / g.groups, g.inChannels / g.groups];
  const integers = uniformsOf(g);
  const groupRows = g.outChannels / g.groups;
  if (!fillsTiles(g.groups, groupRows, cols)) {
    const depthwise = groupRows === 1 && cols === 1 && g.groups % 4 === 0;
    const elements = (rows * g.inChannels) / (depthwise ? 4 : 1);
    const source = directFilterGradientSource(depthwise);
    return { source, workgroups: elements / WORKGROUP, uniforms: integers };
  }
  const lanes = { dy: lanesOf(groupRows), x: lanesOf(cols) };
  if (device.tilesBy !== 'a workgroup') {
    const { tile, rowTiles, colTiles } = laneTiling(
      rows,
      cols,
      pixels,
      g.groups,
      device.tilesBy === 'four invocations',
    );
    return {
      source: laneFilterGradientSource({ ...lanes, tile }),
      workgroups: (rowTiles * colTiles * g.groups) / LANES,
      enough: ENOUGH_FOR_CORES,
      uniforms: { ...integers, rowTiles, colTiles },
    };
  }
  const tile = cheapest(TILES, rows, cols);
  const [rowTiles, colTiles] = [Math.ceil(rows / tileRows(tile)), Math.ceil(cols / tileCols(tile))];
  return {
    source: filterGradientSource({ ...lanes, tile }),
    workgroups: rowTiles * colTiles * g.groups,
    uniforms: { ...integers, rowTiles, colTiles },
  };
}
