// SPDX-License-Identifier: Apache-2.0
/**
 * The correlation of programs/correlation for groups of few channels, whose tiles would be empty: an invocation sums up
 * one element of the result, or, where every channel is a group of its own, four neighbouring channels of a pixel: then
 * four of the image meet four of the filter, lane by lane.
 */
import { CORRELATION_INTEGERS, type CorrelationKind } from './correlation_kind';
import type { ProgramSource } from './program';
import { tapIntegers, tapsCode } from './taps';

export interface DirectKind extends Pick<CorrelationKind, 'order' | 'phased' | 'adds'> {
  /** One channel a group, and a multiple of four of them. */
  readonly depthwise: boolean;
}

export function directSource({ order, phased, adds, depthwise }: DirectKind): ProgramSource {
  const lanes = depthwise ? 4 : 1;
  return {
    key: `direct correlation ${[order, phased, adds, depthwise].join(' ')}`,
    inputs: [
      { name: 'image', lanes },
      { name: 'weights', lanes },
    ],
    outputLanes: lanes,
    integers: [...CORRELATION_INTEGERS, ...tapIntegers(phased)],
    code: () => `${tapsCode(phased)}
fn main(index: i32) {
  let quads = uniforms.outChannels / ${lanes};
  let pixel = index / quads;
  let quad = index - pixel * quads;
  let channel = quad * ${lanes};
  let group = channel / uniforms.channels;
  let ofGroup = channel - group * uniforms.channels;
  let pixelCount = uniforms.batch * uniforms.rows * uniforms.cols;
  let phase = pixel / pixelCount;
  if (phase >= uniforms.phases) { return; }
  let within = pixel - phase * pixelCount;
  let n = within / (uniforms.rows * uniforms.cols);
  let line = within / uniforms.cols;
  let r = line - n * uniforms.rows;
  let c = within - line * uniforms.cols;
  let phaseRow = phase / uniforms.phaseCols;
  let phaseCol = phase - phaseRow * uniforms.phaseCols;
  let outRow = uniforms.outRow + phaseRow + r * uniforms.outRowStep;
  let outCol = uniforms.outCol + phaseCol + c * uniforms.outColStep;
  if (outRow >= uniforms.outHeight || outCol >= uniforms.outWidth) { return; }
  let rowTaps = rowTapsOf(phaseRow);
  let colTaps = colTapsOf(phaseCol);
  var sum = ${depthwise ? 'vec4<f32>(0.)' : '0.'};
  for (var m = 0; m < rowTaps.count; m++) {
    let row = r * uniforms.stepRows + rowTaps.offset + m * rowTaps.offsetStep;
    if (row < 0 || row >= uniforms.imageHeight) { continue; }
    for (var q = 0; q < colTaps.count; q++) {
      let col = c * uniforms.stepCols + colTaps.offset + q * colTaps.offsetStep;
      if (col < 0 || col >= uniforms.imageWidth) { continue; }
      let tap = (rowTaps.tap + m * rowTaps.tapStep) * uniforms.filterCols + colTaps.tap + q * colTaps.tapStep;
      let imageAt = ((n * uniforms.imageHeight + row) * uniforms.imageWidth + col) * uniforms.imageChannels;
${
  depthwise
    ? '      sum += image[imageAt / 4 + quad] * weights[tap * quads + quad];'
    : `      for (var d = 0; d < uniforms.depth; d++) {
        let weight = ${
          order === 'forward'
            ? '(tap * uniforms.channels + ofGroup) * uniforms.filterChannels + group * uniforms.depth + d'
            : '(tap * uniforms.depth + d) * uniforms.filterChannels + channel'
        };
        sum += image[imageAt + group * uniforms.depth + d] * weights[weight];
      }`
}
    }
  }
  let at = ((n * uniforms.outHeight + outRow) * uniforms.outWidth + outCol) * quads + quad;
  let value = finish(${depthwise ? 'sum' : 'vec4<f32>(sum)'}, channel)${depthwise ? '' : '.x'};
  result[at] = ${adds ? 'result[at] + value' : 'value'};
}`,
  };
}
