// SPDX-License-Identifier: Apache-2.0
/** Which tile of a correlation a workgroup computes. */
import { shifted, takenApart } from './program';

/** What the index of a workgroup counts. */
const WORK = [
  ['channelTile', 'uniforms.channelTiles'],
  ['pixelTile', 'uniforms.pixelTiles'],
  ['phase', 'uniforms.phases'],
] as const;

/** Of a workgroup of so many invocations: its tile, the taps that all its pixels meet, `terms` of each sum. */
export function tileOfWork(invocations: number): string {
  return `  let work = ${shifted('index', invocations)};
${takenApart('work', WORK, 'group')}
  let groups = uniforms.outChannels / uniforms.channels;
  let phaseRow = phase / uniforms.phaseCols;
  let phaseCol = phase - phaseRow * uniforms.phaseCols;
  let rowTaps = rowTapsOf(phaseRow);
  let colTaps = colTapsOf(phaseCol);
  let pixelCount = uniforms.batch * uniforms.rows * uniforms.cols;
  if (thread == 0) {
    termsOfTile = select(0, rowTaps.count * colTaps.count * uniforms.depth, group < groups);
  }
  let terms = workgroupUniformLoad(&termsOfTile);`;
}
