// SPDX-License-Identifier: Apache-2.0
/** The plot of the losses; apart, for its libraries are large and the page has something to show before. */
import { View, parse } from 'vega';
import { compile } from 'vega-lite';
import { plotConfig } from '../../bench/dot_plot';
import type { LossPoint } from './loss_curves';

/** Points that a curve shows at most. */
const POINTS = 400;
const [WIDEST, HEIGHT] = [560, 240];
/** Can be told apart on white and on dark paper. */
const COLOURS = { critic: '#2563eb', generator: '#d97706' } as const;
type Player = keyof typeof COLOURS;
const PLAYERS = Object.keys(COLOURS) as Player[];

interface Drawn {
  readonly step: number;
  readonly loss: number;
  readonly player: Player;
}

/** Means of so many steps each that no more points are left than can be seen. */
export function averaged(curve: readonly LossPoint[]): Drawn[] {
  const of = Math.ceil(curve.length / POINTS);
  return Array.from({ length: Math.floor(curve.length / of) }, (_, n) => curve.slice(n * of, (n + 1) * of)).flatMap(
    (steps) =>
      PLAYERS.map((player) => {
        const loss = steps.reduce((sum, step) => sum + step[player], 0) / steps.length;
        return { step: steps.at(-1)!.step, loss, player };
      }),
  );
}

/** An empty plot in a place; its data is `curve`. */
export function viewIn(place: HTMLElement): View {
  const { spec } = compile({
    width: Math.min(WIDEST, place.clientWidth),
    height: HEIGHT,
    autosize: { type: 'fit', contains: 'padding' },
    data: { name: 'curve', values: [] },
    mark: { type: 'line', strokeWidth: 1.5 },
    encoding: {
      x: {
        field: 'step',
        type: 'quantitative',
        title: 'step',
        scale: { zero: false, nice: false },
        axis: { tickMinStep: 1, format: 'd' },
      },
      y: { field: 'loss', type: 'quantitative', title: 'loss' },
      color: {
        field: 'player',
        type: 'nominal',
        title: null,
        legend: { orient: 'top' },
        scale: { domain: PLAYERS, range: Object.values(COLOURS) },
      },
    },
    ...plotConfig('currentColor', '#8888884d'),
  });
  return new View(parse(spec), { renderer: 'svg', container: place });
}
