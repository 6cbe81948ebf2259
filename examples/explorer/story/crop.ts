// SPDX-License-Identifier: Apache-2.0
/** Step 4: what is cropped, and where 'same' comes from. */
import type { Box, Span } from '../drawing';
import { shown } from '../layer';
import type { Line } from '../line';
import { colsOf, operands, outputTop, stamps, sums } from './rows';
import type { StoryStep } from './step';

export const crop: StoryStep = {
  title: "Crop and 'same'",
  text: ({ full: { stride, inSize, effectiveKernel, outSize } }) =>
    unbroken(
      'With stride s, a kernel of k and i inputs, the last stamp begins at cell s(i − 1): **s(i − 1) + k** cells ' +
        `in all, here ${stride}·(${inSize} − 1) + ${effectiveKernel} = ${outSize}. __Padding__, which a convolution ` +
        "puts around what it reads, a transposed one **crops**. 'same' wants stride times the input, s·i (the same " +
        'size at stride 1). So it crops **k − s**: s(i − 1) + k − (k − s) = s·i.',
    ),
  task: () => 'Choose how to crop. Then try a kernel of 4: k − s is even, and both sides lose alike.',
  controls: ['pad', 'kernel'],
  frames: () => 1,
  caption: ({ axis, full }) => {
    const { padBegin, padEnd, outSize, outputPadding, stride, inSize } = axis;
    const total = padBegin + padEnd;
    const lost = `${padBegin} in front, ${padEnd} behind`;
    const kept = outSize === stride * inSize ? ` = ${stride}·${inSize}, stride times the input` : '';
    const added = outputPadding > 0 ? `, and ${outputPadding} added behind` : '';
    const cropped = total > 0 ? `Cropped: ${total} (${lost})` : 'Nothing is cropped';
    const become = total > 0 || added ? `. ${full.outSize} cells become ${outSize}` : `: ${outSize} cells`;
    return `${cropped}${added}${become}${kept}.`;
  },
  draw: (line) => {
    const { axis, full } = line;
    const y = outputTop(line);
    const { boxes, labels } = operands(line);
    const isCut = (output: number): boolean => output < axis.padBegin || output >= axis.padBegin + axis.outSize;
    const columns = sums(line, line.x.length).map((box): Box => {
      const cut = isCut(Number(box.id));
      return { ...box, cut, part: cut ? 'stamp' : 'output', id: cut ? `cut ${box.id}` : box.id };
    });
    // What an output padding adds lies behind all stamps.
    const added = Array.from({ length: axis.padBegin + axis.outSize - full.outSize }, (_, n): Box => {
      return { part: 'output', id: full.outSize + n, x: full.outSize + n, y, text: shown(0) };
    });
    return {
      cols: Math.max(colsOf(line), axis.padBegin + axis.outSize),
      rows: y + 2.9,
      boxes: [
        ...boxes,
        ...stamps(line, line.x.length).map((box) => ({ ...box, cut: isCut(box.x) })),
        ...columns,
        ...added,
      ],
      labels: [...labels, { x: 0, y: y - 0.3, text: 'output: added up and cropped' }],
      spans: [...keptAndAll(line, y + 1.2)],
    };
  },
};

/** No line breaks at a minus. */
function unbroken(text: string): string {
  return text.replaceAll(' − ', '\u00a0−\u00a0');
}

function keptAndAll({ axis, full }: Line, y: number): Span[] {
  const { stride, inSize, effectiveKernel, outSize } = full;
  const all = `s(i − 1) + k = ${stride}·(${inSize} − 1) + ${effectiveKernel} = ${outSize}`;
  return [
    { x: axis.padBegin, width: axis.outSize, y, text: `kept: ${axis.outSize}`, tone: 'accent' },
    { x: 0, width: outSize, y: y + 0.85, text: all, tone: 'soft' },
  ];
}
