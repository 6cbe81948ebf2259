// SPDX-License-Identifier: Apache-2.0
/** How a correlation's terms come into the memory of a workgroup, chunk by chunk (./correlation draws the layouts). */
import { type CorrelationKind, type CorrelationTile, pixelDigits } from './correlation_kind';
import { WORKGROUP, each, range, readIf, shifted, takenApart, within } from './program';
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

/** Where each of them reads without a tap; far outside if there is no such pixel. */
export function placesOfPixels(tile: CorrelationTile): string {
  return each(
    pixelSlots(tile),
    (n) => `  let pixel${n} = pixelTile * ROWS + lineOfTerms + ${(n * WORKGROUP) / tile.quads};
${takenApart(`pixel${n}`, pixelDigits(`${n}`), `image${n}`)}
  let row${n} = select(-0x10000000, r${n} * uniforms.stepRows + rowTaps.offset, pixel${n} < pixelCount);
  let col${n} = c${n} * uniforms.stepCols + colTaps.offset;`,
  );
}

/** `term` → tapRow, tapCol (counted within the phase), depth. */
function decodeTerm(term: string, suffix: string): string {
  return `let tap${suffix} = smallQuotient(${term}, uniforms.depth);
      let depth${suffix} = ${term} - tap${suffix} * uniforms.depth;
      let tapRow${suffix} = smallQuotient(tap${suffix}, max(colTaps.count, 1));
      let tapCol${suffix} = tap${suffix} - tapRow${suffix} * colTaps.count;`;
}

export function loadImage({ tile, image }: CorrelationKind): string {
  const lane = (n: number, lane: number | undefined): string => {
    const suffix = lane === undefined ? '' : `${lane}`;
    const to = lane === undefined ? 'value' : `value.${'xyzw'[lane]}`;
    const term = lane === undefined ? 'term' : `term + ${lane}`;
    const element = `imageAt(image${n}, row, col) + firstDepth + depth${suffix}`;
    const at = lane === undefined ? `(${element}) >> 2u` : element;
    return `      {
        let row = row${n} + tapRow${suffix} * rowTaps.offsetStep;
        let col = col${n} + tapCol${suffix} * colTaps.offsetStep;
        let inside = (${term} < terms)
          & ${within('row', 'uniforms.imageHeight')} & ${within('col', 'uniforms.imageWidth')};
        ${to} = ${readIf('inside', 'image', at, lane === undefined ? 4 : 1)};
      }`;
  };
  const lanes = image === 4 ? [undefined] : [0, 1, 2, 3];
  return `    {
      let term = first + 4 * quad;
      ${each(lanes, (of) => (of === undefined ? decodeTerm('term', '') : decodeTerm(`(term + ${of})`, `${of}`)))}
${each(
  pixelSlots(tile),
  (n) => `      {
      var value: vec4<f32>;
${each(lanes, (of) => lane(n, of))}
      imageTerms[(lineOfTerms + ${(n * WORKGROUP) / tile.quads}) * LINE + quad] = value;
      }`,
)}
    }`;
}

/** A quad of terms of a channel: they lie together. */
export function loadFilterByTerms({ tile, filter }: CorrelationKind): string {
  const items = tileCols(tile) * tile.quads;
  const element = (suffix: string): string =>
    `(tapAt(rowTaps, tapRow${suffix}, colTaps, tapCol${suffix}) * uniforms.channels + channel) * uniforms.filterChannels
      + firstDepth + depth${suffix}`;
  return `    {
      let term = first + 4 * quad;
      ${filter === 4 ? decodeTerm('term', '') : each(range(4), (n) => decodeTerm(`(term + ${n})`, `${n}`))}
${each(
  range(Math.ceil(items / WORKGROUP)),
  (n) => `      {
        let item = lineOfTerms + ${(n * WORKGROUP) / tile.quads};
        let channel = firstChannel + item;
        var value: vec4<f32>;
        let counts = ${items < WORKGROUP ? '(item < CHANNELS) & ' : ''}(channel < uniforms.channels);
${
  filter === 4
    ? `        value = ${readIf('counts & (term < terms)', 'weights', `(${element('')}) >> 2u`, 4)};`
    : each(
        range(4),
        (k) =>
          `        value.${'xyzw'[k]} = ${readIf(`counts & (term + ${k} < terms)`, 'weights', element(`${k}`), 1)};`,
      )
}
        ${items < WORKGROUP ? 'if (item < CHANNELS) {' : '{'} filterTerms[item * LINE + quad] = value; }
      }`,
)}
    }`;
}

/** A quad of channels of a term: they lie together. */
export function loadFilterByChannels({ tile, filter }: CorrelationKind): string {
  const items = 4 * tile.quads * tile.across;
  const element = `(tapAt(rowTaps, tapRow, colTaps, tapCol) * uniforms.depth + depth) * uniforms.filterChannels
      + group * uniforms.channels + channel`;
  const counts = (channel: string): string => `(term < terms) & (${channel} < uniforms.channels)`;
  return each(
    range(Math.ceil(items / WORKGROUP)),
    (n) => `    {
      let item = thread + ${n * WORKGROUP};
      let line = ${shifted('item', tile.across)};
      let channel = firstChannel + 4 * (item & ${tile.across - 1});
      let term = first + line;
      ${decodeTerm('term', '')}
      var value: vec4<f32>;
${
  filter === 4
    ? `      value = ${readIf(counts('channel'), 'weights', `(${element}) >> 2u`, 4)};`
    : each(
        range(4),
        (k) => `      value.${'xyzw'[k]} = ${readIf(counts(`channel + ${k}`), 'weights', `${element} + ${k}`, 1)};`,
      )
}
      ${items % WORKGROUP === 0 ? '{' : `if (item < ${items}) {`} filterTerms[item] = value; }
    }`,
  );
}
