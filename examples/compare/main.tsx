// SPDX-License-Identifier: Apache-2.0
/** The comparison lab: choose, run, look, share. */
import './compare.css';
import { type Remote, proxy, wrap } from 'comlink';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import { ENOUGH_SAMPLES } from '../../bench/averages';
import { counted } from '../../bench/numbers';
import { isWrong } from '../../bench/results';
import { download } from '../site/download';
import { showPage } from '../site/shell';
import { type LabResults, toCsv, toJson } from './export';
import { ModelPanel } from './model_panel';
import { type Plan, formatPlan, parsePlan, planWithin } from './plan';
import { PlanForm } from './plan_form';
import { ResultPlot, ResultTable } from './results';
import { type Run, fromAddress, inAddress, merged, named } from './runs';
import { OtherRuns, SideBySide } from './runs_panel';
import { type LabRow, cellsOf, isModel, sentence } from './verdict';
import type { Environment, Lab, Progress } from './worker';

/** A worker with the lab in it; ended by {@link end}. */
interface Bench {
  readonly lab: Remote<Lab>;
  end(): void;
}

function openBench(): Bench {
  const worker = new Worker(new URL('../site/worker.ts', import.meta.url), { type: 'module', name: 'compare' });
  return { lab: wrap<Lab>(worker), end: () => worker.terminate() };
}

