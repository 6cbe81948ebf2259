// SPDX-License-Identifier: Apache-2.0
/** A labelled choice among a few. */
import type { VNode } from 'preact';

interface SelectProps<T extends string | number> {
  readonly label: string;
  readonly testId: string;
  readonly value: T;
  readonly choices: readonly T[];
  readonly disabled?: boolean;
  /** How a choice is called; default: itself. */
  text?(choice: T): string;
  onChange(choice: T): void;
}

export function Select<T extends string | number>({
  label,
  testId,
  value,
  choices,
  disabled,
  text,
  onChange,
}: SelectProps<T>): VNode {
  return (
    <p>
      <label>
        {label}{' '}
        <select
          data-testid={testId}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(choices[event.currentTarget.selectedIndex])}
        >
          {choices.map((choice) => (
            <option value={choice}>{text?.(choice) ?? choice}</option>
          ))}
        </select>
      </label>
    </p>
  );
}
