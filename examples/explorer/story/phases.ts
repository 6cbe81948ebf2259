// SPDX-License-Identifier: Apache-2.0
/** Step 6: output cells that meet the same taps are a phase, and each phase is a small convolution of its own. */
import { phaseOf, phaseOfTap } from '../axis';
import { tint } from '../colours';
import type { Box, Drawing, Label } from '../drawing';
import { bracketed, shown } from '../layer';
import type { Line } from '../line';
import { TOP } from './rows';
import type { StoryStep } from './step';

/** Coloured; pulled apart; then an output cell each; then interleaved. */
const [APART, FILLING] = [1, 2];
const ROWS = TOP + 1.75;
const ROW_HEIGHT = 1.7;

/** By the stride. */
const EVERY = ['', '', 'second ', 'third ', 'fourth '];

export const phases: StoryStep = {
  title: 'Phases',
  text: ({ axis: { stride } }) =>
    `Look where the zeros were: every ${EVERY[stride]}output cell meets the same places of the kernel. A place of ` +
    `the kernel is a __tap__; cells that meet the same taps are a __phase__. There are ${stride}, a colour each. ` +
    'Pulled apart, each is a small convolution without inserted zeros.',
  task: () => 'Pull the phases apart, let each small kernel slide over the input, and interleave the results.',
  frames: ({ axis }) => FILLING + axis.outSize + 1,
  next: ({ axis }, n) =>
    n < APART
      ? 'Pull them apart'
      : n === FILLING + axis.outSize - 1
        ? 'Interleave'
        : n < FILLING
          ? 'Slide'
          : 'Slide on',
  caption: (line, n) => {
    const { axis, meetings } = line;
    if (n < APART) return axis.phases.map(({ phase, taps }) => `Phase ${phase}: ${tapList(taps)}.`).join(' ');
    if (n < FILLING) return 'Each colour takes its taps, and its output cells.';
    if (n === FILLING + axis.outSize)
      return `Interleaved: the output, with ${meetings.length} multiplications, none by an inserted zero.`;
    const output = order(line)[n - FILLING];
    const terms = meetings
      .filter((meeting) => meeting.output === output)
      .map(({ input, tap }) => `${bracketed(line.x[input])}·${bracketed(line.w[tap])}`);
    const sum = terms.length > 0 ? `${terms.join(' + ')} = ` : '';
    return `Phase ${phaseOf(axis, output)}, output ${output}: ${sum}${shown(line.y[output])}.`;
  },
  draw: (line, n) => apart(line, n),
};

function tapList(taps: readonly { tap: number }[]): string {
  if (taps.length === 0) return 'no tap';
  return `tap${taps.length === 1 ? '' : 's'} ${taps.map(({ tap }) => tap).join(' and ')}`;
}

/** Output cells, phase by phase. */
function order({ axis: { phases: table, stride } }: Line): number[] {
  return table.flatMap(({ firstOut, count }) => Array.from({ length: count }, (_, t) => firstOut + t * stride));
}

function apart(line: Line, n: number): Drawing {
  const { axis, x, w, y, meetings } = line;
  const { phases: table, stride, kernel } = axis;
  const interleaved = n === FILLING + axis.outSize;
  const done = n < FILLING || interleaved ? order(line) : order(line).slice(0, n - FILLING + 1);
  const current = n >= FILLING && !interleaved ? done.at(-1) : undefined;
  const met = meetings.filter(({ output }) => output === current);
  const rowOf = (phase: number): number => ROWS + ROW_HEIGHT * table.findIndex((of) => of.phase === phase);
  const colour = (phase: number | undefined): string | undefined =>
    phase === undefined ? undefined : tint(phase, stride);
  const boxes: Box[] = x.map((value, input): Box => {
    const mark = met.some((meeting) => meeting.input === input) ? 'step' : undefined;
    return { part: 'input', id: input, x: input, y: TOP, text: shown(value), mark };
  });
  // A small kernel lies back to front, as one that slides does.
  w.forEach((value, tap) => {
    const phase = phaseOfTap(axis, tap);
    const own = table.find((of) => of.phase === phase)?.taps ?? [];
    const place =
      n < APART || phase === undefined
        ? { x: x.length + 1 + tap, y: TOP }
        : { x: own.length - 1 - own.findIndex((of) => of.tap === tap), y: rowOf(phase) };
    const mark = met.some((meeting) => meeting.tap === tap) ? 'step' : undefined;
    boxes.push({
      part: 'kernel',
      id: tap,
      ...place,
      text: shown(value),
      over: `tap ${tap}`,
      fill: colour(phase),
      mark,
    });
  });
  const widest = Math.max(...table.map(({ taps }) => taps.length));
  const rows = rowOf(table.at(-1)!.phase) + 2.75;
  const bottom = n < APART ? ROWS : rows - 1;
  y.forEach((value, at) => {
    const phase = phaseOf(axis, at);
    const pulled = n >= APART && !interleaved;
    const place = pulled ? { x: widest + 1 + Math.floor(at / stride), y: rowOf(phase) } : { x: at, y: bottom };
    const isDone = done.includes(at) && n !== APART;
    const text = isDone ? shown(value) : undefined;
    const mark = at === current ? 'chosen' : undefined;
    boxes.push({ part: 'output', id: at, ...place, text, faint: !isDone && pulled, fill: colour(phase), mark });
  });
  const labels: Label[] = [
    { x: 0, y: 0.25, text: 'input' },
    ...(n < APART ? [{ x: x.length + 1, y: 0.25, text: 'kernel' }] : []),
    ...(n < APART
      ? []
      : table.map(({ phase }): Label => ({
          x: 0,
          y: rowOf(phase) - 0.27,
          text: `phase ${phase}: its taps, its cells`,
        }))),
    ...(n < APART || interleaved ? [{ x: 0, y: bottom - 0.25, text: 'output' }] : []),
  ];
  const cols = Math.max(axis.outSize, x.length + 1 + kernel, widest + 1 + Math.ceil(axis.outSize / stride));
  return { cols, rows, boxes, labels };
}
