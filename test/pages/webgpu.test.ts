// SPDX-License-Identifier: Apache-2.0
/** Tests of the pages in a browser that has WebGPU: it is one more backend of each. */
import { describe, expect, it } from '@jest/globals';
import { at, button, checksum, eventuallyPainted, greys, settled, textOf, usingSite } from './in_page';

const using = usingSite({ webgpu: true });

describe('WebGPU', () => {
  it('is compared in the lab', () =>
    using('compare/index.html?backends=webgpu&layers=selfie&seconds=0.4', async ({ page, picture }) => {
      await page.getByText('Ready.').waitFor();
      expect(await textOf(page, 'environment')).toMatch(/webgpu: google swiftshader/);
      await button(page, 'Run').click();
      await page.getByText('Done.', { exact: true }).waitFor({ timeout: 180_000 });
      const results = at(page, 'results');
      for (const contender of ['subpixel', 'matmul', 'stock', 'auto'])
        expect(await results.locator('tbody tr').filter({ hasText: contender }).count()).toBeGreaterThan(0);
      expect(await results.locator('.wrong').count()).toBe(0);
      await picture('compare-webgpu');
    }));

  it('decodes', () =>
    using('decoder/index.html', async ({ page, picture }) => {
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
      await picture('decoder-webgpu');
    }));
});
