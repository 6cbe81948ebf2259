// SPDX-License-Identifier: Apache-2.0
/** Tests of the pages that train: the decoder and the GAN. */
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  type Using,
  at,
  button,
  checksum,
  downloaded,
  eventually,
  eventuallyPainted,
  eventuallyText,
  greys,
  settled,
  textOf,
} from './in_page';

/** Trains until so many steps more have been made, then pauses; the number of steps. */
async function trainSome(page: Page, more: number): Promise<number> {
  const step = async (): Promise<number> => Number(/Step (\d+)/.exec(await textOf(page, 'progress'))![1]);
  const from = await step();
  await button(page, 'Train').click();
  await eventually(step, (now) => now >= from + more);
  await button(page, 'Pause').click();
  await button(page, 'Train').waitFor();
  return step();
}

/** Saves, starts over and loads: all is as before. */
async function saveAndLoad(page: Page, name: string, steps: number): Promise<void> {
  const saved = await downloaded(page, button(page, 'Save'));
  expect(saved.name).toBe(name);
  await button(page, 'Start over').click();
  await eventuallyText(page, 'progress', 'Step 0,');
  const load = page.getByLabel('Load a checkpoint');
  await load.setInputFiles({ name: 'broken.safetensors', mimeType: '', buffer: Buffer.from('nonsense') });
  await eventuallyText(page, 'training-status', 'broken.safetensors is no safetensors file');
  await load.setInputFiles(saved.path);
  await eventuallyText(page, 'progress', `Step ${steps},`);
}

export function describeTrainings(using: Using): void {
  describe('the decoder', () => {
    it('decodes where the plane is dragged, on any backend and by any variant', () =>
      using('decoder/index.html', async ({ page, picture }) => {
        const shown = (): Promise<number> => checksum(page, 'decoded');
        const first = await eventuallyPainted(page, 'decoded');
        await eventuallyPainted(page, 'plane-picture');
        const box = (await at(page, 'plane').boundingBox())!;
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        await page.mouse.down();
        for (let n = 1; n <= 20; n++) {
          await page.mouse.move(box.x + box.width / 2 + 8 * n, box.y + box.height / 2 - 6 * n);
          await page.waitForTimeout(16);
        }
        await page.mouse.up();
        expect(await page.getByText(/Decoded at/).innerText()).toBe('Decoded at (1.78, 1.33)');
        await eventuallyPainted(page, 'decoded', first);
        await settled(shown);
        expect(Number(await textOf(page, 'fps'))).toBeGreaterThan(0);
        expect(await textOf(page, 'ms')).toMatch(/^\d+\.\d ms$/);
        // The same digit from everyone, up to rounding.
        for (const [backend, variant] of Object.entries({ cpu: 'stock', wasm: 'matmul', webgl: 'subpixel' })) {
          const before = await shown();
          await at(page, 'backend').selectOption(backend);
          await at(page, 'variant').selectOption(variant);
          await at(page, 'plane').focus();
          await page.keyboard.press('ArrowDown');
          await eventuallyPainted(page, 'decoded', before);
          await settled(shown);
          const theirs = await greys(page, 'decoded');
          await at(page, 'backend').selectOption('cpu');
          await at(page, 'variant').selectOption('auto');
          await page.waitForTimeout(500);
          const ours = await greys(page, 'decoded');
          expect(Math.max(...ours.map((grey, n) => Math.abs(grey - theirs[n])))).toBeLessThanOrEqual(1);
        }
        const single = await settled(shown);
        await at(page, 'side').selectOption('9');
        await eventuallyPainted(page, 'decoded', single);
        await at(page, 'plane').focus();
        await page.keyboard.press('ArrowLeft');
        expect(await page.getByText(/Decoded at/).innerText()).toBe('Decoded at (1.68, 1.03)');
        await button(page, 'Take a tour').click();
        const touring = await shown();
        await eventuallyPainted(page, 'decoded', touring);
        await button(page, 'End the tour').click();
        await picture('decoder');
      }));

    it('trains, saves and loads', () =>
      using('decoder/index.html', async ({ page }) => {
        await eventuallyPainted(page, 'plane-picture');
        const begun = Number(/Step (\d+)/.exec(await textOf(page, 'progress'))![1]);
        expect(begun).toBeGreaterThan(1000);
        await trainSome(page, 3);
        expect(await textOf(page, 'progress')).toMatch(/reconstruction \d+\.\d, divergence \d+\.\d+ nats/);
        expect(await textOf(page, 'pace')).toMatch(/An epoch of 78 steps takes about .* on \w+/);
        // Whoever looks on can overrule where it trains.
        await at(page, 'training-backend').selectOption('cpu');
        const more = await trainSome(page, 2);
        await eventuallyText(page, 'pace', ' on cpu');
        expect(await textOf(page, 'pace')).toMatch(/It trains on the \w+ engine, \d+ threads\./);
        await saveAndLoad(page, 'decoder.safetensors', more);
      }));
  });

  describe('the GAN', () => {
    it('trains either kind, shows digits and losses, saves, loads, and judges', () =>
      using('gan/index.html', async ({ page, picture }) => {
        // A trained one is there to look at, and its noise to walk through.
        const begun = await eventuallyPainted(page, 'samples');
        expect(Number(/Step (\d+)/.exec(await textOf(page, 'progress'))![1])).toBeGreaterThan(100);
        expect(await at(page, 'opinions').locator('span').count()).toBe(64);
        await eventuallyText(page, 'critic', 'of these 64 for real');
        await page.getByLabel('Walk through the noise').fill('90');
        await eventuallyPainted(page, 'samples', begun);
        await page.getByLabel('Walk through the noise').fill('0');
        await eventually(
          () => checksum(page, 'samples'),
          (sum) => sum === begun,
        );
        const steps = await trainSome(page, 5);
        await eventuallyPainted(page, 'samples', begun);
        await at(page, 'losses').locator('svg, canvas').first().waitFor();
        expect(await textOf(page, 'progress')).toMatch(/critic -?\d+\.\d+, generator -?\d+\.\d+/);
        await saveAndLoad(page, 'dcgan.safetensors', steps);
        await button(page, 'Judge the digits').click();
        await at(page, 'verdict').waitFor({ timeout: 120_000 });
        expect(await textOf(page, 'verdict')).toMatch(/sure of.*effective classes of 10.*Fréchet distance/s);
        await picture('gan');
        await page.getByLabel(/WGAN-GP/).check();
        await eventuallyText(page, 'progress', 'Step 0,');
        await trainSome(page, 1);
        await at(page, 'losses').waitFor();
      }));
  });
}
