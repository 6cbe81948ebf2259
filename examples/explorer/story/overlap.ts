// SPDX-License-Identifier: Apache-2.0
/** Step 2: the stride says how far apart stamps land, and so where they overlap. */
import { counted } from '../../../bench/numbers';
import type { Line } from '../line';
import { OVERLAP } from '../colours';
import type { Box } from '../drawing';
import { outputTop, stamped } from './rows';
import type { StoryStep } from './step';

/** How many stamps meet in each cell. */
function meeting({ full, stamps }: Line): number[] {
  const counts = new Array<number>(full.outSize).fill(0);
  for (const { output } of stamps) counts[output]++;
  return counts;
}

export const overlap: StoryStep = {
  title: 'Stride, overlap',
  text: ({ full: { stride } }) =>
    `The __stride__ is how far apart stamps land: here ${counted(stride, 'cell')}. Stamps longer than that ` +
    '**overlap**. The last row counts how many meet in each cell.',
  task: ({ w }) => `Set the stride to 1, then to ${w.length}. When do the stamps no longer overlap?`,
  controls: ['stride'],
  frames: () => 1,
  caption: ({ full }) => {
    const { stride, effectiveKernel } = full;
    const over = effectiveKernel - stride;
    const sum = `kernel − stride = ${effectiveKernel} − ${stride} = ${`${over}`.replace('-', '−')}`;
    if (over > 0) return `Neighbours share ${sum} cell${over === 1 ? '' : 's'}.`;
    if (over === 0) return `Neighbours share ${sum} cells: the stamps lie side by side.`;
    return `${sum}: between two stamps ${-over} cell${over === -1 ? ' stays' : 's stay'} empty.`;
  },
  draw: (line) => {
    const drawing = stamped(line, line.x.length);
    const y = outputTop(line) + 1.65;
    const counts = meeting(line).map((count, n): Box => ({
      part: 'count',
      id: n,
      x: n,
      y,
      text: `${count}`,
      fill: count > 1 ? OVERLAP : undefined,
    }));
    return {
      ...drawing,
      rows: y + 1,
      boxes: [...drawing.boxes, ...counts],
      labels: [...drawing.labels, { x: 0, y: y - 0.3, text: 'how many stamps meet here' }],
    };
  },
};
