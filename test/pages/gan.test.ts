// SPDX-License-Identifier: Apache-2.0
/** Tests of the GAN's page. */
import { describe, expect, it } from '@jest/globals';
import {
  at,
  axeFindings,
  button,
  checksum,
  eventually,
  eventuallyPainted,
  eventuallyText,
  textOf,
  usingSite,
} from './in_page';
import { saveAndLoad, trainSome } from './trainings';

const using = usingSite();

describe('the GAN', () => {
  it('trains either kind, shows digits and losses, saves, loads, and judges', () =>
    using('gan/index.html', async ({ page }) => {
      // A trained one is there to look at, and its noise to walk through.
      const begun = await eventuallyPainted(page, 'samples');
      expect(await axeFindings(page)).toEqual([]);
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
      // The decoder's tests have the search for a backend; here it is overruled before it begins.
      await at(page, 'training-backend').selectOption('wasm');
      const steps = await trainSome(page, 5);
      await eventuallyPainted(page, 'samples', begun);
      await at(page, 'losses').locator('svg, canvas').first().waitFor();
      expect(await textOf(page, 'progress')).toMatch(/critic -?\d+\.\d+, generator -?\d+\.\d+/);
      await saveAndLoad(page, 'dcgan.safetensors', steps);
      await button(page, 'Judge the digits').click();
      await at(page, 'verdict').waitFor({ timeout: 120_000 });
      expect(await textOf(page, 'verdict')).toMatch(/sure of.*effective classes of 10.*Fréchet distance/s);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await axeFindings(page)).toEqual([]);
      await page.getByLabel(/WGAN-GP/).check();
      await eventuallyText(page, 'progress', 'Step 0,');
      await trainSome(page, 1);
      await at(page, 'losses').waitFor();
    }));
});
