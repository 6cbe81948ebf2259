// SPDX-License-Identifier: Apache-2.0
/** The rows that the story's pictures share, each in its own place: input and kernel on top, stamps, output below. */
import { OVERLAP, tint } from '../colours';
import type { Box, Drawing, Label } from '../drawing';
import { bracketed, shown } from '../layer';
import type { Line } from '../line';

/** Where the rows begin, in cells from the top. */
export const TOP = 0.55;
export const STAMPS = TOP + 1.7;

/** The first row of the output, below the stamps. */
export function outputTop({ x }: Line): number {
  return STAMPS + x.length + 0.65;
}

/** Cells across that input and kernel side by side, and all stamps, fit in. */
export function colsOf({ x, w, full }: Line): number {
  return Math.max(full.outSize, x.length + 1 + w.length);
}

export function inputTint({ x }: Line, n: number): string {
  return tint(n, x.length);
}

/** Input × kernel, side by side. */
export function operands(line: Line, marked?: number): { boxes: Box[]; labels: Label[] } {
  const { x, w } = line;
  const boxes: Box[] = [
    ...x.map((value, n): Box => ({
      part: 'input',
      id: n,
      x: n,
      y: TOP,
      text: shown(value),
      fill: inputTint(line, n),
      mark: n === marked ? 'chosen' : undefined,
    })),
    ...w.map((value, tap): Box => ({ part: 'kernel', id: tap, x: x.length + 1 + tap, y: TOP, text: shown(value) })),
  ];
  const labels: Label[] = [
    { x: 0, y: 0.25, text: 'input' },
    { x: x.length + 0.5, y: TOP + 0.5, text: '×', anchor: 'middle', strong: true },
    { x: x.length + 1, y: 0.25, text: 'kernel' },
  ];
  return { boxes, labels };
}

/** The stamps of the first `count` inputs, a row each; the others as places that wait. */
export function stamps(line: Line, count: number, latest?: number): Box[] {
  const { x, w } = line;
  return line.stamps.map(({ input, tap, output }) => {
    const place = { part: 'stamp', id: `${input} ${tap}`, x: output, y: STAMPS + input } as const;
    if (input >= count) return { ...place, faint: true };
    return {
      ...place,
      text: shown(x[input] * w[tap]),
      over: `${shown(x[input])}·${bracketed(w[tap])}`,
      fill: inputTint(line, input),
      mark: input === latest ? 'step' : undefined,
    };
  });
}

/** The columns of the first `count` stamps, added up. */
export function sums(line: Line, count: number): Box[] {
  const y = outputTop(line);
  return line.yFull.map((_, output) => {
    const here = line.stamps.filter((stamp) => stamp.output === output && stamp.input < count);
    const place = { part: 'output', id: output, x: output, y } as const;
    if (here.length === 0) return count < line.x.length ? { ...place, faint: true } : { ...place, text: '0' };
    const products = here.map(({ input, tap }) => line.x[input] * line.w[tap]);
    return {
      ...place,
      text: shown(products.reduce((a, b) => a + b)),
      over: products.length > 1 ? products.map(bracketed).join('+') : undefined,
      fill: products.length > 1 ? OVERLAP : inputTint(line, here[0].input),
    };
  });
}

/** The picture in which the story begins: the first `count` inputs have stamped. */
export function stamped(line: Line, count: number, latest?: number): Drawing & { boxes: Box[]; labels: Label[] } {
  const { boxes, labels } = operands(line, latest);
  return {
    cols: colsOf(line),
    rows: outputTop(line) + 1,
    boxes: [...boxes, ...stamps(line, count, latest), ...sums(line, count)],
    labels: [
      ...labels,
      { x: 0, y: STAMPS - 0.3, text: 'stamps: input × kernel' },
      { x: 0, y: outputTop(line) - 0.3, text: 'output: each column added up' },
    ],
  };
}
