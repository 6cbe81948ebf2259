// SPDX-License-Identifier: Apache-2.0
/** Where the main job measures a backend: in Node, or in headless Chromium if it runs on a GPU. */
import * as tf from '@tensorflow/tfjs';
import { descriptorNamed } from './backends';
import { benchOn, comparePass } from './compare_pass';
import { type Asked, fieldOf } from './field';
import { MACHINE } from './in_node';
import type { Limits } from './interleave';
import type { Pass } from './passes';
import { callsOf, inChromium } from './peers/chromium_page';
import type { ComparedCell, GpuPage } from './peers/gpu_page';
import type { Workload } from './workloads';

/** A pass of a layer. */
export interface Cell {
  readonly workload: Workload;
  readonly pass: Pass;
}

/** Computes the rows of a cell in at most so many milliseconds, if that can be. */
export type Measure = (cell: Cell, budget: number) => Promise<ComparedCell>;

/** Runs `body` with what measures on a backend, and what that runs on; or says why it can't. */
export async function onBackend(
  backend: string,
  asked: Asked,
  { repeat }: Pick<Limits, 'repeat'>,
  body: (measure: Measure, machine: string) => Promise<void>,
): Promise<{ skipped: string } | undefined> {
  const { runsOn, device } = descriptorNamed(backend);
  if (runsOn === 'gpu') {
    const outcome = await inChromium('./gpu_page.ts', async (tab, browser) => {
      const page = callsOf<GpuPage>(tab);
      const renderer = await page.use(backend);
      if (renderer === undefined) return { skipped: `${browser} has no ${backend}` };
      const measure: Measure = ({ workload, pass }, budget) =>
        page.compare(workload.name, pass, asked, { repeat, budget });
      await body(measure, `${browser}, ${renderer}`);
      return undefined;
    });
    return outcome;
  }
  if (!(await tf.setBackend(backend).catch(() => false))) return { skipped: `Node has no ${backend}` };
  const measure: Measure = async ({ workload, pass }, budget) => {
    const field = fieldOf(asked, workload, pass);
    const rows = await comparePass(benchOn(backend), pass, workload, field, { repeat, budget });
    return { rows, unable: field.unable };
  };
  await body(measure, `${MACHINE}, ${device(tf.backend())}; Node ${process.version}`);
  return undefined;
}
