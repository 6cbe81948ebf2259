// SPDX-License-Identifier: Apache-2.0
/** Train, pause, save and load, and how long an epoch takes: the same for all trainings in a page. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { counted, significant } from '../../bench/numbers';
import { download } from '../site/download';
import { Select } from '../site/select';
import { AUTO, STOCK_BATCH, type Pace, type PaceReport, duration } from './pace_report';

/** What a page asks of the worker that trains. */
export interface Trainer {
  paces(): Promise<PaceReport>;
  choose(backend: string): Promise<void>;
  stockPaces(): Promise<(Pace | { why: string })[]>;
  pause(): Promise<void>;
  save(): Promise<Uint8Array>;
  load(bytes: Uint8Array, name: string): Promise<unknown>;
  reset(): Promise<void>;
}

/** How often the page asks how fast it goes. */
const REPORT_MS = 1000;

interface PanelProps {
  readonly trainer: Trainer | undefined;
  readonly stepsPerEpoch: number;
  readonly training: boolean;
  readonly step: number;
  /** What the last step came to, in words. */
  readonly losses: string;
  /** A backend that is being tried while it trains; '' if none is. */
  readonly trying: string;
  /** The name of a saved file. */
  readonly file: string;
  /** Starts the training; resolves when it has been paused. */
  train(): Promise<void>;
  /** Called after something else has been put in the place of what was trained. */
  replaced(step: number): void;
  readonly children?: ComponentChildren;
}

export function TrainingPanel({
  trainer,
  stepsPerEpoch,
  training,
  step,
  losses,
  trying,
  file,
  train,
  replaced,
  children,
}: PanelProps): VNode {
  const [report, setReport] = useState<PaceReport>();
  const [stock, setStock] = useState<readonly (Pace | { why: string })[]>();
  const [said, setSaid] = useState<{ text: string; bad?: boolean }>({ text: '' });
  const [busy, setBusy] = useState(false);
  const paces = report?.paces ?? [];
  const ask = async (): Promise<void> => setReport(await trainer!.paces());
  useEffect(() => void (trainer && ask()), [trainer, trying, training]);
  useEffect(() => {
    if (!training) return;
    const timer = setInterval(() => void ask(), REPORT_MS);
    return () => clearInterval(timer);
  }, [training]);

  const guarded = async (what: string, work: () => Promise<string | void>): Promise<void> => {
    setBusy(true);
    setSaid({ text: what });
    try {
      setSaid({ text: (await work()) ?? '' });
    } catch (error) {
      setSaid({ text: (error as Error).message, bad: true });
    }
    setBusy(false);
  };
  const start = (): void => {
    setSaid({ text: '' });
    void train().catch((error: Error) => setSaid({ text: error.message, bad: true }));
  };
  const choose = (backend: string): Promise<void> =>
    guarded('', async () => {
      await trainer!.choose(backend).finally(ask);
    });
  const timeStock = (): Promise<void> =>
    guarded('Timing a step with stock kernels; on the CPU that takes a while …', async () => {
      setStock(await trainer!.stockPaces());
      await ask();
    });
  const load = (input: HTMLInputElement): Promise<void> =>
    guarded('Loading …', async () => {
      const chosen = input.files?.[0];
      if (!chosen) return;
      try {
        replaced((await trainer!.load(new Uint8Array(await chosen.arrayBuffer()), chosen.name)) as number);
      } finally {
        input.value = ''; // So that the same file can be chosen again.
      }
      return `Loaded ${chosen.name}.`;
    });
  const first = training && !losses ? 'Drawing the digits to learn from …' : '';
  const doing = trying ? `Trying for a few seconds whether ${trying} is faster …` : first;
  const epoch = (ms: number): string => duration(ms * stepsPerEpoch);
  const slower = ({ backend, ms, atLeast }: Pace): string => `${atLeast ? 'slower' : epoch(ms)} on ${backend}`;
  const withStock = (pace: Pace | { why: string }): string => {
    if ('why' in pace) return ` With stock kernels: ${pace.why.split('\n')[0]}.`;
    const ratio = `${significant(pace.ms / paces[0].ms)} times as long`;
    const how = `from a step of ${counted(STOCK_BATCH, 'image')}`;
    return ` With stock kernels on ${pace.backend} it would take ${epoch(pace.ms)}: ${ratio} (${how}).`;
  };
  return (
    <section class="panel" aria-label="Training">
      <h2>Training</h2>
      {children}
      <div class="row">
        {training ? (
          <button class="primary" onClick={() => void trainer!.pause()}>
            Pause
          </button>
        ) : (
          <button class="primary" disabled={!trainer || busy} onClick={start}>
            Train
          </button>
        )}
        <button
          disabled={!trainer || training || busy}
          onClick={() =>
            void guarded('', async () => {
              await trainer!.reset();
              replaced(0);
              return 'All weights are new.';
            })
          }
        >
          Start over
        </button>
        <button
          disabled={!trainer || busy}
          onClick={() =>
            void guarded('Saving …', async () => {
              download(file, (await trainer!.save()) as Uint8Array<ArrayBuffer>, 'application/octet-stream');
              return `Saved ${file}.`;
            })
          }
        >
          Save
        </button>
        <label class={`button ${!trainer || busy || training ? 'disabled' : ''}`}>
          Load
          <input
            class="hidden-file"
            type="file"
            accept=".safetensors"
            aria-label="Load a checkpoint"
            disabled={!trainer || busy || training}
            onChange={(event) => void load(event.currentTarget)}
          />
        </label>
      </div>
      <p role="status" class={said.bad ? 'error' : 'soft'} data-testid="training-status">
        {said.text || doing}
      </p>
      <p data-testid="progress">
        Step {step}, epoch {(step / stepsPerEpoch).toFixed(1)}
        {losses && `: ${losses}`}
      </p>
      <Select
        label="Backend"
        testId="training-backend"
        value={report?.chosen ?? AUTO}
        choices={report?.choices ?? [AUTO]}
        disabled={!report}
        text={(name) => (name === AUTO ? 'the fastest that is found' : name)}
        onChange={(name) => void choose(name)}
      />
      {paces.length > 0 && (
        <p class="soft" data-testid="pace">
          An epoch of {counted(stepsPerEpoch, 'step')} takes about <b>{epoch(paces[0].ms)}</b> on {paces[0].backend}
          {paces.length > 1 && ` (${paces.slice(1).map(slower).join(', ')})`}.
          {report?.device && ` It trains on the ${report.device}.`}
          {stock?.map(withStock)}
        </p>
      )}
      {!stock && (
        <button disabled={!trainer || training || busy} onClick={() => void timeStock()}>
          Time stock kernels, too
        </button>
      )}
    </section>
  );
}
