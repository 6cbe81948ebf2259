// SPDX-License-Identifier: Apache-2.0
/** The form in which a comparison is planned. */
import type { VNode } from 'preact';
import { PASSES } from '../../src/contract';
import data from '../../bench/workloads.json' with { type: 'json' };
import type { FoundLayers } from './model_json';
import { OwnLayers } from './own_layers';
import { CONTENDERS, type ContenderName, type Plan } from './plan';
import type { Environment } from './worker';

const CONTENDER_REMARKS: Partial<Record<ContenderName, string>> = { auto: 'what users get', stock: 'tfjs’s own' };

interface PlanFormProps {
  readonly plan: Plan;
  readonly environment: Environment | undefined;
  onChange(plan: Plan): void;
  /** The layers of a model.json. */
  onModel(text: string): Promise<FoundLayers>;
}

export function PlanForm({ plan, environment, onChange, onModel }: PlanFormProps): VNode {
  const present = environment?.backends.map(({ name }) => name);
  const seconds = (text: string): void => {
    if (Number(text) > 0 && Number(text) <= 60) onChange({ ...plan, seconds: Number(text) });
  };
  return (
    <section class="panel" aria-label="What to compare">
      <Choices
        legend="Backends"
        all={environment?.registered ?? plan.backends}
        chosen={plan.backends}
        onChange={(backends) => onChange({ ...plan, backends })}
        why={(name) => (present && !present.includes(name) ? 'not in this browser' : '')}
      />
      <Choices
        legend="Contenders"
        all={CONTENDERS}
        chosen={plan.contenders}
        onChange={(contenders) => onChange({ ...plan, contenders })}
        remark={(name) => CONTENDER_REMARKS[name] ?? ''}
      />
      <Choices legend="Passes" all={PASSES} chosen={plan.passes} onChange={(passes) => onChange({ ...plan, passes })} />
      <fieldset>
        <legend>Layers of real networks</legend>
        <div class="layers">
          {data.workloads.map(({ name, from, x, kernel, outChannels, strides }) => (
            <label class="choice" title={from}>
              <input
                type="checkbox"
                checked={plan.workloads.includes(name)}
                onChange={() => onChange({ ...plan, workloads: toggled(plan.workloads, name) })}
              />
              <span>
                {name} <small>{`${x.slice(1).join('×')} → ${outChannels}, ${kernel.join('×')} /${strides[0]}`}</small>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <OwnLayers own={plan.own} onChange={(own) => onChange({ ...plan, own })} onModel={onModel} />
      <label title="For a pass of a layer on a backend. Who can make five samples in that time alone gets them.">
        Seconds for each:{' '}
        <input
          type="number"
          min={0.2}
          max={60}
          step={0.1}
          value={plan.seconds}
          onChange={(event) => seconds(event.currentTarget.value)}
        />
      </label>
    </section>
  );
}

function toggled<T>(chosen: readonly T[], value: T): T[] {
  return chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value];
}

interface ChoicesProps<T extends string> {
  readonly legend: string;
  readonly all: readonly T[];
  readonly chosen: readonly T[];
  onChange(chosen: T[]): void;
  /** Why one cannot be chosen, or ''. */
  why?(value: T): string;
  /** What one is, or ''. */
  remark?(value: T): string;
}

function Choices<T extends string>({ legend, all, chosen, onChange, why, remark }: ChoicesProps<T>): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {all.map((value) => {
        const reason = why?.(value) ?? '';
        const small = reason || (remark?.(value) ?? '');
        return (
          <label class="choice">
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              disabled={reason !== '' && !chosen.includes(value)}
              onChange={() => onChange(all.filter((one) => toggled(chosen, value).includes(one)))}
            />
            <span>
              {value} {small !== '' && <small>{small}</small>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
