// SPDX-License-Identifier: Apache-2.0
/** Tests of the pages in a browser that has WebGPU: it is one more backend of each. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { LabResults } from '../../examples/compare/export';
import {
  at,
  button,
  checksum,
  downloaded,
  eventuallyPainted,
  eventuallyText,
  greys,
  settled,
  textOf,
  usingSite,
} from './in_page';
import { trainSome } from './trainings';

const using = usingSite({ webgpu: true });
const ADAPTER = process.env.CHROMIUM_GPU === '1' ? /webgpu: \S/ : /webgpu: google swiftshader/;

describe('WebGPU', () => {
  it('is compared in the lab', () =>
    using('compare/index.html?backends=webgpu&layers=selfie&seconds=0.4', async ({ page }) => {
      await page.getByText('Ready.').waitFor();
      expect(await textOf(page, 'environment')).toMatch(ADAPTER);
      await button(page, 'Run').click();
      await page.getByText('Done.', { exact: true }).waitFor({ timeout: 180_000 });
      const results = at(page, 'results');
      for (const contender of ['subpixel', 'matmul', 'stock', 'auto'])
        expect(await results.locator('tbody tr').filter({ hasText: contender }).count()).toBeGreaterThan(0);
      expect(await results.locator('.wrong').count()).toBe(0);
      const memoryOf = (contender: string): Promise<string> =>
        results
          .getByRole('row', { name: new RegExp(`^${contender} `) })
          .locator('td')
          .last()
          .innerText();
      // The result, 256 × 256 floats, alone; and with as many products, or with the image between zeros.
      const whole = 256;
      for (const contender of ['subpixel', 'auto', 'stock']) expect(await memoryOf(contender)).toBe(`${whole} KB`);
      for (const [contender, more] of [
        ['matmul', 256],
        ['dilate', (257 * 257 * 16) / 256],
      ] as const) {
        const kilobytes = parseFloat(await memoryOf(contender)) - whole;
        expect([contender, kilobytes >= more && kilobytes < more + 2]).toEqual([contender, true]);
      }
      // First calls of ours compile for much longer than the others take: none is a sample.
      const { path } = await downloaded(page, button(page, 'Save results'));
      const { rows } = JSON.parse(readFileSync(path, 'utf8')) as LabResults;
      const ours = rows.filter(({ reason, contender }) => reason === undefined && contender !== 'stock');
      for (const { contender, ms, firstMs } of ours) expect([contender, ms < firstMs! / 2]).toEqual([contender, true]);
    }));

  it('decodes', () =>
    using('decoder/index.html', async ({ page }) => {
      const shown = (): Promise<number> => checksum(page, 'decoded');
      await eventuallyPainted(page, 'decoded');
      const onCpu = await settled(() => greys(page, 'decoded').then(String));
      await at(page, 'backend').selectOption('webgpu');
      await at(page, 'variant').selectOption('subpixel');
      await at(page, 'plane').focus();
      const before = await shown();
      await page.keyboard.press('ArrowDown');
      await eventuallyPainted(page, 'decoded', before);
      await page.keyboard.press('ArrowUp');
      const onGpu = await settled(() => greys(page, 'decoded').then(String));
      const ours = onGpu.split(',').map(Number);
      expect(Math.max(...onCpu.split(',').map((grey, n) => Math.abs(Number(grey) - ours[n])))).toBeLessThanOrEqual(1);
    }));

  it('draws digits of a GAN, and trains it', () =>
    using('gan/index.html', async ({ page }) => {
      const drawn = await eventuallyPainted(page, 'samples');
      const onWasm = await greys(page, 'samples');
      const noise = page.getByLabel('Walk through the noise');
      await noise.fill('90');
      const others = await eventuallyPainted(page, 'samples', drawn);
      await at(page, 'training-backend').selectOption('webgpu');
      await noise.fill('0');
      await eventuallyPainted(page, 'samples', others);
      const onGpu = await greys(page, 'samples');
      expect(Math.max(...onWasm.map((grey, n) => Math.abs(grey - onGpu[n])))).toBeLessThanOrEqual(1);
      await trainSome(page, 1);
      await eventuallyText(page, 'pace', ' on webgpu');
      expect(await textOf(page, 'progress')).toMatch(/critic \d+\.\d+, generator \d+\.\d+/);
      await eventuallyPainted(page, 'samples', drawn);
    }));
});
