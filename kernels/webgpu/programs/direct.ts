// SPDX-License-Identifier: Apache-2.0
/**
 * The correlation of programs/correlation for groups of few channels, whose tiles would be empty: an invocation sums up
 * a channel of some pixels that follow each other in a row, which share its weights and all that finds them; or, where
 * every channel is a group of its own, four neighbouring channels: then four of the image meet four of the filter, lane
 * by lane.
 */
import { CORRELATION_INTEGERS, type CorrelationKind } from './correlation_kind';
import { type ProgramSource, QUOTIENT, each, range, takenApart, within } from './program';
import { tapIntegers, tapsCode } from './taps';

export interface DirectKind extends Pick<CorrelationKind, 'order' | 'phased' | 'adds'> {
  /** Of an invocation. */
  readonly pixels: number;
  /** One channel a group, and a multiple of four of them. */
  readonly depthwise: boolean;
}

export function directSource({ pixels, order, phased, adds, depthwise }: DirectKind): ProgramSource {
  const lanes = depthwise ? 4 : 1;
  const zero = depthwise ? 'vec4<f32>(0.)' : '0.';
  const digits = [
    ['quad', 'quads'],
    ['colTile', 'uniforms.colTiles'],
    ['r', 'uniforms.rows'],
    ['n', 'uniforms.batch'],
  ] as const;
  /** What each pixel gets of an element of the filter. */
  const add = (element: string, weight: string): string => `let weight = weights[${weight}];
${each(range(pixels), (k) => `sum${k} += select(${zero}, image[at${k} + ${element}] * weight, inside${k});`)}`;
  return {
    key: `direct correlation ${[pixels, order, phased, adds, depthwise].join(' ')}`,
    inputs: [
      { name: 'image', lanes },
      { name: 'weights', lanes },
    ],
    outputLanes: lanes,
    integers: ['colTiles', ...CORRELATION_INTEGERS, ...tapIntegers(phased)],
    code: () => `${QUOTIENT}${tapsCode(phased)}
fn main(index: i32) {
  let quads = uniforms.outChannels${depthwise ? ' >> 2u' : ''};
${takenApart('index', digits, 'phase')}
  if (phase >= uniforms.phases) { return; }
  let channel = quad${depthwise ? ' << 2u' : ''};
${depthwise ? '' : takenApart('channel', [['ofGroup', 'uniforms.channels']], 'group')}
${takenApart('phase', [['phaseCol', 'uniforms.phaseCols']], 'phaseRow')}
  let outRow = uniforms.outRow + phaseRow + r * uniforms.outRowStep;
  if (outRow >= uniforms.outHeight) { return; }
  let firstCol = colTile * ${pixels};
  let rowTaps = rowTapsOf(phaseRow);
  let colTaps = colTapsOf(phaseCol);
${each(range(pixels), (k) => `  var sum${k} = ${zero};`)}
  for (var m = 0; m < rowTaps.count; m++) {
    let row = r * uniforms.stepRows + rowTaps.offset + m * rowTaps.offsetStep;
    if (row < 0 || row >= uniforms.imageHeight) { continue; }
    let line = (n * uniforms.imageHeight + row) * uniforms.imageWidth;
    for (var q = 0; q < colTaps.count; q++) {
      let tap = (rowTaps.tap + m * rowTaps.tapStep) * uniforms.filterCols + colTaps.tap + q * colTaps.tapStep;
      let col = firstCol * uniforms.stepCols + colTaps.offset + q * colTaps.offsetStep;
${each(
  range(pixels),
  (k) => `      let col${k} = col + ${k} * uniforms.stepCols;
      let inside${k} = ${within(`col${k}`, 'uniforms.imageWidth')};
      let at${k} = select(0, (line + col${k}) * uniforms.imageChannels, inside${k})${depthwise ? ' >> 2u' : ''};`,
)}
${
  depthwise
    ? add('quad', 'tap * quads + quad')
    : `      for (var d = 0; d < uniforms.depth; d++) {
${add(
  'group * uniforms.depth + d',
  order === 'forward'
    ? '(tap * uniforms.channels + ofGroup) * uniforms.filterChannels + group * uniforms.depth + d'
    : '(tap * uniforms.depth + d) * uniforms.filterChannels + channel',
)}
      }`
}
    }
  }
  let outLine = (n * uniforms.outHeight + outRow) * uniforms.outWidth;
${each(
  range(pixels),
  (k) => `  {
    let outCol = uniforms.outCol + phaseCol + (firstCol + ${k}) * uniforms.outColStep;
    if (firstCol + ${k} < uniforms.cols && outCol < uniforms.outWidth) {
      let at = (outLine + outCol) * quads + quad;
      let value = finish(${depthwise ? `sum${k}` : `vec4<f32>(sum${k})`}, channel)${depthwise ? '' : '.x'};
      result[at] = ${adds ? 'result[at] + value' : 'value'};
    }
  }`,
)}
}`,
  };
}
