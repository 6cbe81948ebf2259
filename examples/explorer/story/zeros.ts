// SPDX-License-Identifier: Apache-2.0
/** Step 5: the same output by an ordinary convolution, of the input with zeros between. */
import { counted } from '../../../bench/numbers';
import type { Box, Drawing } from '../drawing';
import { bracketed, shown } from '../layer';
import type { Line } from '../line';
import { colsOf, inputTint } from './rows';
import type { StoryStep } from './step';

/** The pictures before the kernel slides. */
const [SPREAD, PADDED, FLIPPED, SLIDING] = [1, 2, 3, 4];
const [KERNEL, DILATED, OUTPUT] = [0.55, 2.15, 3.85];

export const zeros: StoryStep = {
  title: 'Zeros between',
  text: ({ axis: { insertedZeros } }) =>
    `An ordinary convolution can make the same output. Insert stride − 1 = ${counted(insertedZeros, 'zero')} between ` +
    'inputs, put zeros around, turn the kernel round, and slide it cell by cell. But every zero is multiplied too.',
  task: () => 'Go on until the output is there. What share of the work was in vain?',
  frames: ({ axis }) => SLIDING + axis.outSize,
  next: (_, n) =>
    ['Insert the zeros', 'Put zeros around', 'Turn the kernel round', 'Slide the kernel'][n] ?? 'Slide on',
  caption: (line, n) => {
    const { insertedZeros, convolutionPadBegin, convolutionPadEnd, kernel } = line.axis;
    if (n < SPREAD) return 'The input as it is, and the kernel.';
    if (n < PADDED) return `Between neighbours: ${insertedZeros} inserted (stride − 1).`;
    if (n < FLIPPED)
      return (
        `Around it: ${signed(convolutionPadBegin)} in front and ${signed(convolutionPadEnd)} behind ` +
        '(kernel − 1 − crop).'
      );
    if (n < SLIDING) return 'The kernel, back to front: the last weight comes first.';
    const { output, met } = slid(line, n);
    const terms = met.map(({ input, tap }) => `${bracketed(line.x[input])}·${bracketed(line.w[tap])}`);
    const sum = terms.length > 0 ? terms.join(' + ') : 'zeros only';
    const made = (output + 1) * kernel;
    const useful = line.meetings.filter((meeting) => meeting.output <= output).length;
    return (
      `Output ${output}: ${sum} = ${shown(line.y[output])}. So far ${made} multiplications, ` +
      `${made - useful} of them by zero.`
    );
  },
  draw: (line, n) => dilated(line, n),
};

function signed(zerosPut: number): string {
  return zerosPut < 0 ? `${-zerosPut} cut off` : `${zerosPut}`;
}

/** Which output cell is computed in the n-th picture, and what meets there. */
function slid({ meetings }: Line, n: number): { output: number; met: Line['meetings'] } {
  const output = n - SLIDING;
  return { output, met: meetings.filter((meeting) => meeting.output === output) };
}

function dilated(line: Line, n: number): Drawing {
  const { axis, x, w, y } = line;
  const { stride, dilation, kernel, outSize, effectiveKernel, convolutionPadBegin: front } = axis;
  const size = outSize + effectiveKernel - 1;
  const { output, met } = slid(line, n);
  const placeOf = (input: number): number => front + (n < SPREAD ? input : input * stride);
  const boxes: Box[] = [];
  const taken = new Set<number>();
  x.forEach((value, input) => {
    taken.add(front + input * stride);
    const mark = met.some((meeting) => meeting.input === input) ? 'step' : undefined;
    const place = { x: placeOf(input), y: DILATED, text: shown(value), fill: inputTint(line, input), mark } as const;
    if (place.x >= 0 && place.x < size) boxes.push({ part: 'input', id: input, ...place });
  });
  const last = front + stride * (x.length - 1);
  for (let at = 0; at < size; at++) {
    const inside = at > front && at < last;
    if (taken.has(at) || n < (inside ? SPREAD : PADDED)) continue;
    const offset = at - output;
    const isRead = n >= SLIDING && offset >= 0 && offset < effectiveKernel && offset % dilation === 0;
    boxes.push({
      part: 'zero',
      id: at,
      x: at,
      y: DILATED,
      text: '0',
      faint: true,
      mark: isRead ? 'related' : undefined,
    });
  }
  const kernelAt = n < SLIDING ? 0 : output;
  w.forEach((value, tap) => {
    const place = (n < FLIPPED ? tap : kernel - 1 - tap) * dilation;
    const mark = met.some((meeting) => meeting.tap === tap) ? 'step' : undefined;
    boxes.push({ part: 'kernel', id: tap, x: kernelAt + place, y: KERNEL, text: shown(value), mark });
  });
  const shift = (effectiveKernel - 1) / 2;
  y.forEach((value, at) => {
    const place = { part: 'output', id: at, x: at + shift, y: OUTPUT } as const;
    if (n < SLIDING || at > output) boxes.push({ ...place, faint: true });
    else boxes.push({ ...place, text: shown(value), mark: at === output ? 'chosen' : undefined });
  });
  return {
    cols: Math.max(colsOf(line), size),
    rows: OUTPUT + 1,
    boxes,
    labels: [
      { x: 0, y: 0.25, text: n < FLIPPED ? 'kernel' : 'kernel, turned round' },
      {
        x: 0,
        y: DILATED - 0.3,
        text: n < SPREAD ? 'input' : n < PADDED ? 'input, zeros between' : 'input, zeros between and around',
      },
      { x: 0, y: OUTPUT - 0.3, text: 'output' },
    ],
  };
}
