// SPDX-License-Identifier: Apache-2.0
/**
 * Small groups of channels, all of them at once: a product over vectors of 4 channels has little to do in a single
 * one.
 *
 * Where each channel of y has few products, the channels of x are spread out so that each meets one channel of y. All
 * groups together are a depthwise layer then (p: pixels, t: taps, g: groups):
 *
 *     spread x        xs[p, k, g·outDepth + n]  =  x[p, g·inDepth + k]
 *     spread filter   ws[t, k, g·outDepth + n]  =  filter[t, n, g·inDepth + k]
 *     y[p, c]  =  Σ_t Σ_k xs[p, t, k, c] · ws[t, k, c]
 *
 * With 2 groups of 1 channel in, 2 out, x = [a b] becomes [a a b b]; with 2 groups of 2 in, 1 out, [a b c d] becomes
 * [a c] [b d]. The gradients of xs and ws are gathered back in the same way. All of that happens on the side of x,
 * which has the fewer pixels.
 *
 * In larger groups only the filter is spread, and for the forward pass alone: a channel of x is broadcast to those of
 * y.
 */
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { Block, Operand, PixelMove, Step } from '../engine/engine';
import type { Image } from './layout';

/** Multiply-adds of a pixel and tap, for a group, up to which x is spread. */
const MOST_PRODUCTS = 4;
/** Channels of a group, in or out, up to which groups are computed together. */
const MOST_CHANNELS = 8;
/** Channels of y from which on vectors are full. */
const LEAST_CHANNELS = 8;
/** Floats of scratch memory: 12 MB. */
const MOST_FLOATS = 3 << 20;

/** How a geometry is spread. In scratch memory the spread filter lies first, the spread x behind it. */
export interface Spread {
  /** Channels of x of a group: so many planes has a pixel of the spread x, and a tap of the spread filter. */
  readonly planes: number;
  /** Floats of a tap of the spread filter; of a pixel of the spread x as well. */
  readonly channels: number;
  /** The images of the spread x, and where they begin; undefined if x is not spread. */
  readonly image?: Image;
  readonly xFirst: number;
  /** Floats of scratch memory. */
  readonly floats: number;
}

/** `undefined` where groups are better off by themselves. */
export function spreadOf(g: Conv2DTransposeGeometry): Spread | undefined {
  const { inDepth, outDepth } = depthsOf(g);
  if (g.groups === 1 || inDepth * outDepth === 1 || g.outChannels < LEAST_CHANNELS) return undefined;
  const [planes, channels] = [inDepth, inDepth * g.outChannels];
  const xFirst = tapsIn(g) * channels;
  const floats = xFirst + pixelsOfX(g) * channels;
  const isSmall = Math.min(inDepth, outDepth) === 1 || inDepth * outDepth <= MOST_PRODUCTS;
  if (isSmall && floats <= MOST_FLOATS)
    return { planes, channels, image: { height: g.inHeight, width: g.inWidth, channels }, xFirst, floats };
  if (Math.max(inDepth, outDepth) > MOST_CHANNELS || xFirst > MOST_FLOATS) return undefined;
  return { planes, channels, xFirst, floats: xFirst };
}

export function spreadX(g: Conv2DTransposeGeometry, { xFirst }: Spread): Step[] {
  return moves('copyPixels', g, pixelsOfX(g), xOrder(g), spreadOrder(g, xFirst));
}

export function spreadFilter(g: Conv2DTransposeGeometry): Step[] {
  return moves('copyPixels', g, tapsIn(g), filterOrder(g, 'second'), spreadOrder(g, 0));
}

/** Adds up the gradient of the spread x, of which several channels have been one of x. */
export function gatherX(g: Conv2DTransposeGeometry, { xFirst }: Spread): Step[] {
  return moves('addPixels', g, pixelsOfX(g), spreadOrder(g, xFirst), { ...xOrder(g), block: 'out' });
}

export function gatherFilter(g: Conv2DTransposeGeometry): Step[] {
  return moves('copyPixels', g, tapsIn(g), spreadOrder(g, 0), filterOrder(g, 'out'));
}

/** In which order floats lie: how far apart they are in each of these. Pixels of a filter are its taps. */
interface Order {
  readonly block: Block;
  readonly first: number;
  readonly pixel: number;
  readonly plane: number;
  readonly group: number;
  readonly n: number;
}

function spreadOrder(g: Conv2DTransposeGeometry, first: number): Order {
  const { inDepth, outDepth } = depthsOf(g);
  const plane = g.outChannels;
  return { block: 'scratch', first, pixel: inDepth * plane, plane, group: outDepth, n: 1 };
}

function xOrder(g: Conv2DTransposeGeometry): Order {
  return { block: 'first', first: 0, pixel: g.inChannels, plane: 1, group: depthsOf(g).inDepth, n: 0 };
}

function filterOrder(g: Conv2DTransposeGeometry, block: Block): Order {
  const { inDepth, outDepth } = depthsOf(g);
  return { block, first: 0, pixel: outDepth * g.inChannels, plane: 1, group: inDepth, n: g.inChannels };
}

/** Moves all floats from one order to another, those of all groups one after another. */
function moves(kind: PixelMove['kind'], g: Conv2DTransposeGeometry, pixels: number, from: Order, to: Order): Step[] {
  const { inDepth, outDepth } = depthsOf(g);
  const grid = { batch: pixels, rows: 1, cols: g.groups };
  return Array.from({ length: inDepth * outDepth }, (_, at): Step => {
    const [plane, n] = [Math.floor(at / outDepth), at % outDepth];
    return { kind, grid, from: groupsIn(from, plane, n), to: groupsIn(to, plane, n), channels: 1 };
  });
}

/** A float of every group and pixel: a pixel is an image of one row, a group a column. */
function groupsIn({ block, first, ...step }: Order, plane: number, n: number): Operand {
  const at = first + plane * step.plane + n * step.n;
  return { block, first: at, channels: 1, batch: step.pixel, row: 0, col: step.group };
}

function depthsOf(g: Conv2DTransposeGeometry): { inDepth: number; outDepth: number } {
  return { inDepth: g.inChannels / g.groups, outDepth: g.outChannels / g.groups };
}

function pixelsOfX(g: Conv2DTransposeGeometry): number {
  return g.batch * g.inHeight * g.inWidth;
}

function tapsIn(g: Conv2DTransposeGeometry): number {
  return g.filterHeight * g.filterWidth;
}
