// SPDX-License-Identifier: Apache-2.0
/** What is done on both pages that train. */
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { axeFindings, button, downloaded, eventually, eventuallyText, textOf } from './in_page';

/** Trains until so many steps more have been made, then pauses; the number of steps. */
export async function trainSome(page: Page, more: number): Promise<number> {
  const step = async (): Promise<number> => Number(/Step (\d+)/.exec(await textOf(page, 'progress'))![1]);
  const from = await step();
  await button(page, 'Train').click();
  await eventually(step, (now) => now >= from + more);
  await button(page, 'Pause').click();
  await button(page, 'Train').waitFor();
  return step();
}

/** Saves, starts over and loads: all is as before; what is no checkpoint is refused. */
export async function saveAndLoad(page: Page, name: string, steps: number): Promise<void> {
  const saved = await downloaded(page, button(page, 'Save'));
  expect(saved.name).toBe(name);
  await button(page, 'Start over').click();
  await eventuallyText(page, 'progress', 'Step 0,');
  const load = page.getByLabel('Load a checkpoint');
  await load.setInputFiles({ name: 'broken.safetensors', mimeType: '', buffer: Buffer.from('nonsense') });
  await eventuallyText(page, 'training-status', 'broken.safetensors is no safetensors file');
  expect(await axeFindings(page)).toEqual([]);
  await load.setInputFiles(saved.path);
  await eventuallyText(page, 'progress', `Step ${steps},`);
}
