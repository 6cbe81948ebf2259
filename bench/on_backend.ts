// SPDX-License-Identifier: Apache-2.0
/** Where layers are measured on a backend: in Node, or in headless Chromium if it runs on a GPU. */
import * as tf from '@tensorflow/tfjs';
import { descriptorNamed } from './backends';
import { benchOn, comparePass } from './compare_pass';
import { type Asked, fieldOf } from './field';
import { MACHINE } from './in_node';
import type { Limits } from './interleave';
import type { Pass } from './passes';
import { callsOf, inChromium } from './peers/chromium_page';
import type { ComparedCell, GpuPage } from './peers/gpu_page';
import type { Row } from './results';
import type { Workload } from './workloads';

/** A pass of a layer. */
export interface Cell {
  readonly workload: Workload;
  readonly pass: Pass;
}

/** Computes the rows of a cell in at most so many milliseconds, if that can be. */
type Measure = (cell: Cell, budget: number) => Promise<ComparedCell>;

/**
 * Operations per millisecond of the slowest on a software renderer. A cell that would take `PATIENCE` times its share,
 * and more than `SHORT` ms, is skipped.
 */
const SLOWEST = 0.15e6;
const PATIENCE = 4;
const SHORT = 500;

/** What a reader can do who misses what there was no time for. */
export const MORE_TIME = '--time-budget gives it more';

/** What was measured on a backend. */
export interface MeasuredCells {
  readonly rows: Row[];
  /** What it was measured on; `undefined` if the backend can't be had. */
  readonly machine?: string;
  /** What was not measured, and why. */
  readonly skipped: readonly string[];
}

/**
 * Measures cells on a backend.
 *
 * @param shareOf Milliseconds that a cell may take; asked once for each, before it.
 */
export async function measureCells(
  backend: string,
  asked: Asked,
  cells: readonly Cell[],
  limits: Omit<Limits, 'budget'>,
  shareOf: (cell: Cell) => number,
): Promise<MeasuredCells> {
  const isSlow = descriptorNamed(backend).runsOn === 'gpu';
  const rows: Row[] = [];
  const skipped = new Set<string>();
  const noTime = new Map<Pass, string[]>();
  let device: string | undefined;
  const outcome = await onBackend(backend, asked, limits, async (measure, machine) => {
    device = machine;
    for (const cell of cells) {
      const { workload, pass } = cell;
      const budget = shareOf(cell);
      if (budget <= 0 || (isSlow && workload.flops / SLOWEST > Math.max(budget * PATIENCE, SHORT))) {
        noTime.set(pass, [...(noTime.get(pass) ?? []), workload.name]);
        continue;
      }
      const compared = await measure(cell, budget);
      rows.push(...compared.rows);
      compared.unable.forEach((one) => skipped.add(`${backend} ${pass}, ${one.name}: ${one.reason}`));
      await new Promise((resume) => setImmediate(resume)); // Lets a progress bar be drawn.
    }
  });
  if (outcome) skipped.add(`${backend}: ${outcome.skipped}`);
  for (const line of noTimeLines(noTime)) skipped.add(`${backend}, no time (${MORE_TIME}): ${line}`);
  return { rows, skipped: [...skipped], ...(device !== undefined && { machine: device }) };
}

/** By pass, the layers for which there was no time: a line for all passes that lack the same. */
function noTimeLines(noTime: ReadonlyMap<Pass, readonly string[]>): string[] {
  const passes = new Map<string, Pass[]>();
  for (const [pass, layers] of noTime) {
    const names = layers.join(', ');
    passes.set(names, [...(passes.get(names) ?? []), pass]);
  }
  return [...passes].map(([names, of]) => `${of.join(', ')} of ${names}`);
}

/** Runs `body` with what measures on a backend, and what that runs on; or says why it can't. */
async function onBackend(
  backend: string,
  asked: Asked,
  limits: Omit<Limits, 'budget'>,
  body: (measure: Measure, machine: string) => Promise<void>,
): Promise<{ skipped: string } | undefined> {
  const { runsOn, device } = descriptorNamed(backend);
  if (runsOn === 'gpu') {
    const outcome = await inChromium('./gpu_page.ts', async (tab, browser) => {
      const page = callsOf<GpuPage>(tab);
      const renderer = await page.use(backend);
      if (renderer === undefined) return { skipped: `${browser} has no ${backend}` };
      const measure: Measure = ({ workload, pass }, budget) =>
        page.compare(workload.name, pass, asked, { ...limits, budget });
      await body(measure, `${browser}, ${renderer}`);
      return undefined;
    });
    return outcome;
  }
  if (!(await tf.setBackend(backend).catch(() => false))) return { skipped: `Node has no ${backend}` };
  const measure: Measure = async ({ workload, pass }, budget) => {
    const field = fieldOf(asked, workload, pass);
    const rows = await comparePass(benchOn(backend), pass, workload, field, { ...limits, budget });
    return { rows, unable: field.unable };
  };
  await body(measure, `${MACHINE}, ${device(tf.backend())}; Node ${process.version}`);
  return undefined;
}
