// SPDX-License-Identifier: Apache-2.0
/** The arithmetic explorer: settings, the picture of a variant with its steps, and the panels. */
import './explorer.css';
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Select } from '../site/select';
import { showPage } from '../site/shell';
import { SHOWN, storyOf } from './frames';
import { type Impossible, type Layer, isSame, makeLayer } from './layer';
import { ArithmeticPanel, CellPanel, CheckerboardPanel, CodePanel } from './panels';
import { type Choice, Scene } from './scenes';
import {
  DEFAULTS,
  PAD_KINDS,
  SLIDERS,
  type Settings,
  type SliderName,
  WEIGHT_KINDS,
  formatSettings,
  parseSettings,
} from './settings';

const FRAME_MS = 700;

function Explorer(): VNode {
  const [settings, setSettings] = useState(() => parseSettings(location.search));
  const made = useMemo(() => makeLayer(settings), [settings]);
  useEffect(() => {
    // Half-typed settings need no entries in the history.
    const timer = setTimeout(() => history.replaceState(null, '', formatSettings(settings)), 150);
    return () => clearTimeout(timer);
  }, [settings]);
  return (
    <div class="columns">
      <Controls settings={settings} onChange={setSettings} />
      {'message' in made ? (
        <Advice settings={settings} impossible={made} onChange={setSettings} />
      ) : (
        <div>
          <Player layer={made} />
          <div class="halves">
            <CheckerboardPanel layer={made} />
            <div>
              <ArithmeticPanel layer={made} />
              <CodePanel settings={settings} layer={made} />
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

interface SettingsProps {
  readonly settings: Settings;
  onChange(settings: Settings): void;
}

function Controls({ settings, onChange }: SettingsProps): VNode {
  const set = (name: SliderName, text: string): void => {
    const { least, most } = SLIDERS[name];
    const value = Math.round(Number(text));
    if (text.trim() === '' || Number.isNaN(value)) return;
    onChange({ ...settings, [name]: Math.min(most, Math.max(least, value)) });
  };
  return (
    <section class="panel" aria-label="Settings">
      <h2>Settings</h2>
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
    </section>
  );
}

/** What is wrong with impossible settings, with buttons that mend them. */
function Advice({
  settings,
  impossible: { message, remedies },
  onChange,
}: SettingsProps & { impossible: Impossible }): VNode {
  return (
    <section class="panel" aria-label="Impossible settings">
      <h2>These settings are impossible</h2>
      <p class="error" role="alert" data-testid="impossible">
        The output {message}.
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

/** The picture of a variant, its steps to play and to scrub, and the formula of a cell. */
function Player({ layer }: { layer: Layer }): VNode {
  const [variant, setVariant] = useState(SHOWN[0]);
  const [position, setPosition] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [pointed, setPointed] = useState<Choice>();
  const [pinned, setPinned] = useState<Choice>();
  const story = storyOf(variant);
  const last = story.count(layer) - 1;
  const at = Math.min(position, last);

  useEffect(() => {
    setPinned(undefined);
    setPointed(undefined);
  }, [layer]);
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(
      () => (at >= last ? setPlaying(false) : setPosition(at + 1)),
      Math.min(FRAME_MS, 12_000 / last),
    );
    return () => clearTimeout(timer);
  }, [playing, at, last]);
  useEffect(() => {
    const release = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setPinned(undefined);
    };
    document.addEventListener('keydown', release);
    return () => document.removeEventListener('keydown', release);
  }, []);

  const frame = story.frame(layer, at);
  const isPinned = (choice: Choice): boolean => pinned?.of === choice.of && isSame(pinned, choice);
  const choice = pinned ?? pointed;
  return (
    <section class="panel" aria-label="Picture">
      <div class="row" role="tablist" aria-label="Variant">
        {SHOWN.map((name) => (
          <button
            role="tab"
            aria-selected={name === variant}
            onClick={() => {
              setVariant(name);
              setPosition(0);
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <h3>{story.title}</h3>
      <div class="row scrubber">
        <button
          class="primary"
          aria-label={playing ? 'Pause' : 'Play'}
          onClick={() => {
            if (!playing && at >= last) setPosition(0);
            setPlaying(!playing);
          }}
        >
          {playing ? '❚❚' : '▶'}
        </button>
        <button aria-label="Step back" disabled={at === 0} onClick={() => setPosition(at - 1)}>
          ‹
        </button>
        <button aria-label="Step on" disabled={at === last} onClick={() => setPosition(at + 1)}>
          ›
        </button>
        <input
          type="range"
          aria-label="Step"
          data-testid="scrub"
          min={0}
          max={last}
          value={at}
          onInput={(event) => setPosition(Number(event.currentTarget.value))}
        />
        <span class="soft" data-testid="step">
          {at + 1} / {last + 1}
        </span>
      </div>
      <p class="caption" data-testid="caption">
        {frame.caption}
      </p>
      <Scene
        story={story}
        layer={layer}
        frame={frame}
        choice={choice}
        onPoint={setPointed}
        onPin={(cell) => setPinned(isPinned(cell) ? undefined : cell)}
      />
      <div class="cell-panel">
        <CellPanel layer={layer} choice={choice} pinned={pinned !== undefined} />
      </div>
    </section>
  );
}

showPage({
  page: 'explorer',
  lead:
    'A transposed convolution adds a copy of its kernel for every input. Change the numbers, watch four algorithms ' +
    'arrive at the same output, and point at any cell to see what meets there.',
  children: <Explorer />,
});
