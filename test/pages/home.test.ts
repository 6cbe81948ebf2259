// SPDX-License-Identifier: Apache-2.0
/** Tests of the home page, of what all pages share, and of the page that `npm start` writes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { PHONE, axeFindings, usingSite } from './in_page';

const using = usingSite();

describe('the home page', () => {
  it('leads to all four pages and back', () =>
    using('index.html', async ({ page }) => {
      const widths = await page.locator('.card img').evaluateAll((images) =>
        Promise.all(
          (images as HTMLImageElement[]).map(async (image) => {
            await image.decode();
            return image.naturalWidth;
          }),
        ),
      );
      expect([widths.length, Math.min(...widths) > 0]).toEqual([4, true]);
      for (const title of ['Comparison lab', 'Arithmetic explorer', 'Decoder', 'GAN']) {
        await page.locator('.card', { hasText: title }).click();
        await page.locator('h1', { hasText: title }).waitFor();
        expect(await page.locator('nav [aria-current=page]').innerText()).toBe(title);
        await page.locator('.brand').click();
        await page.locator('.card').first().waitFor();
      }
    }));

  it('has nothing that axe complains of, in light, in dark and on a phone; its content can be skipped to', () =>
    using('index.html', async ({ page }) => {
      expect(await axeFindings(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await axeFindings(page)).toEqual([]);
      await page.setViewportSize(PHONE);
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(page.url()).toMatch(/#content$/);
    }));
});

describe('the report of npm start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const html = join(folder, 'report.html');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('opens with one sentence and one plot, fits a phone, and has nothing that axe complains of', () => {
    // So little time that something is skipped.
    const args =
      '--backends cpu --workloads selfie,hand --variants subpixel --repeat 1 --time-budget 0.5 --models none';
    const script = resolve(__dirname, '../../scripts/start.mjs');
    const files = ['--json', join(folder, 'report.json'), '--html', html];
    execFileSync(process.execPath, [script, 'bench/compare.ts', ...args.split(' '), ...files], { stdio: 'ignore' });
    return using(pathToFileURL(html).href, async ({ page }) => {
      expect(await page.locator('.lead').innerText()).toMatch(
        /^Times as fast as stock tfjs: layer by layer [\d.]+ on cpu/,
      );
      const { y, height } = (await page.locator('figure').first().boundingBox())!;
      expect(y + height).toBeLessThan(900);
      expect(await axeFindings(page)).toEqual([]);
      await page.getByText(/^Skipped: \d/).click();
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await axeFindings(page)).toEqual([]);
      await page.setViewportSize(PHONE);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
      expect(await axeFindings(page)).toEqual([]);
    });
  });
});