function ComparisonLab(): VNode {
  const [plan, setPlan] = useState(() => parsePlan(location.search));
  const [environment, setEnvironment] = useState<Environment>();
  const [rows, setRows] = useState<readonly LabRow[]>([]);
  const [progress, setProgress] = useState<Progress>();
  const [message, setMessage] = useState('');
  const [name, setName] = useState('');
  const [others, setOthers] = useState<readonly Run[]>([]);
  const bench = useRef<Bench | undefined>(undefined);
  const running = progress !== undefined;

  useEffect(() => {
    bench.current = openBench();
    void bench.current.lab.environment().then((found) => {
      setEnvironment(found);
      const present = found.backends.map(({ name }) => name);
      setPlan((before) => planWithin(before, present));
    });
    return () => bench.current?.end();
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => history.replaceState(null, '', formatPlan(plan) + location.hash), 150);
    return () => clearTimeout(timer);
  }, [plan]);

  useEffect(() => {
    const take = async (): Promise<void> => {
      try {
        const found = await fromAddress(location.hash);
        if (found) setOthers((before) => [...before, named(found, before)]);
      } catch (error) {
        setMessage((error as Error).message);
      }
    };
    const listen = (): void => void take();
    listen();
    addEventListener('hashchange', listen);
    return () => removeEventListener('hashchange', listen);
  }, []);

  /** Something that the worker does, telling how far it is, and row by row what it has measured. */
  const measure = async (
    work: (lab: Remote<Lab>, onProgress: (next: Progress) => void, onRow: (row: LabRow) => void) => Promise<void>,
  ): Promise<void> => {
    setMessage('');
    setProgress({ done: 0, all: 1, now: 'starting' });
    try {
      await work(
        bench.current!.lab,
        proxy((next: Progress) => setProgress((before) => before && next)),
        proxy((row: LabRow) => setRows((before) => [...before, row])),
      );
      setMessage('Done.');
    } catch (error) {
      setMessage(`The run ended with an error: ${(error as Error).message}`);
    }
    setProgress(undefined);
  };
  const run = (): Promise<void> => {
    setRows(cellsOf(rows).flatMap((cell) => (cell.rows.some(isModel) ? cell.rows : [])));
    return measure((lab, onProgress, onRow) => lab.run(plan, onProgress, onRow));
  };
  const raceModel = (files: readonly File[]): Promise<void> => {
    // One of the same name takes the place of the last.
    setRows(rows.filter(({ workload }) => files.every((file) => file.name !== workload)));
    return measure((lab, onProgress, onRow) => lab.race(plan, files, onProgress, onRow));
  };
  const stop = (): void => {
    // A kernel in the middle of its work hears nothing, so its worker is ended and another one opened.
    bench.current!.end();
    bench.current = openBench();
    setProgress(undefined);
    setMessage('Stopped. What had been measured is kept.');
  };
  const results = (): LabResults => ({
    name: name.trim(),
    date: new Date().toISOString(),
    userAgent: navigator.userAgent,
    devices: Object.fromEntries(environment?.backends.map(({ name, device }) => [name, device]) ?? []),
    tfjs: tfjsVersion,
    plan,
    rows,
  });
  const fileName = `comparison${name.trim() && `-${name.trim().replace(/[^\p{L}\p{N}]+/gu, '-')}`}`;
  const exportJson = (): void => download(`${fileName}.json`, toJson(results()), 'application/json');
  const exportCsv = (): void => download(`${fileName}.csv`, toCsv(results()), 'text/csv');
  const copyLink = async (): Promise<void> => {
    const address = new URL(location.href);
    address.search = formatPlan(plan);
    const hash = rows.length > 0 ? await inAddress({ ...results(), plan: undefined }) : '';
    address.hash = hash ?? '';
    try {
      await navigator.clipboard.writeText(address.href);
      const what = rows.length > 0 ? 'Copied: the address of this page with these results.' : 'Copied: the settings.';
      setMessage(
        hash === undefined ? 'Copied the settings only: these results are too long; save and send them.' : what,
      );
    } catch (error) {
      setMessage(`The browser does not let this page copy: ${(error as Error).message}`);
    }
  };
  const own = named({ name: name.trim() || 'this device', date: '', machine: '', rows }, others);
  const runs = [...(rows.length > 0 ? [own] : []), ...others];
  const shown = useMemo(() => merged(runs), [rows, others, name]);
  const drop = (next: readonly Run[]): void => {
    // What is removed does not come back when the page is loaded again.
    if (next.length < others.length) history.replaceState(null, '', formatPlan(plan));
    setOthers(next);
  };
  const atRest = environment ? 'Ready.' : 'Looking for backends …';
  const nothing = whatIsMissing(plan);
  const cannotRace = running || !environment || plan.backends.length === 0;
  const wrong = shown.filter(isWrong).length;
  return (
    <>
      <section class="panel short" aria-label="In short">
        <h2>In short</h2>
        {shown.length > 0 ? (
          <p data-testid="sentence">{sentence(shown) || 'Nothing to compare yet.'}</p>
        ) : (
          <p>
            Press Run: every contender of a layer is timed in turn with the others, and its result is checked. Who won,
            by how much, on what will stand here. Save the results, or copy a link to them, and open those of other
            devices: they are put side by side.
          </p>
        )}
      </section>
      <div class="columns">
        <form onSubmit={(event) => event.preventDefault()}>
          <details class="setup" open={matchMedia('(min-width: 56rem)').matches}>
            <summary>
              <h2>What to compare</h2>
            </summary>
            <PlanForm
              plan={plan}
              environment={environment}
              onChange={(next) => {
                setMessage('');
                setPlan(next);
              }}
              onModel={(text) => bench.current!.lab.layersOfModelJson(text)}
            />
            <ModelPanel disabled={cannotRace} onRace={(files) => void raceModel(files)} />
          </details>
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
              <button disabled={rows.length === 0} onClick={exportJson}>
                Save results
              </button>
              <button disabled={rows.length === 0} onClick={exportCsv}>
                Save as CSV
              </button>
              <button disabled={running} onClick={() => void copyLink()}>
                Copy link
              </button>
              <label class="soft">
                Name of this device{' '}
                <input
                  type="text"
                  size={14}
                  maxLength={40}
                  value={name}
                  onInput={(event) => setName(event.currentTarget.value)}
                />
              </label>
            </div>
            {running && <progress max={progress.all} value={progress.done} aria-label="Progress" />}
            <p class="soft" role="status" data-testid="status">
              {running ? `${progress.done} of ${progress.all} · ${progress.now}` : message || nothing || atRest}
            </p>
            {wrong > 0 && (
              <p class="error" role="alert">
                {counted(wrong, 'result')} wrong: red, and no time of theirs counts.
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
          <OtherRuns others={others} onChange={drop} />
          {shown.length > 0 && (
            <>
              {runs.length > 1 && <SideBySide runs={runs} />}
              <section class="panel" aria-label="Plot">
                <h2>Plot</h2>
                <ResultPlot rows={shown} />
              </section>
              <section class="panel" aria-label="Table">
                <h2>Table</h2>
                <ResultTable rows={shown} />
                <p class="soft">
                  auto → matmul: the op as users call it, which took matmul. Medians of interleaved samples. A verdict
                  takes {ENOUGH_SAMPLES} of them: of fewer, not even the least and the most hold the median 15 times in
                  16. Whose intervals overlap are level. ~ is from fewer, or extrapolated from a part of the channels.
                  Useful operations (GFLOP) are the multiply-adds of the definition, two each. 256 elements of every
                  result (all of a smaller one) are compared with the definition in float64. Of a whole model, the bound
                  is a ten-thousandth of the largest value, as far as install() may be from stock.
                </p>
              </section>
            </>
          )}
        </div>
      </div>
    </>
  );
}

/** Why a plan cannot be run, or ''. */
function whatIsMissing(plan: Plan): string {
  if (plan.backends.length === 0) return 'Choose a backend.';
  if (plan.contenders.length === 0) return 'Choose a contender: auto is what users get.';
  if (plan.passes.length === 0) return 'Choose a pass.';
  if (plan.workloads.length + plan.own.length === 0) return 'Choose a layer, or add one of your own.';
  return '';
}

showPage({
  page: 'compare',
  lead:
    'All variants and stock TensorFlow.js side by side, on every backend that this browser has. A result that is ' +
    'wrong is red, not fast.',
  children: <ComparisonLab />,
});
