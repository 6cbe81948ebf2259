// SPDX-License-Identifier: Apache-2.0
/** Who takes part in a comparison on the backend that is set, and why others can't. */
import { type Variant, explain } from '../src';
import type { Operands } from './operands';
import { type Contender, type Pass, opContender, ourContenders, stockContender, supportOfStock } from './passes';
import type { Workload } from './workloads';

/** Who is asked to take part. The gradients have one kernel of ours, which runs if any of ours is asked for. */
export interface Asked {
  readonly variants: readonly Variant[];
  readonly stock: boolean;
  /** The op as users call it, which takes a variant itself; where there are no kernels it is 'composed'. */
  readonly auto?: boolean;
}

export interface Field {
  contenders(operands: Operands): Contender[];
  /** Of the contenders, in their order. */
  readonly names: readonly string[];
  readonly unable: readonly { readonly name: string; readonly reason: string }[];
}

export function fieldOf({ variants: asked, stock, auto = false }: Asked, workload: Workload, pass: Pass): Field {
  const unable: { name: string; reason: string }[] = [];
  const isAble = (name: string, support: { supported: boolean; reason?: string }): boolean => {
    if (!support.supported) unable.push({ name, reason: support.reason! });
    return support.supported;
  };
  const { variant: automatic, variants, reason } = explain(workload.geometry);
  // Where no variant can run, the op is composed of core ops, forward; there is no kernel of ours for a gradient then.
  const asksOurs = auto || asked.length > 0;
  const isComposed = automatic === undefined && asksOurs && pass === 'forward';
  const hasOurs = automatic !== undefined && asksOurs;
  const hasAuto = hasOurs && auto && pass === 'forward';
  if (automatic === undefined && pass !== 'forward') unable.push({ name: 'ours', reason });
  const able =
    hasOurs && pass === 'forward' ? asked.filter((variant) => isAble(variant, variants[variant].support)) : [];
  const hasStock = stock && isAble('stock', supportOfStock(pass, workload));

  const contenders = (operands: Operands): Contender[] => [
    ...(isComposed ? [{ ...opContender(workload, operands), name: 'composed' }] : []),
    ...(hasAuto ? [{ ...opContender(workload, operands), name: 'auto', took: automatic }] : []),
    ...(hasOurs ? ourContenders(pass, workload, operands, able) : []),
    ...(hasStock ? [stockContender(pass, workload, operands)] : []),
  ];
  const names = contenders({} as Operands).map(({ name }) => name); // Nothing runs, so nothing is needed.
  return { names, contenders, unable };
}
