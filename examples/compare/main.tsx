// SPDX-License-Identifier: Apache-2.0
/** The comparison lab: choose, run, look, share. */
import './compare.css';
import { type Remote, proxy, wrap } from 'comlink';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import { PASSES } from '../../bench/pass_names';
import data from '../../bench/workloads.json' with { type: 'json' };
import { download } from '../site/download';
import { showPage } from '../site/shell';
import { type LabResults, toCsv, toJson } from './export';
import { EXAMPLE, NUMBERS, type OwnLayer, workloadOf } from './own_layer';
import { BACKENDS, CONTENDERS, type Plan, formatPlan, parsePlan } from './plan';
import { ResultPlot, ResultTable, isWrong } from './results';
import type { Environment, Lab, LabRow, Progress } from './worker';

/** A worker with the lab in it; ended by {@link end}. */
interface Bench {
  readonly lab: Remote<Lab>;
  end(): void;
}

function openBench(): Bench {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return { lab: wrap<Lab>(worker), end: () => worker.terminate() };
}

function ComparisonLab(): VNode {
  const [plan, setPlan] = useState(() => parsePlan(location.search));
  const [environment, setEnvironment] = useState<Environment>();
  const [rows, setRows] = useState<readonly LabRow[]>([]);
  const [progress, setProgress] = useState<Progress>();
  const [message, setMessage] = useState('');
  const bench = useRef<Bench | undefined>(undefined);
  const running = progress !== undefined;

  useEffect(() => {
    bench.current = openBench();
    void bench.current.lab.environment().then(setEnvironment);
    return () => bench.current?.end();
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => history.replaceState(null, '', formatPlan(plan)), 150);
    return () => clearTimeout(timer);
  }, [plan]);

  const run = async (): Promise<void> => {
    setRows([]);
    setMessage('');
    setProgress({ done: 0, all: 1, now: 'starting' });
    const { current } = bench;
    try {
      await current!.lab.run(
        plan,
        proxy((next: Progress) => setProgress((before) => before && next)),
        proxy((row: LabRow) => setRows((before) => [...before, row])),
      );
      setMessage('Done.');
    } catch (error) {
      setMessage(`The run ended with an error: ${(error as Error).message}`);
    }
    setProgress(undefined);
  };
  const stop = (): void => {
    // A kernel in the middle of its work hears nothing, so its worker is ended and another one opened.
    bench.current!.end();
    bench.current = openBench();
    setProgress(undefined);
    setMessage('Stopped. What had been measured is kept.');
  };
  const results = (): LabResults => ({
    date: new Date().toISOString(),
    userAgent: navigator.userAgent,
    devices: Object.fromEntries(environment?.backends.map(({ name, device }) => [name, device]) ?? []),
    tfjs: tfjsVersion,
    plan,
    rows,
  });
  const nothing = whatIsMissing(plan);
  const wrong = rows.filter(isWrong).length;
  return (
    <div class="columns">
      <form onSubmit={(event) => event.preventDefault()}>
        <PlanForm
          plan={plan}
          environment={environment}
          onChange={setPlan}
          onModel={(text) => bench.current!.lab.layersOfModelJson(text)}
        />
      </form>
      <div>
        <section class="panel" aria-label="Run">
          <div class="row">
            <button class="primary" disabled={running || !environment || nothing !== ''} onClick={() => void run()}>
              Run
            </button>
            <button disabled={!running} onClick={stop}>
              Stop
            </button>
            <button
              disabled={rows.length === 0}
              onClick={() => download('comparison.json', toJson(results()), 'application/json')}
            >
              Export JSON
            </button>
            <button
              disabled={rows.length === 0}
              onClick={() => download('comparison.csv', toCsv(results()), 'text/csv')}
            >
              Export CSV
            </button>
          </div>
          {running && <progress max={progress.all} value={progress.done} aria-label="Progress" />}
          <p class="soft" role="status" data-testid="status">
            {nothing ||
              (running
                ? `${progress.done} of ${progress.all} · ${progress.now}`
                : message || (environment ? 'Ready.' : 'Looking for backends …'))}
          </p>
          {wrong > 0 && (
            <p class="error" role="alert">
              {wrong} {wrong === 1 ? 'result is' : 'results are'} wrong: they are red, and no time counts.
            </p>
          )}
          {environment && (
            <p class="soft" data-testid="environment">
              {environment.backends.map(({ name, device }) => `${name}: ${device}`).join(' · ')}
              <br />
              {navigator.userAgent} · tfjs {tfjsVersion}
            </p>
          )}
        </section>
        {rows.length > 0 && (
          <>
            <section class="panel" aria-label="Plot">
              <h2>Plot</h2>
              <ResultPlot rows={rows} />
            </section>
            <section class="panel" aria-label="Table">
              <h2>Table</h2>
              <ResultTable rows={rows} />
              <p class="soft">
                Medians of interleaved samples; useful operations are the multiply-adds of the definition, two each. 256
                elements of every result (all of a smaller one) are compared with the definition in float64. ~ is
                extrapolated from a part of the channels.
              </p>
            </section>
          </>
        )}
        {rows.length === 0 && (
          <section class="panel">
            <p class="soft">
              Press Run: every contender of a layer is timed in turn with the others, and its result is checked. The
              address of this page holds what you have chosen; send it to somebody to compare.
            </p>
          </section>
        )}
      </div>
    </div>
  );
}

