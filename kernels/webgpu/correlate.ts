// SPDX-License-Identifier: Apache-2.0
/** What a dense correlation is asked for, its plan, and its run (programs/correlation, programs/direct). */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Unsupported, unsupported } from '../../src/contract';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import type { Axis } from '../../src/geometry/axis';
import type { Device } from './device';
import { type CorrelationKind, type Tile, correlationSource, tileChannels, tilePixels } from './programs/correlation';
import { directSource } from './programs/direct';
import { type Fused, NOT_FUSED, finishedBy } from './programs/fused';
import { LARGEST_DIVIDEND, type ProgramSource, WORKGROUP } from './programs/program';
import type { Scope } from './scope';

/**
 * Taps along one axis: tap n moves what is read by `offset + n · offsetStep`, and is tap `tap + n · tapStep` of the
 * filter.
 */
export interface Taps {
  readonly count: number;
  readonly offset: number;
  readonly offsetStep: number;
  readonly tap: number;
  readonly tapStep: number;
}

/** A single tap, which reads what lies at the pixel itself. */
export const ONE_TAP: Taps = { count: 1, offset: 0, offsetStep: 0, tap: 0, tapStep: 0 };

/** What a kernel asks of a correlation. */
export interface CorrelationRequest {
  readonly batch: number;
  /** Pixels that are computed: of each phase, if there are phases. */
  readonly rows: number;
  readonly cols: number;
  readonly groups: number;
  /** Channels of a group that are computed. */
  readonly channels: number;
  /** Terms of a sum for each tap. */
  readonly depth: number;
  readonly imageHeight: number;
  readonly imageWidth: number;
  /** What is read is around row r · stepRows and column c · stepCols for pixel (r, c). */
  readonly stepRows: number;
  readonly stepCols: number;
  /** Of the filter as it lies, [rows, filterCols, …, filterChannels]. */
  readonly filterCols: number;
  readonly filterChannels: number;
  readonly order: CorrelationKind['order'];
  /** The same taps for all pixels, or those of the phases of these axes. */
  readonly taps: { readonly rows: Taps; readonly cols: Taps } | { readonly height: Axis; readonly width: Axis };
  /** Pixel (r, c) is written to row `row + r · rowStep` and likewise. */
  readonly out: {
    readonly height: number;
    readonly width: number;
    readonly row?: number;
    readonly col?: number;
    readonly rowStep?: number;
    readonly colStep?: number;
  };
  /** Adds to what is there. */
  readonly adds?: boolean;
}

/** Everything of a correlation but its tensors. */
export interface Correlation {
  readonly source: ProgramSource;
  readonly workgroups: number;
  readonly uniforms: Readonly<Record<string, number>>;
}

/** What each forward variant asks for in any case: read x with the filter as it is. */
export function forwardRequest(
  g: Conv2DTransposeGeometry,
): Pick<
  CorrelationRequest,
  | 'batch'
  | 'groups'
  | 'channels'
  | 'depth'
  | 'imageHeight'
  | 'imageWidth'
  | 'stepRows'
  | 'stepCols'
  | 'filterCols'
  | 'filterChannels'
  | 'order'
> {
  return {
    batch: g.batch,
    groups: g.groups,
    channels: g.outChannels / g.groups,
    depth: g.inChannels / g.groups,
    imageHeight: g.inHeight,
    imageWidth: g.inWidth,
    stepRows: 1,
    stepCols: 1,
    filterCols: g.filterWidth,
    filterChannels: g.inChannels,
    order: 'forward',
  };
}

/** Tiles, the largest first. */
const TILES: readonly Tile[] = [
  { across: 8, pixels: 8, quads: 4 },
  { across: 8, pixels: 4, quads: 4 },
  { across: 8, pixels: 2, quads: 4 },
  { across: 4, pixels: 8, quads: 4 },
  { across: 4, pixels: 4, quads: 4 },
  { across: 4, pixels: 2, quads: 4 },
  { across: 1, pixels: 4, quads: 2 },
  { across: 1, pixels: 1, quads: 4 },
];

/** What a tile costs for each pixel and channel of it: fewer pixels of an invocation mean more loads. */
function costOf(tile: Tile, pixels: number, channels: number): number {
  const computed = roundUp(pixels, tilePixels(tile)) * roundUp(channels, tileChannels(tile));
  return computed * (1 + 4 / tile.pixels);
}

function roundUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit;
}

/** Where channels of a group are fewer than this, tiles would be empty for the most part. */
const FEWEST_CHANNELS = 4;

