// SPDX-License-Identifier: Apache-2.0
/**
 * A dense correlation as a matrix product: pixels × terms by terms × channels, where a term is a tap and an input
 * channel. A workgroup computes a tile of pixels × channels of one phase and group. Through its memory go, chunk by
 * chunk, the terms of its pixels (gathered: zero outside the image) and of its channels; an invocation multiplies a
 * tile of its own, `pixels` × 4 channels, in registers.
 *
 *     image terms [tile pixel][quad of terms]      filter terms [tile channel][quad of terms]   ('forward': terms
 *                                                                                        of a channel lie together)
 *                                                  or [term][quad of channels]           ('input gradient')
 *
 * The phase is one and the same across a workgroup, so no invocation waits for another's taps. Each output element is
 * written once, by one invocation; or once for each part of the terms, where these are cut into several (../parts):
 *
 *     result [part][image][row][column][channel]
 */
import type { CorrelationKind } from './correlation_kind';
import { takenByTiles, tileOfWork } from './correlation_work';
import { writePixel } from './correlation_result';
import { ADDRESSES, loadFilterByChannels, loadFilterByTerms, loadImage, placesOfPixels } from './correlation_terms';
import { type ProgramSource, QUOTIENT, each, range, shifted } from './program';
import { tapsCode } from './taps';
import { tileCols, tileRows } from './tile';

export function correlationSource(kind: CorrelationKind): ProgramSource {
  const { tile, order, phased, image, filter, result, adds } = kind;
  const { across, rows: pixels, quads } = tile;
  const imageOfPart = 'part * uniforms.batch + image';
  const taken = takenByTiles(kind);
  const filterQuads = order === 'forward' ? tileCols(tile) * (quads + 1) : 4 * quads * across;
  return {
    key: `correlation ${[across, pixels, quads, order, phased, image, filter, result, adds].join(' ')}`,
    ...taken,
    integers: [...taken.integers, 'parts'],
    code: () => `${QUOTIENT}${tapsCode(phased)}
const ROWS = ${tileRows(tile)};
const CHANNELS = ${tileCols(tile)};
const QUADS = ${quads};
/** One more, so that neighbours lie in other banks. */
const LINE = ${quads + 1};
var<workgroup> imageTerms: array<vec4<f32>, ${tileRows(tile) * (quads + 1)}>;
var<workgroup> filterTerms: array<vec4<f32>, ${filterQuads}>;
var<workgroup> termsOfPart: i32;
${ADDRESSES}

fn main(index: i32) {
  let thread = i32(localIndex);
${tileOfWork(4 * quads)}
  let quad = thread & (QUADS - 1);
  let lineOfTerms = ${shifted('thread', quads)};
  let ownPixels = ${shifted('thread', across)} * ${pixels};
  let ownQuad = thread & ${across - 1};
${placesOfPixels(tile)}
${each(range(pixels), (n) => `  var sum${n} = vec4<f32>(0.);`)}
  let firstChannel = channelTile * CHANNELS;
  let firstDepth = group * uniforms.depth;
  for (var chunk = 0; chunk < count; chunk += 4 * QUADS) {
    let first = begin + chunk;
${loadImage(kind)}
${order === 'forward' ? loadFilterByTerms(kind) : loadFilterByChannels(kind)}
    workgroupBarrier();
    for (var k = 0; k < QUADS; k++) {
${multiply(kind)}
    }
    workgroupBarrier();
  }
  let channel = firstChannel + 4 * ownQuad;
  if (group < groups) {
${each(range(pixels), (n) => writePixel(kind, `pixelTile * ROWS + ownPixels + ${n}`, [`sum${n}`], imageOfPart))}
  }
}`,
  };
}

/** A quad of terms: each by 4 channels, onto all pixels. */
function multiply({ tile: { across, rows: pixels }, order }: CorrelationKind): string {
  const load =
    order === 'forward'
      ? `${each(range(4), (c) => `      let of${c} = filterTerms[(4 * ownQuad + ${c}) * LINE + k];`)}
${each(
  range(4),
  (k) =>
    `      let by${k} = vec4<f32>(${range(4)
      .map((c) => `of${c}.${'xyzw'[k]}`)
      .join(', ')});`,
)}`
      : each(range(4), (k) => `      let by${k} = filterTerms[(4 * k + ${k}) * ${across} + ownQuad];`);
  return `${load}
${each(
  range(pixels),
  (n) => `      let a${n} = imageTerms[(ownPixels + ${n}) * LINE + k];
      sum${n} = sum${n} + a${n}.x * by0;
      sum${n} = sum${n} + a${n}.y * by1;
      sum${n} = sum${n} + a${n}.z * by2;
      sum${n} = sum${n} + a${n}.w * by3;`,
)}`;
}
