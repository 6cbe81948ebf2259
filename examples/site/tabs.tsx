// SPDX-License-Identifier: Apache-2.0
/**
 * Tabs as the WAI-ARIA pattern has them: one stop of the Tab key, arrow keys, Home and End move among them, and each
 * names the panel that it shows. Source: https://www.w3.org/WAI/ARIA/apg/patterns/tabs.
 */
import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';

interface TabsProps<T extends string> {
  /** What the choice is about. */
  readonly label: string;
  readonly names: readonly T[];
  readonly chosen: T;
  /** What a tab shows; default: its name. */
  tab?(name: T, index: number): ComponentChildren;
  onChoose(name: T): void;
  /** For the row of tabs. */
  readonly class?: string;
  /** The panel of the one that is chosen. */
  readonly children: ComponentChildren;
}

export function Tabs<T extends string>({
  label,
  names,
  chosen,
  tab = (name) => name,
  onChoose,
  class: className = '',
  children,
}: TabsProps<T>): VNode {
  const id = useId();
  const idOf = (name: T): string => `${id}-${name.replace(/\W+/g, '-')}`;
  const move = (event: KeyboardEvent): void => {
    const at = names.indexOf(chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = names[(to + names.length) % names.length];
    onChoose(next);
    document.getElementById(idOf(next))?.focus();
  };
  return (
    <>
      <div class={`row ${className}`} role="tablist" aria-label={label} onKeyDown={move}>
        {names.map((name, index) => (
          <button
            type="button"
            role="tab"
            id={idOf(name)}
            aria-selected={name === chosen}
            aria-controls={name === chosen ? `${id}-panel` : undefined}
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => onChoose(name)}
          >
            {tab(name, index)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={idOf(chosen)}>
        {children}
      </div>
    </>
  );
}
