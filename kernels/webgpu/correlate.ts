// SPDX-License-Identifier: Apache-2.0
/** What a dense correlation is asked for, its plan, and its run (programs/correlation, programs/direct). */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Unsupported, unsupported } from '../../src/contract';
import type { Axis } from '../../src/geometry/axis';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { tapSpacing } from '../../src/geometry/phases';
import { type Device, tooMany } from './device';
import { toFewChannels } from './few_channels';
import { addUp, cut } from './parts';
import { correlationSource } from './programs/correlation';
import { type LaneKind, laneCorrelationSource } from './programs/lane_correlation';
import { CORRELATION_TILES, laneTiling } from './programs/lanes';
import type { CorrelationKind, CorrelationTile } from './programs/correlation_kind';
import { directSource } from './programs/direct';
import { type Fused, NOT_FUSED, finishedBy } from './programs/fused';
import { LARGEST_DIVIDEND, type ProgramSource, WORKGROUP, lanesOf } from './programs/program';
import { type MetTaps, tapUniforms } from './programs/taps';
import { cheapest, fillsTiles, runOf, tileCols, tileRows } from './programs/tile';
import type { Scope } from './scope';

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
  readonly taps: MetTaps;
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
  /** Of each sum (./parts). Default: 1. */
  readonly parts?: number;
  readonly uniforms: Readonly<Record<string, number>>;
}