/** Why a plan cannot be run, or ''. */
function whatIsMissing(plan: Plan): string {
  if (plan.backends.length === 0) return 'Choose a backend.';
  if (plan.contenders.length === 0) return 'Choose a variant, or stock.';
  if (plan.passes.length === 0) return 'Choose a pass.';
  if (plan.workloads.length + plan.own.length === 0) return 'Choose a layer, or add one of your own.';
  return '';
}

interface PlanFormProps {
  readonly plan: Plan;
  readonly environment: Environment | undefined;
  onChange(plan: Plan): void;
  onModel(text: string): Promise<{ layers: readonly OwnLayer[]; note: string }>;
}

function PlanForm({ plan, environment, onChange, onModel }: PlanFormProps): VNode {
  const present = environment?.backends.map(({ name }) => name);
  return (
    <section class="panel" aria-label="What to compare">
      <Choices
        legend="Backends"
        all={BACKENDS}
        chosen={plan.backends}
        onChange={(backends) => onChange({ ...plan, backends })}
        why={(name) => (present && !present.includes(name) ? 'not in this browser' : '')}
      />
      <Choices
        legend="Contenders"
        all={CONTENDERS}
        chosen={plan.contenders}
        onChange={(contenders) => onChange({ ...plan, contenders })}
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
      <label>
        Seconds for each:{' '}
        <input
          type="number"
          min={0.2}
          max={60}
          step={0.1}
          value={plan.seconds}
          onChange={(event) => {
            const seconds = Number(event.currentTarget.value);
            if (seconds > 0 && seconds <= 60) onChange({ ...plan, seconds });
          }}
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
}

function Choices<T extends string>({ legend, all, chosen, onChange, why }: ChoicesProps<T>): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {all.map((value) => {
        const reason = why?.(value) ?? '';
        return (
          <label class="choice">
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              disabled={reason !== '' && !chosen.includes(value)}
              onChange={() => onChange(all.filter((one) => toggled(chosen, value).includes(one)))}
            />
            <span>
              {value} {reason !== '' && <small>{reason}</small>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

interface OwnLayersProps {
  readonly own: readonly OwnLayer[];
  onChange(own: readonly OwnLayer[]): void;
  onModel: PlanFormProps['onModel'];
}

const LABELS: Readonly<Record<(typeof NUMBERS)[number], string>> = {
  batch: 'batch',
  inHeight: 'height',
  inWidth: 'width',
  inChannels: 'channels in',
  outChannels: 'channels out',
  kernelHeight: 'kernel height',
  kernelWidth: 'kernel width',
  strideHeight: 'stride down',
  strideWidth: 'stride across',
  dilationHeight: 'dilation down',
  dilationWidth: 'dilation across',
  groups: 'groups',
  outputPaddingHeight: 'output padding below',
  outputPaddingWidth: 'output padding right',
};

function OwnLayers({ own, onChange, onModel }: OwnLayersProps): VNode {
  const [draft, setDraft] = useState<OwnLayer>(EXAMPLE);
  const [said, setSaid] = useState<{ text: string; bad: boolean }>({ text: '', bad: false });
  const add = (): void => {
    const name = draft.name.trim().replace(/:/g, '-');
    try {
      if (name === '') throw new RangeError('Give the layer a name.');
      if (own.some((layer) => layer.name === name) || data.workloads.some((layer) => layer.name === name))
        throw new RangeError(`There is a layer '${name}' already; give this one another name.`);
      workloadOf({ ...draft, name });
      onChange([...own, { ...draft, name }]);
      setSaid({ text: `Added '${name}'.`, bad: false });
    } catch (error) {
      setSaid({ text: (error as Error).message, bad: true });
    }
  };
  const read = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      const { layers, note } = await onModel(await file.text());
      const fresh = layers.filter(({ name }) => !own.some((layer) => layer.name === name));
      onChange([...own, ...fresh]);
      setSaid({
        text: `${file.name}: ${layers.length} transposed ${layers.length === 1 ? 'layer' : 'layers'}. ${note}`,
        bad: false,
      });
    } catch (error) {
      setSaid({ text: `${file.name}: ${(error as Error).message}`, bad: true });
    }
  };
  return (
    <fieldset
      class="own"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void read(event.dataTransfer?.files[0]);
      }}
    >
      <legend>Layers of your own</legend>
      {own.map((layer) => (
        <div class="row">
          <span>
            {layer.name}{' '}
            <small class="soft">{`${layer.batch}×${layer.inHeight}×${layer.inWidth}×${layer.inChannels} → ${layer.outChannels}, ${layer.kernelHeight}×${layer.kernelWidth} /${layer.strideHeight}, ${layer.pad}`}</small>
          </span>
          <button
            class="quiet"
            aria-label={`Remove ${layer.name}`}
            onClick={() => onChange(own.filter((other) => other !== layer))}
          >
            ✕
          </button>
        </div>
      ))}
      <details>
        <summary>Add a layer</summary>
        <div class="own-form">
          <label>
            name{' '}
            <input
              type="text"
              value={draft.name}
              onInput={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
            />
          </label>
          {NUMBERS.map((key) => (
            <label>
              {LABELS[key]}{' '}
              <input
                type="number"
                name={key}
                min={key.startsWith('outputPadding') ? 0 : 1}
                value={draft[key]}
                onInput={(event) => setDraft({ ...draft, [key]: Number(event.currentTarget.value) })}
              />
            </label>
          ))}
          <label>
            pad{' '}
            <input
              type="text"
              name="pad"
              size={6}
              value={draft.pad}
              title="'same', 'valid', or a number of cells"
              onInput={(event) => setDraft({ ...draft, pad: event.currentTarget.value.trim() })}
            />
          </label>
        </div>
        <button onClick={add}>Add</button>
      </details>
      <p class="soft drop">
        Or drop a model.json here:{' '}
        <input
          type="file"
          accept=".json,application/json"
          aria-label="model.json"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
      </p>
      {said.text !== '' && (
        <p class={said.bad ? 'error' : 'soft'} role="status" data-testid="own-status">
          {said.text}
        </p>
      )}
    </fieldset>
  );
}

showPage({
  page: 'compare',
  lead: 'All variants and stock TensorFlow.js side by side, on every backend that this browser has. A result that is wrong is red, not fast.',
  children: <ComparisonLab />,
});
