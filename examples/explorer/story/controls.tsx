// SPDX-License-Identifier: Apache-2.0
/** What a step lets one set, as a few buttons each. */
import type { VNode } from 'preact';
import { PAD_KINDS, SLIDERS, type Settings, type SliderName } from '../settings';

/** In the story kernels and inputs stay short enough for numbers on a phone. */
const MOST = 5;

interface StepControlsProps {
  readonly controls: readonly (SliderName | 'pad')[];
  readonly settings: Settings;
  onChange(settings: Settings): void;
}

export function StepControls({ controls, settings, onChange }: StepControlsProps): VNode {
  return (
    <div class="row step-controls">
      {controls.map((name) => {
        const { label, least, most } = name === 'pad' ? { label: 'Crop', least: 0, most: 0 } : SLIDERS[name];
        const choices =
          name === 'pad'
            ? PAD_KINDS.map((pad) => ({ text: pad === 'number' ? `${settings.padding}` : `'${pad}'`, change: { pad } }))
            : Array.from({ length: Math.min(most, MOST) - least + 1 }, (_, n) => {
                return { text: `${least + n}`, change: { [name]: least + n } };
              });
        const [key] = Object.keys(choices[0].change) as (keyof Settings)[];
        return (
          <div class="row" role="group" aria-label={label}>
            <span>{label}</span>
            {choices.map(({ text, change }) => (
              <button
                aria-pressed={settings[key] === (change as Partial<Settings>)[key]}
                onClick={() => onChange({ ...settings, ...change })}
              >
                {text}
              </button>
            ))}
          </div>
        );
      })}
    </div>
  );
}
