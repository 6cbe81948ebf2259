// SPDX-License-Identifier: Apache-2.0
/** Tests of the decoder's page. */
import { describe, expect, it } from '@jest/globals';
import {
  at,
  axeFindings,
  button,
  checksum,
  eventuallyPainted,
  eventuallyText,
  greys,
  settled,
  textOf,
  usingSite,
} from './in_page';
import { saveAndLoad, trainSome } from './trainings';

const using = usingSite();

describe('the decoder', () => {
  it('decodes where the plane is dragged, on any backend and by any variant', () =>
    using('decoder/index.html', async ({ page }) => {
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
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await axeFindings(page)).toEqual([]);
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
      // What it would take without this package, where stock can train at all.
      await button(page, 'Time stock kernels, too').click();
      await eventuallyText(page, 'pace', 'With stock kernels on cpu it would take');
      expect(await textOf(page, 'pace')).toMatch(/on cpu it would take .*: [\d,.]+ times as long/);
    }));
});
