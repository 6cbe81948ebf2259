// SPDX-License-Identifier: Apache-2.0
/** All that the page shows follows from this; all of it stands in the address. */
import type { Variant } from '../../src/contract';
import { SHOWN } from './frames';
import { DEFAULTS, type Settings, parseSettings } from './settings';
import { type Values, formatValues, parseValues } from './values';

/** The steps of the story in their order, and the workbench behind it. */
export const VIEWS = [
  'stamp',
  'overlap',
  'transposed',
  'crop',
  'zeros',
  'phases',
  'count',
  'checkerboard',
  'workbench',
] as const;
export type View = (typeof VIEWS)[number];

export interface State {
  readonly view: View;
  readonly variant: Variant;
  /** Which frame of the view is shown, from 0. */
  readonly at: number;
  readonly settings: Settings;
  readonly values: Values;
  /** How random the weights of the checkerboard's layers are, in per cent. */
  readonly noise: number;
}

export const START: State = { view: 'stamp', variant: SHOWN[0], at: 0, settings: DEFAULTS, values: {}, noise: 0 };

/** What changes of the state; another view or variant begins at its first frame. */
export type Change = (changes: Partial<State>) => void;

export function changed(state: State, changes: Partial<State>): State {
  const elsewhere = 'view' in changes || 'variant' in changes;
  return { ...state, ...(elsewhere && { at: 0 }), ...changes };
}

/** The state in an address; what is missing or cannot be is as at the start. */
export function parseState(query: string): State {
  const given = new URLSearchParams(query);
  const whole = (name: string, most: number): number => {
    const value = Number(given.get(name) ?? 0);
    return Number.isInteger(value) && value >= 0 && value <= most ? value : 0;
  };
  // Settings without a step come from the workbench.
  const view = given.has('step') || query.length < 2 ? START.view : 'workbench';
  return {
    view: VIEWS.find((name) => name === given.get('step')) ?? view,
    variant: SHOWN.find((name) => name === given.get('variant')) ?? START.variant,
    at: whole('at', 9999),
    settings: parseSettings(given),
    values: parseValues(given),
    noise: whole('noise', 100),
  };
}

export function formatState({ view, variant, at, settings, values, noise }: State): string {
  const entries = Object.entries({ step: view, variant, at, ...settings, noise }).map(([name, value]) => [
    name,
    `${value}`,
  ]);
  return `?${new URLSearchParams([...entries, ...formatValues(values)])}`.replaceAll('%2C', ',').replaceAll('%3B', ';');
}
