// SPDX-License-Identifier: Apache-2.0
/** Runs of other devices: opened from files, listed, and put beside each other. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { counted, significant } from '../../bench/numbers';
import { MOST_BYTES, type Run, named, parseRun, sideBySide } from './runs';
import { type LabRow, isJudged, isRight } from './verdict';

interface OtherRunsProps {
  readonly others: readonly Run[];
  onChange(others: readonly Run[]): void;
}

/** The runs of all files that are some; of the rest, why not. */
async function opened(files: readonly File[], before: readonly Run[]): Promise<{ runs: Run[]; errors: string[] }> {
  const [runs, errors]: [Run[], string[]] = [[...before], []];
  for (const file of files) {
    try {
      if (file.size > MOST_BYTES) throw new Error(`Results are at most ${MOST_BYTES / 1e6} MB, but this is more`);
      runs.push(named(parseRun(await file.text(), file.name.replace(/\.json$/, '')), runs));
    } catch (error) {
      errors.push(`${file.name}: ${(error as Error).message}`);
    }
  }
  return { runs, errors };
}

export function OtherRuns({ others, onChange }: OtherRunsProps): VNode {
  const [errors, setErrors] = useState<readonly string[]>([]);
  const open = async (files: readonly File[]): Promise<void> => {
    const { runs, errors: said } = await opened(files, others);
    setErrors(said);
    if (runs.length > others.length) onChange(runs);
  };
  return (
    <section
      class="panel"
      aria-label="Other devices"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void open([...(event.dataTransfer?.files ?? [])]);
      }}
      data-testid="others"
    >
      <h2>Other devices</h2>
      <p class="soft">
        <label>
          Drop saved results here, of as many devices as you like, or of <code>npm start</code>:{' '}
          <input
            type="file"
            multiple
            accept=".json,application/json"
            aria-label="Results to open"
            onChange={(event) => void open([...(event.currentTarget.files ?? [])])}
          />
        </label>
      </p>
      {others.map((run) => (
        <div class="row run">
          <span>
            {run.name} <small class="soft">{[run.date.slice(0, 10), run.machine].filter(Boolean).join(' · ')}</small>
          </span>
          <button
            class="quiet remove"
            aria-label={`Remove ${run.name}`}
            onClick={() => onChange(others.filter((other) => other !== run))}
          />
        </div>
      ))}
      {errors.length > 0 && (
        <p class="error" role="alert" data-testid="others-error">
          {errors.map((error) => (
            <span>
              {error}
              <br />
            </span>
          ))}
        </p>
      )}
    </section>
  );
}

/** Milliseconds, and how many times as fast as stock on the same device. */
export function SideBySide({ runs }: { runs: readonly Run[] }): VNode {
  const lines = sideBySide(runs);
  return (
    <section class="panel" aria-label="Side by side">
      <h2>Side by side</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Devices side by side">
        <table data-testid="side-by-side" class="sticky">
          <thead>
            <tr>
              <th class="text">by</th>
              {runs.map(({ name }) => (
                <th>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ cell, contender, rows }, n) => (
              <>
                {cell !== lines[n - 1]?.cell && (
                  <tr class="first">
                    <th class="text" scope="rowgroup" colSpan={runs.length + 1}>
                      <span>{cell}</span>
                    </th>
                  </tr>
                )}
                <tr>
                  <th class="text" scope="row">
                    {contender}
                  </th>
                  {rows.map((row) => (
                    <td>{inBrief(row)}</td>
                  ))}
                </tr>
              </>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft">
        Milliseconds, and times as fast as stock on the same device; {counted(runs.length, 'device')}. ~ is from too few
        samples.
      </p>
    </section>
  );
}

function inBrief(row: LabRow | undefined): string {
  if (!row || row.reason !== undefined) return '–';
  if (!isRight(row)) return 'WRONG';
  const times = row.ratio === undefined || row.contender === 'stock' ? '' : ` (${significant(row.ratio)}×)`;
  return `${isJudged(row) ? '' : '~'}${significant(row.ms)}${times}`;
}
