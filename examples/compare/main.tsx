// SPDX-License-Identifier: Apache-2.0
/** The comparison lab: choose, run, look, share. */
import './compare.css';
import { type Remote, proxy, wrap } from 'comlink';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import { isWrong } from '../../bench/results';
import { download } from '../site/download';
import { showPage } from '../site/shell';
import { type LabResults, toCsv, toJson } from './export';
import { type Plan, formatPlan, parsePlan, planWithin } from './plan';
import { PlanForm } from './plan_form';
import { ResultPlot, ResultTable } from './results';
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
    void bench.current.lab.environment().then((found) => {
      setEnvironment(found);
      const present = found.backends.map(({ name }) => name);
      setPlan((before) => planWithin(before, present));
    });
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
  const exportJson = (): void => download('comparison.json', toJson(results()), 'application/json');
  const exportCsv = (): void => download('comparison.csv', toCsv(results()), 'text/csv');
  const atRest = environment ? 'Ready.' : 'Looking for backends …';
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
            <button disabled={rows.length === 0} onClick={exportJson}>
              Export JSON
            </button>
            <button disabled={rows.length === 0} onClick={exportCsv}>
              Export CSV
            </button>
          </div>
          {running && <progress max={progress.all} value={progress.done} aria-label="Progress" />}
          <p class="soft" role="status" data-testid="status">
            {nothing || (running ? `${progress.done} of ${progress.all} · ${progress.now}` : message || atRest)}
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

showPage({
  page: 'compare',
  lead:
    'All variants and stock TensorFlow.js side by side, on every backend that this browser has. A result that is ' +
    'wrong is red, not fast.',
  children: <ComparisonLab />,
});