/** What each forward variant asks for in any case: read x with the filter as it is. */
export function forwardRequest(
  g: Conv2DTransposeGeometry,
): Omit<CorrelationRequest, 'rows' | 'cols' | 'taps' | 'out' | 'adds'> {
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
const TILES: readonly CorrelationTile[] = [
  { across: 8, rows: 8, quads: 4 },
  { across: 8, rows: 4, quads: 4 },
  { across: 8, rows: 2, quads: 4 },
  { across: 4, rows: 8, quads: 4 },
  { across: 4, rows: 4, quads: 4 },
  { across: 4, rows: 2, quads: 4 },
  { across: 1, rows: 4, quads: 2 },
  { across: 1, rows: 1, quads: 4 },
];

/** Terms that a program may take at once. */
const MOST_OF_CHUNK = Math.max(...TILES.map(({ quads }) => 4 * quads));

/**
 * A part of fewer terms costs more to add up than it saves: its 8 bytes for each element are a third of what its tile
 * reads, and the step that adds up waits for the last part.
 */
const FEWEST_TERMS = 128;

export function planCorrelation(request: CorrelationRequest, device: Device): Correlation | Unsupported {
  const { batch, rows, cols, groups, channels, depth, order, filterChannels, taps, out } = request;
  const pixels = batch * rows * cols;
  const imageChannels = groups * depth;
  const phased = 'phasesOf' in taps;
  const [phaseRows, phaseCols] = phased ? [taps.phasesOf.strideHeight, taps.phasesOf.strideWidth] : [1, 1];
  const phases = phaseRows * phaseCols;
  const adds = request.adds ?? false;
  const integers = {
    ...tapUniforms(taps),
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
  };
  if (!fillsTiles(groups, channels, depth)) {
    const { source, workgroups, colTiles } = byRuns({ order, phased, adds }, phases, request, device);
    return tooMany(device, workgroups) ?? { source, workgroups, uniforms: { ...integers, colTiles } };
  }
  const together = device.tilesBy !== 'a workgroup' ? toFewChannels(request, integers) : undefined;
  if (together) return tooMany(device, together.workgroups) ?? together;
  const kind = {
    order,
    phased,
    adds,
    image: lanesOf(depth),
    filter: order === 'forward' ? lanesOf(depth) : lanesOf(channels),
    result: lanesOf(channels),
  };
  const products = phases * groups;
  const terms = filterSize(request) / channels / phases;
  const { source, rowTiles, colTiles, parts, workgroups } =
    device.tilesBy !== 'a workgroup'
      ? byLanes(
          { ...kind, byTap: depth % 4 === 0 || depth >= ENOUGH_OF_TAP },
          pixels,
          channels,
          terms,
          products,
          device,
        )
      : byTiles(kind, pixels, products, request, device);
  const mostTerms = filterSize(request) / channels + MOST_OF_CHUNK;
  if (mostTerms > LARGEST_DIVIDEND)
    return unsupported(
      `a sum of ${mostTerms} terms is longer than the ${LARGEST_DIVIDEND} that it can count; take a smaller filter, ` +
        'fewer channels or more groups',
    );
  const uniforms = { ...integers, pixelTiles: rowTiles, channelTiles: colTiles, parts: parts ?? 1 };
  return tooMany(device, workgroups) ?? { source, workgroups, parts, uniforms };
}

/** Pixels of a row that an invocation computes without a tile. */
const IN_A_ROW = [8, 4] as const;
/** Invocations that keep a device busy. */
const ENOUGH = { simulated: 2 ** 8, real: 2 ** 15 };

/** For groups of few channels: runs of pixels, of a channel or of four. */
function byRuns(
  kind: Pick<CorrelationKind, 'order' | 'phased' | 'adds'>,
  phases: number,
  { batch, rows, cols, groups, channels, depth }: CorrelationRequest,
  { tilesBy }: Device,
): Pick<Correlation, 'source' | 'workgroups'> & { readonly colTiles: number } {
  const depthwise = channels === 1 && depth === 1 && groups % 4 === 0;
  const ofAColumn = phases * batch * rows * (depthwise ? groups / 4 : groups * channels);
  const enough = tilesBy === 'a workgroup' ? ENOUGH.real : ENOUGH.simulated;
  const possible = IN_A_ROW.filter((pixels) => ofAColumn * cols >= enough * pixels);
  const pixels = runOf(possible, cols) ?? 1;
  const colTiles = Math.ceil(cols / pixels);
  const workgroups = Math.ceil((ofAColumn * colTiles) / WORKGROUP);
  return { source: directSource({ ...kind, pixels, depthwise }), workgroups, colTiles };
}

/** A program, and how many tiles of pixels × channels it takes. */
interface Tiled {
  readonly source: ProgramSource;
  readonly rowTiles: number;
  readonly colTiles: number;
  readonly parts?: number;
  readonly workgroups: number;
}

function byTiles(
  kind: Omit<CorrelationKind, 'tile'>,
  pixels: number,
  products: number,
  request: CorrelationRequest,
  device: Device,
): Tiled {
  const { batch, groups, channels, out } = request;
  const tile = cheapest(TILES, pixels, channels);
  const [rowTiles, colTiles] = [Math.ceil(pixels / tileRows(tile)), Math.ceil(channels / tileCols(tile))];
  const ofPart = rowTiles * colTiles * products;
  const terms = longestSum(request);
  const floats = batch * out.height * out.width * groups * channels;
  // What is added to is read as well: its parts would have to be.
  const mostParts = kind.adds ? 1 : Math.floor(terms / FEWEST_TERMS);
  const { parts } = cut(device, { terms, chunk: 4 * tile.quads, workgroups: ofPart, floats, mostParts });
  return { source: correlationSource({ ...kind, tile }), rowTiles, colTiles, parts, workgroups: ofPart * parts };
}

/** Terms of a tap whose last four are worth zeros. */
const ENOUGH_OF_TAP = 7;

function byLanes(
  kind: Omit<LaneKind, 'tile'>,
  pixels: number,
  channels: number,
  terms: number,
  products: number,
  device: Device,
): Tiled {
  const swaps = device.tilesBy === 'four invocations' && kind.byTap;
  const { tile, ...tiling } = laneTiling(pixels, channels, terms, products, swaps, CORRELATION_TILES);
  return { source: laneCorrelationSource({ ...kind, tile }), ...tiling };
}

function filterSize({ taps, channels, depth }: CorrelationRequest): number {
  const count =
    'phasesOf' in taps ? taps.phasesOf.filterHeight * taps.phasesOf.filterWidth : taps.rows.count * taps.cols.count;
  return count * channels * depth;
}

/** Terms of a sum of the phase that meets most taps. */
function longestSum({ taps, depth }: CorrelationRequest): number {
  if (!('phasesOf' in taps)) return taps.rows.count * taps.cols.count * depth;
  const most = (axis: Axis): number => Math.ceil(axis.kernel / tapSpacing(axis).step);
  return most(heightAxis(taps.phasesOf)) * most(widthAxis(taps.phasesOf)) * depth;
}

/** Runs a correlation into `output`. */
export function correlate(
  scope: Scope,
  { source, workgroups, parts = 1, uniforms }: Correlation,
  image: TensorInfo,
  weights: TensorInfo,
  output: TensorInfo,
  fused: Fused = NOT_FUSED,
): void {
  const inParts = parts > 1;
  const finish = inParts ? NOT_FUSED : fused;
  const sums = inParts ? scope.buffer([parts, util.sizeFromShape(output.shape)]) : output;
  scope.run({
    source: finishedBy(finish, source),
    workgroups,
    inputs: { image, weights, ...finish.tensors },
    uniforms: { ...uniforms, ...finish.uniforms },
    output: sums,
  });
  if (inParts) addUp(scope, sums, output, uniforms.outChannels, fused);
}
