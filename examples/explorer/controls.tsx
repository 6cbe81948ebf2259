// SPDX-License-Identifier: Apache-2.0
/** All settings as sliders; and for impossible ones what is wrong, with buttons that mend them. */
import type { VNode } from 'preact';
import { Select } from '../site/select';
import type { Impossible } from './axis';
import { DEFAULTS, PAD_KINDS, SLIDERS, type Settings, type SliderName, WEIGHT_KINDS } from './settings';

interface SettingsProps {
  readonly settings: Settings;
  onChange(settings: Settings): void;
}

export function Controls({ settings, onChange }: SettingsProps): VNode {
  const set = (name: SliderName, text: string): void => {
    const { least, most } = SLIDERS[name];
    const value = Math.round(Number(text));
    if (text.trim() === '' || Number.isNaN(value)) return;
    onChange({ ...settings, [name]: Math.min(most, Math.max(least, value)) });
  };
  return (
    <details class="panel settings" open={matchMedia('(min-width: 56rem)').matches}>
      <summary>
        <h2>Settings</h2>
      </summary>
      {(Object.keys(SLIDERS) as SliderName[]).map((name) => {
        const { label, least, most } = SLIDERS[name];
        const disabled = name === 'padding' && settings.pad !== 'number';
        const input = { min: least, max: most, step: 1, value: settings[name], disabled, 'data-testid': name };
        return (
          <div class="slider">
            <label for={`${name}-slider`}>{label}</label>
            <input
              id={`${name}-slider`}
              type="range"
              {...input}
              onInput={(event) => set(name, event.currentTarget.value)}
            />
            <input
              type="number"
              aria-label={`${label}, as a number`}
              {...input}
              data-testid={`${name}-number`}
              onChange={(event) => set(name, event.currentTarget.value)}
            />
          </div>
        );
      })}
      <Select
        label="Pad"
        testId="pad"
        value={settings.pad}
        choices={PAD_KINDS}
        text={(kind) => (kind === 'number' ? 'a number, by the slider' : `'${kind}'`)}
        onChange={(pad) => onChange({ ...settings, pad })}
      />
      <Select
        label="Weights"
        testId="weights"
        value={settings.weights}
        choices={WEIGHT_KINDS}
        onChange={(weights) => onChange({ ...settings, weights })}
      />
      <button onClick={() => onChange(DEFAULTS)}>Reset</button>
      <p class="soft">
        Padding is what the forward convolution pads; a transposed one crops it. The same settings hold for both axes.
      </p>
    </details>
  );
}

/** What is wrong with impossible settings, with buttons that mend them. */
export function Advice({
  settings,
  impossible: { message, remedies },
  onChange,
}: SettingsProps & { impossible: Impossible }): VNode {
  return (
    <section class="panel" aria-label="Impossible settings">
      <h2>These settings are impossible</h2>
      <p class="error" role="alert" data-testid="impossible">
        The output {message.replace(/-(?=\d)/g, '−')}.
      </p>
      <p>What would do, all else being as it is:</p>
      <div class="row">
        {remedies.map(({ name, values }) => {
          const nearest = values.reduce((a, b) =>
            Math.abs(b - settings[name]) < Math.abs(a - settings[name]) ? b : a,
          );
          return (
            <button onClick={() => onChange({ ...settings, [name]: nearest })}>
              {SLIDERS[name].label} {ranges(values)}
            </button>
          );
        })}
        {remedies.length === 0 && (
          <button onClick={() => onChange(DEFAULTS)}>No single setting mends this: reset</button>
        )}
      </div>
    </section>
  );
}

/** [0, 1, 2, 4] as '0–2 or 4'. */
function ranges(values: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last && last[1] === value - 1) last[1] = value;
    else runs.push([value, value]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(' or ');
}
