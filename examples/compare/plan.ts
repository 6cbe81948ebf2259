// SPDX-License-Identifier: Apache-2.0
/** What is to be compared, and how it stands in the address of the page, so that a run can be shared. */
import { VARIANTS } from '../../src/contract';
import { PASSES, type Pass } from '../../bench/pass_names';
import { type OwnLayer, formatOwnLayer, parseOwnLayer } from './own_layer';

export const BACKENDS = ['cpu', 'webgl', 'wasm', 'webgpu'] as const;
export type BackendName = (typeof BACKENDS)[number];
/** Who computes the forward pass: a variant, or stock. The gradients have one kernel of ours. */
export const CONTENDERS = [...VARIANTS, 'stock'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export interface Plan {
  readonly backends: readonly BackendName[];
  readonly contenders: readonly ContenderName[];
  readonly passes: readonly Pass[];
  /** Names of layers of the list. */
  readonly workloads: readonly string[];
  /** Layers of one's own. */
  readonly own: readonly OwnLayer[];
  /** Seconds that a pass of a layer may take on a backend. */
  readonly seconds: number;
}

export const DEFAULT_PLAN: Plan = {
  backends: ['cpu', 'webgl'],
  contenders: CONTENDERS,
  passes: ['forward'],
  workloads: ['hand', 'ae-train'],
  own: [],
  seconds: 2,
};

export function formatPlan({ backends, contenders, passes, workloads, own, seconds }: Plan): string {
  const query = new URLSearchParams({
    backends: backends.join(','),
    contenders: contenders.join(','),
    passes: passes.map((pass) => pass.replace(' ', '-')).join(','),
    layers: workloads.join(','),
    seconds: `${seconds}`,
  });
  own.forEach((layer) => query.append('own', formatOwnLayer(layer)));
  return `?${query}`;
}

/** The plan of an address; what is missing is as by default, what is unknown is left out. */
export function parsePlan(query: string): Plan {
  const given = new URLSearchParams(query);
  const list = <T extends string>(
    name: string,
    known: readonly T[] | undefined,
    byDefault: readonly T[],
  ): readonly T[] => {
    const text = given.get(name);
    if (text === null) return byDefault;
    const names = text.split(',').map((value) => value.trim()) as T[];
    return known ? known.filter((value) => names.includes(value)) : names.filter((value) => value !== '');
  };
  const seconds = Number(given.get('seconds') ?? DEFAULT_PLAN.seconds);
  const dashed = given.has('passes') ? given.get('passes')!.split(',') : undefined;
  return {
    backends: list('backends', BACKENDS, DEFAULT_PLAN.backends),
    contenders: list('contenders', CONTENDERS, DEFAULT_PLAN.contenders),
    passes: dashed ? PASSES.filter((pass) => dashed.includes(pass.replace(' ', '-'))) : DEFAULT_PLAN.passes,
    workloads: list('layers', undefined, DEFAULT_PLAN.workloads),
    own: given.getAll('own').flatMap((text) => parseOwnLayer(text) ?? []),
    seconds: seconds > 0 && seconds <= 60 ? seconds : DEFAULT_PLAN.seconds,
  };
}
