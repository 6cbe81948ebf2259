// SPDX-License-Identifier: Apache-2.0
/** The multiplications of every variant side by side: all it needs, and how many have been made so far. */
import type { VNode } from 'preact';
import type { Variant } from '../../src/contract';
import { SHOWN, totalOf } from './frames';
import type { Layer } from './layer';

interface TotalsProps {
  readonly layer: Layer;
  readonly variant: Variant;
  readonly soFar: number;
}

export function Totals({ layer, variant, soFar }: TotalsProps): VNode {
  const totals = SHOWN.map((name) => ({ name, total: totalOf(name, layer) }));
  const most = Math.max(1, ...totals.map(({ total }) => total));
  const share = (count: number): string => `${(100 * count) / most}%`;
  return (
    <section class="totals" aria-label="Multiplications">
      <h3>Multiplications</h3>
      <dl>
        {totals.map(({ name, total }) => (
          <div class={name === variant ? 'running' : ''}>
            <dt>{name}</dt>
            <dd>
              <span class="bar" style={{ width: share(total) }}>
                <span style={{ width: name === variant && total > 0 ? `${(100 * soFar) / total}%` : '0%' }} />
              </span>
              <span class="count" data-testid={`total-${name}`}>
                {name === variant ? (
                  <>
                    <b data-testid="so-far">{soFar}</b> / {total}
                  </>
                ) : (
                  total
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