export function planCorrelation(request: CorrelationRequest, device: Device): Correlation | Unsupported {
  const { batch, rows, cols, groups, channels, depth, order, filterChannels, taps, out } = request;
  const pixels = batch * rows * cols;
  const imageChannels = groups * depth;
  const phased = 'height' in taps;
  const [phaseRows, phaseCols] = phased ? [taps.height.stride, taps.width.stride] : [1, 1];
  const phases = phaseRows * phaseCols;
  const adds = request.adds ?? false;
  const integers = {
    batch,
    rows,
    cols,
    phaseCols,
    phases,
    imageHeight: request.imageHeight,
    imageWidth: request.imageWidth,
    imageChannels,
    stepRows: request.stepRows,
    stepCols: request.stepCols,
    depth,
    filterCols: request.filterCols,
    filterChannels,
    channels,
    outHeight: out.height,
    outWidth: out.width,
    outChannels: groups * channels,
    outRow: out.row ?? 0,
    outCol: out.col ?? 0,
    outRowStep: out.rowStep ?? 1,
    outColStep: out.colStep ?? 1,
    ...(phased
      ? { ...axisUniforms('Rows', 'padTop', taps.height), ...axisUniforms('Cols', 'padLeft', taps.width) }
      : { ...tapUniforms('row', taps.rows), ...tapUniforms('col', taps.cols) }),
  };
  if (groups > 1 && (channels < FEWEST_CHANNELS || depth < FEWEST_CHANNELS)) {
    const depthwise = channels === 1 && depth === 1 && groups % 4 === 0;
    const invocations = phases * pixels * (depthwise ? groups / 4 : groups * channels);
    const workgroups = Math.ceil(invocations / WORKGROUP);
    const source = directSource({ order, phased, adds, depthwise });
    return within(device, { source, workgroups, uniforms: integers });
  }
  const byFour = (size: number): 1 | 4 => (size % 4 === 0 ? 4 : 1);
  const tile = TILES.reduce((best, other) =>
    costOf(other, pixels, channels) < costOf(best, pixels, channels) ? other : best,
  );
  const [pixelTiles, channelTiles] = [Math.ceil(pixels / tilePixels(tile)), Math.ceil(channels / tileChannels(tile))];
  const mostTerms = filterSize(request) / channels + 4 * tile.quads;
  if (mostTerms > LARGEST_DIVIDEND) return unsupported(`a sum of ${mostTerms} terms is longer than it can count`);
  const source = correlationSource({
    tile,
    order,
    phased,
    adds,
    image: byFour(depth),
    filter: order === 'forward' ? byFour(depth) : byFour(channels),
    result: byFour(channels),
  });
  const workgroups = pixelTiles * channelTiles * phases * groups;
  return within(device, { source, workgroups, uniforms: { ...integers, pixelTiles, channelTiles } });
}

function filterSize({ taps, channels, depth }: CorrelationRequest): number {
  const count = 'height' in taps ? taps.height.kernel * taps.width.kernel : taps.rows.count * taps.cols.count;
  return count * channels * depth;
}

function within({ mostWorkgroups }: Device, correlation: Correlation): Correlation | Unsupported {
  if (correlation.workgroups <= mostWorkgroups) return correlation;
  return unsupported(`it takes ${correlation.workgroups} workgroups, and this device runs ${mostWorkgroups} at most`);
}

function axisUniforms(name: 'Rows' | 'Cols', pad: string, axis: Axis): Record<string, number> {
  return {
    [`stride${name}`]: axis.stride,
    [pad]: axis.padBegin,
    [`dilation${name}`]: axis.dilation,
    [`tap${name}`]: axis.kernel,
    [`tapStep${name}`]: axis.stride / gcd(axis.stride, axis.dilation),
  };
}

function tapUniforms(name: 'row' | 'col', taps: Taps): Record<string, number> {
  return {
    [`${name}Count`]: taps.count,
    [`${name}Offset`]: taps.offset,
    [`${name}OffsetStep`]: taps.offsetStep,
    [`${name}Tap`]: taps.tap,
    [`${name}TapStep`]: taps.tapStep,
  };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Runs a correlation into `output`. */
export function correlate(
  scope: Scope,
  { source, workgroups, uniforms }: Correlation,
  image: TensorInfo,
  weights: TensorInfo,
  output: TensorInfo,
  fused: Fused = NOT_FUSED,
): void {
  scope.run({
    source: finishedBy(fused, source),
    workgroups,
    inputs: { image, weights, ...fused.tensors },
    uniforms: { ...uniforms, ...fused.uniforms },
    output,
  });
}

/** The phases of y. */
export function phasesOf(g: Conv2DTransposeGeometry): Pick<CorrelationRequest, 'rows' | 'cols' | 'taps' | 'out'> {
  return {
    rows: Math.ceil(g.outHeight / g.strideHeight),
    cols: Math.ceil(g.outWidth / g.strideWidth),
    taps: { height: heightAxis(g), width: widthAxis(g) },
    out: { height: g.outHeight, width: g.outWidth, rowStep: g.strideHeight, colStep: g.strideWidth },
  };
}
