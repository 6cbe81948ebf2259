// SPDX-License-Identifier: Apache-2.0
/** What the programs of a dense correlation take, and which tile of it they compute. */
import { CORRELATION_INTEGERS, type CorrelationKind } from './correlation_kind';
import { type ProgramSource, WORKGROUP, shifted, takenApart } from './program';
import { tapIntegers } from './taps';

/** What all of them take, and how they see what they write. */
export function takenByTiles({
  phased,
  image,
  filter,
  result,
}: Omit<CorrelationKind, 'tile'>): Pick<ProgramSource, 'inputs' | 'outputLanes' | 'integers'> {
  return {
    inputs: [
      { name: 'image', lanes: image },
      { name: 'weights', lanes: filter },
    ],
    outputLanes: result,
    // Tiles of a phase and group.
    integers: ['pixelTiles', 'channelTiles', ...CORRELATION_INTEGERS, ...tapIntegers(phased)],
  };
}

/** Given `phase`: the taps that all its pixels meet, how many they are; how many groups there are. */
export const PHASE_OF_WORK = `  let groups = uniforms.outChannels / uniforms.channels;
  let phaseRow = phase / uniforms.phaseCols;
  let phaseCol = phase - phaseRow * uniforms.phaseCols;
  let rowTaps = rowTapsOf(phaseRow);
  let colTaps = colTapsOf(phaseCol);
  let pixelCount = uniforms.batch * uniforms.rows * uniforms.cols;`;

/** What the index of a workgroup counts. */
const WORK = [
  ['channelTile', 'uniforms.channelTiles'],
  ['pixelTile', 'uniforms.pixelTiles'],
  ['phase', 'uniforms.phases'],
  ['part', 'uniforms.parts'],
] as const;

/**
 * Of a workgroup: its tile, the taps that all its pixels meet, and its part of the terms of each sum (../parts):
 * `count` of them, the same for all invocations, from `begin` to before `terms`, whole chunks but for the last.
 */
export function tileOfWork(chunk: number): string {
  return `  let work = ${shifted('index', WORKGROUP)};
${takenApart('work', WORK, 'group')}
${PHASE_OF_WORK}
  let ofSum = select(0, rowTaps.count * colTaps.count * uniforms.depth, group < groups);
  let chunks = ${shifted(`(ofSum + ${chunk - 1})`, chunk)};
  let ofPart = ${chunk} * smallQuotient(chunks + uniforms.parts - 1, uniforms.parts);
  let begin = part * ofPart;
  if (thread == 0) { termsOfPart = clamp(ofSum - begin, 0, ofPart); }
  let count = workgroupUniformLoad(&termsOfPart);
  let terms = begin + count;`;
}
