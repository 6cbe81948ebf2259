// SPDX-License-Identifier: Apache-2.0
/** How a correlation's terms come into the memory of a workgroup, chunk by chunk (./correlation draws the layouts). */
import { type CorrelationKind, type CorrelationTile, pixelDigits } from './correlation_kind';
import { type Lanes, WORKGROUP, each, range, readIf, shifted, takenApart, within } from './program';
import { tileCols, tileRows } from './tile';

/** Elements of the image and taps of the filter. */
export const ADDRESSES = `
fn imageAt(image: i32, row: i32, col: i32) -> i32 {
  return ((image * uniforms.imageHeight + row) * uniforms.imageWidth + col) * uniforms.imageChannels;
}
fn tapAt(rows: Taps, row: i32, cols: Taps, col: i32) -> i32 {
  return (rows.tap + row * rows.tapStep) * uniforms.filterCols + cols.tap + col * cols.tapStep;
}`;

/** The pixels whose terms an invocation loads. */
function pixelSlots(tile: CorrelationTile): number[] {
  return range((tileRows(tile) * tile.quads) / WORKGROUP);
}

/** Where pixel `pixel` reads without a tap; far outside if there is no such pixel. */
export function placeOfPixel(n: number, pixel: string): string {
  return `  let pixel${n} = ${pixel};
${takenApart(`pixel${n}`, pixelDigits(`${n}`), `image${n}`)}
  let row${n} = select(-0x10000000, r${n} * uniforms.stepRows + rowTaps.offset, pixel${n} < pixelCount);
  let col${n} = c${n} * uniforms.stepCols + colTaps.offset;`;
}

/** Those whose terms an invocation loads. */
export function placesOfPixels(tile: CorrelationTile): string {
  return each(pixelSlots(tile), (n) =>
    placeOfPixel(n, `pixelTile * ROWS + lineOfTerms + ${(n * WORKGROUP) / tile.quads}`),
  );
}

/** `term` → tapRow, tapCol (counted within the phase), depth. */
export function decodeTerm(term: string, suffix: string): string {
  return `let tap${suffix} = smallQuotient(${term}, uniforms.depth);
      let depth${suffix} = ${term} - tap${suffix} * uniforms.depth;
      let tapRow${suffix} = smallQuotient(tap${suffix}, max(colTaps.count, 1));
      let tapCol${suffix} = tap${suffix} - tapRow${suffix} * colTaps.count;`;
}

/** Decodes `term` and the three after it: as one where four terms of a buffer lie together. */
export function decodeTerms(lanes: Lanes): string {
  return lanes === 4 ? decodeTerm('term', '') : each(range(4), (n) => decodeTerm(`(term + ${n})`, `${n}`));
}

/** `var value`: the four terms from `term` on of pixel n (placeOfPixel, decodeTerms). */
export function imageTerms(n: number, image: Lanes): string {
  const read = (suffix: string, to: string, term: string): string => {
    const element = `imageAt(image${n}, row, col) + firstDepth + depth${suffix}`;
    return `      {
        let row = row${n} + tapRow${suffix} * rowTaps.offsetStep;
        let col = col${n} + tapCol${suffix} * colTaps.offsetStep;
        let inside = (${term} < terms)
          & ${within('row', 'uniforms.imageHeight')} & ${within('col', 'uniforms.imageWidth')};
        ${to} = ${readIf('inside', 'image', image === 4 ? `(${element}) >> 2u` : element, image)};
      }`;
  };
  return `      var value: vec4<f32>;
${
  image === 4
    ? read('', 'value', 'term')
    : each(range(4), (lane) => read(`${lane}`, `value.${'xyzw'[lane]}`, `term + ${lane}`))
}`;
}

export function loadImage({ tile, image }: CorrelationKind): string {
  return `    {
      let term = first + 4 * quad;
      ${decodeTerms(image)}
${each(
  pixelSlots(tile),
  (n) => `      {
${imageTerms(n, image)}
      imageTerms[(lineOfTerms + ${(n * WORKGROUP) / tile.quads}) * LINE + quad] = value;
      }`,
)}
    }`;
}

/** `var value`: of channel `channel`, the four terms from `term` on, which lie together; 0 unless `counts`. */
export function filterByTerms(filter: Lanes): string {
  const element = (suffix: string): string =>
    `(tapAt(rowTaps, tapRow${suffix}, colTaps, tapCol${suffix}) * uniforms.channels + channel) * uniforms.filterChannels
      + firstDepth + depth${suffix}`;
  return `        var value: vec4<f32>;
${
  filter === 4
    ? `        value = ${readIf('counts & (term < terms)', 'weights', `(${element('')}) >> 2u`, 4)};`
    : each(
        range(4),
        (k) =>
          `        value.${'xyzw'[k]} = ${readIf(`counts & (term + ${k} < terms)`, 'weights', element(`${k}`), 1)};`,
      )
}`;
}

/** `var value`: of term `term`, the four channels from `channel` on, which lie together; 0 unless `counts`. */
export function filterByChannels(filter: Lanes): string {
  const element = `(tapAt(rowTaps, tapRow, colTaps, tapCol) * uniforms.depth + depth) * uniforms.filterChannels
      + group * uniforms.channels + channel`;
  const inTile = (channel: string): string => `counts & (${channel} < uniforms.channels)`;
  return `      ${decodeTerm('term', '')}
      var value: vec4<f32>;
${
  filter === 4
    ? `      value = ${readIf(inTile('channel'), 'weights', `(${element}) >> 2u`, 4)};`
    : each(
        range(4),
        (k) => `      value.${'xyzw'[k]} = ${readIf(inTile(`channel + ${k}`), 'weights', `${element} + ${k}`, 1)};`,
      )
}`;
}

export function loadFilterByTerms({ tile, filter }: CorrelationKind): string {
  const items = tileCols(tile) * tile.quads;
  return `    {
      let term = first + 4 * quad;
      ${decodeTerms(filter)}
${each(
  range(Math.ceil(items / WORKGROUP)),
  (n) => `      {
        let item = lineOfTerms + ${(n * WORKGROUP) / tile.quads};
        let channel = firstChannel + item;
        let counts = ${items < WORKGROUP ? '(item < CHANNELS) & ' : ''}(channel < uniforms.channels);
${filterByTerms(filter)}
        ${items < WORKGROUP ? 'if (item < CHANNELS) {' : '{'} filterTerms[item * LINE + quad] = value; }
      }`,
)}
    }`;
}

export function loadFilterByChannels({ tile, filter }: CorrelationKind): string {
  const items = 4 * tile.quads * tile.across;
  return each(
    range(Math.ceil(items / WORKGROUP)),
    (n) => `    {
      let item = thread + ${n * WORKGROUP};
      let line = ${shifted('item', tile.across)};
      let channel = firstChannel + 4 * (item & ${tile.across - 1});
      let term = first + line;
      let counts = term < terms;
${filterByChannels(filter)}
      ${items % WORKGROUP === 0 ? '{' : `if (item < ${items}) {`} filterTerms[item] = value; }
    }`,
  );
}
