// SPDX-License-Identifier: Apache-2.0
/** Fields for the numbers of the line: input and kernel. */
import type { VNode } from 'preact';
import { type Numbers, LARGEST } from '../values';

const ROWS = [
  { name: 'x', label: 'Input' },
  { name: 'w', label: 'Kernel' },
] as const;

interface NumbersProps {
  readonly numbers: Numbers;
  onChange(name: 'x' | 'w', index: number, value: number): void;
}

export function NumberFields({ numbers, onChange }: NumbersProps): VNode {
  return (
    <div class="numbers">
      {ROWS.map(({ name, label }) => (
        <fieldset>
          <legend>{label}</legend>
          {numbers[name].map((value, n) => (
            <input
              type="number"
              min={-LARGEST}
              max={LARGEST}
              step="any"
              value={value}
              aria-label={`${label} ${n}`}
              data-testid={`${name}-${n}`}
              onInput={(event) => {
                const typed = event.currentTarget.valueAsNumber;
                if (!Number.isNaN(typed)) onChange(name, n, typed);
              }}
            />
          ))}
        </fieldset>
      ))}
    </div>
  );
}
