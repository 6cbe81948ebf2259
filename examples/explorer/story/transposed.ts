// SPDX-License-Identifier: Apache-2.0
/** Step 3: the table of a convolution, flipped over its diagonal, is that of the transposed one. */
import { counted } from '../../../bench/numbers';
import type { Box, Drawing, Label } from '../drawing';
import { bracketed, shown } from '../layer';
import type { Line } from '../line';
import { inputTint } from './rows';
import type { StoryStep } from './step';

const TOP = 2.15;
const letter = (n: number): string => String.fromCharCode(97 + n);

export const transposed: StoryStep = {
  title: 'Transposed',
  text: ({ full: { outSize, inSize, stride } }) =>
    `An ordinary convolution of ${outSize} numbers with this kernel is a table of ${counted(inSize, 'row')}: each ` +
    `holds the kernel, ${counted(stride, 'cell')} further on. Flip the table over its diagonal, that is, ` +
    `**transpose** it: now it takes ${counted(inSize, 'number')} and gives ${outSize}. Its columns are your stamps.`,
  task: () => 'Flip the table, then multiply by the input. Is it the output of the first step?',
  frames: () => 3,
  next: (_, n) => ['Flip the table', 'Multiply by the input'][n],
  caption: ({ full: { outSize, inSize } }, n) =>
    [
      `Convolution: ${outSize} numbers (a, b, c, …) in, ${inSize} out. Each row multiplies and adds up.`,
      `Transposed: ${inSize} in, ${outSize} out. Nothing was inverted: the size comes back, the values do not.`,
      'Each column is multiplied by its input, as a stamp is; each row added up is an output cell.',
    ][n],
  draw: (line, n) => table(line, n),
};

function table(line: Line, n: number): Drawing {
  const { x, w, full, stamps, yFull } = line;
  const { inSize, outSize } = full;
  const flipped = n > 0;
  const boxes: Box[] = [];
  for (let input = 0; input < inSize; input++)
    for (let output = 0; output < outSize; output++) {
      const meeting = stamps.find((stamp) => stamp.input === input && stamp.output === output);
      boxes.push({
        part: 'matrix',
        id: `${input} ${output}`,
        x: flipped ? input : output,
        y: TOP + (flipped ? output : input),
        text: meeting ? shown(w[meeting.tap]) : '0',
        faint: !meeting,
        fill: inputTint(line, input),
      });
    }
  const header = flipped ? x.map(shown) : Array.from({ length: outSize }, (_, at) => letter(at));
  boxes.push(
    ...header.map((text, at): Box => {
      const fill = flipped ? inputTint(line, at) : undefined;
      return { part: flipped ? 'input' : 'header', id: at, x: at, y: 0.55, text, fill };
    }),
  );
  const results = flipped ? (n > 1 ? outputSums(line, yFull) : []) : rowsInLetters(line);
  return {
    cols: outSize + 3.5,
    rows: TOP + outSize,
    boxes,
    labels: [
      { x: 0, y: 0.25, text: flipped ? 'input' : 'what is convolved' },
      { x: 0, y: TOP - 0.27, text: flipped ? 'the table, transposed' : 'the table of the convolution' },
      ...results.map((text, row): Label => {
        return { x: (flipped ? inSize : outSize) + 0.25, y: TOP + row + 0.5, text, strong: true };
      }),
    ],
  };
}

/** What the convolution gives: `→ a + 2b + 3c`. */
function rowsInLetters({ x, w, stamps }: Line): string[] {
  return x.map((_, input) => {
    const terms = stamps
      .filter((stamp) => stamp.input === input)
      .map(({ tap, output }) => (w[tap] === 1 ? letter(output) : `${shown(w[tap])}${letter(output)}`));
    return `→ ${terms.join(' + ').replaceAll('+ −', '− ')}`;
  });
}

/** What the transposed one gives: `→ 2·3 + 1·1 = 7`. */
function outputSums({ x, w, stamps }: Line, yFull: readonly number[]): string[] {
  return yFull.map((y, output) => {
    const terms = stamps
      .filter((stamp) => stamp.output === output)
      .map(({ input, tap }) => `${shown(x[input])}·${bracketed(w[tap])}`);
    return `→ ${terms.length > 0 ? `${terms.join(' + ')} = ` : ''}${shown(y)}`;
  });
}
