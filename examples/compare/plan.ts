// SPDX-License-Identifier: Apache-2.0
/** What is to be compared, and how it stands in the address of the page, so that a run can be shared. */
import { PASSES, type Pass, VARIANTS } from '../../src/contract';
import { type OwnLayer, formatOwnLayer, parseOwnLayer } from './own_layer';

/**
 * Who computes the forward pass: the op as users get it, which takes a variant itself; a variant; or stock. The
 * gradients have one kernel of ours.
 */
export const CONTENDERS = ['auto', ...VARIANTS, 'stock'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export interface Plan {
  /** Names of backends; which there are only the browser knows. */
  readonly backends: readonly string[];
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
  const names = (key: string): string[] | undefined => {
    const found = given.get(key)?.split(',');
    return found && [...new Set(found.map((name) => name.trim()).filter((name) => name !== ''))];
  };
  const known = <T extends string>(key: string, all: readonly T[], inAddress: (one: T) => string): T[] | undefined => {
    const asked = names(key);
    return asked && all.filter((one) => asked.includes(inAddress(one)));
  };
  const seconds = Number(given.get('seconds') ?? DEFAULT_PLAN.seconds);
  return {
    backends: names('backends') ?? DEFAULT_PLAN.backends,
    contenders: known('contenders', CONTENDERS, (name) => name) ?? DEFAULT_PLAN.contenders,
    passes: known('passes', PASSES, (pass) => pass.replace(' ', '-')) ?? DEFAULT_PLAN.passes,
    workloads: names('layers') ?? DEFAULT_PLAN.workloads,
    own: given.getAll('own').flatMap((text) => parseOwnLayer(text) ?? []),
    seconds: seconds > 0 && seconds <= 60 ? seconds : DEFAULT_PLAN.seconds,
  };
}

/** A plan without the backends that are not there. */
export function planWithin(plan: Plan, present: readonly string[]): Plan {
  return { ...plan, backends: plan.backends.filter((name) => present.includes(name)) };
}
