// SPDX-License-Identifier: Apache-2.0
/** Tests of the arithmetic explorer. */
import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type Using, at, button, cell, enter, eventually, eventuallyAt, textOf } from './in_page';

/** The variants that are shown. */
function variants(page: Page): Promise<string[]> {
  return page.getByRole('tablist', { name: 'Variant' }).getByRole('tab').allInnerTexts();
}

export function describeExplorer(using: Using): void {
  it('works the output out for whatever is set, and keeps it in the address', () =>
    using('explorer/index.html', async ({ page, picture }) => {
      expect(await textOf(page, 'size-formula')).toContain('2·(3 − 1) + 1·(3 − 1) + 1 + 0 − 2 = 5');
      await at(page, 'kernel').first().focus();
      await page.locator('#kernel-slider').focus();
      await page.keyboard.press('ArrowRight');
      expect(await at(page, 'kernel-number').inputValue()).toBe('4');
      expect(await textOf(page, 'size-formula')).toContain('= 6');
      await enter(page, 'input-number', 5);
      expect(await textOf(page, 'size-formula')).toContain('2·(5 − 1) + 1·(4 − 1) + 1 + 0 − 2 = 10');
      expect(await textOf(page, 'score')).toBe('0 %');
      await enter(page, 'kernel-number', 3);
      expect(await textOf(page, 'score')).toBe('75 %');
      expect(await textOf(page, 'why')).toContain('(2 or 4)');
      await at(page, 'weights').selectOption('bilinear');
      expect(await textOf(page, 'weighted')).toBe('0 %');
      await eventuallyAt(page, 'input=5', 'kernel=3', 'weights=bilinear');
      await page.reload();
      expect(await at(page, 'input-number').inputValue()).toBe('5');
      await picture('explorer');
    }));

  it('shows every variant arriving at the same output, played, stepped or scrubbed', () =>
    using('explorer/index.html', async ({ page, picture }) => {
      const outputs: string[] = [];
      for (const variant of await variants(page)) {
        await page.getByRole('tab', { name: variant, exact: true }).click();
        const steps = Number((await textOf(page, 'step')).split('/')[1]);
        await page.getByLabel('Step on').click();
        expect(await textOf(page, 'step')).toBe(`2 / ${steps}`);
        await page.getByLabel('Step back').click();
        await page.getByLabel('Play').click();
        await eventually(
          () => textOf(page, 'step'),
          (text) => Number(text.split('/')[0]) >= 3,
        );
        await page.getByLabel('Pause').click();
        await at(page, 'scrub').fill(`${steps - 1}`);
        expect(await textOf(page, 'step')).toBe(`${steps} / ${steps}`);
        outputs.push((await at(page, 'output').locator('text').allInnerTexts()).join(' '));
        await picture(`explorer-${variant}`);
      }
      expect(outputs.length).toBeGreaterThanOrEqual(4);
      expect(outputs[0].split(' ')).toHaveLength(25);
      expect(new Set(outputs).size).toBe(1);
    }));

  it('tells of a cell under the pointer, and pins it', () =>
    using('explorer/index.html', async ({ page }) => {
      await cell(page, 'output', 1, 1).hover();
      const terms = ['x[0, 0]·w[2, 2]', 'x[0, 1]·w[2, 0]', 'x[1, 0]·w[0, 2]', 'x[1, 1]·w[0, 0]'];
      expect(await textOf(page, 'formula')).toContain(`y[1, 1] = ${terms.join(' + ')}`);
      expect(await textOf(page, 'formula')).toContain('= 1·3 + 4·3 + 2·0 + 2·(−1) = 13');
      expect(await at(page, 'input').locator('.related').count()).toBe(4);
      expect(await at(page, 'kernel').locator('svg .related, .related').count()).toBe(4);
      await page.mouse.move(5, 5);
      expect(await at(page, 'formula').count()).toBe(0);
      await cell(page, 'output', 1, 2).click();
      await cell(page, 'input', 0, 0).hover();
      expect(await textOf(page, 'formula')).toMatch(/y\[1, 2\].*Pinned/s);
      await page.keyboard.press('Escape');
      await page.mouse.move(5, 5);
      await cell(page, 'input', 1, 1).hover();
      expect(await textOf(page, 'formula')).toContain('x[1, 1] = 2 meets 9 of 9 taps');
    }));

  it('works by keyboard', () =>
    using('explorer/index.html', async ({ page }) => {
      await at(page, 'output').focus();
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      expect(await textOf(page, 'formula')).toContain('y[1, 2]');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await textOf(page, 'formula')).toContain('Pinned');
      await page.keyboard.press('Escape');
      expect(await at(page, 'formula').count()).toBe(0);
    }));

  it('says of impossible settings what would do', () =>
    using('explorer/index.html?padding=6', async ({ page, picture }) => {
      expect(await textOf(page, 'impossible')).toMatch(/The output /);
      await picture('explorer-impossible');
      await page.getByRole('button', { name: /^Padding 0–3/ }).click();
      expect(await at(page, 'padding-number').inputValue()).toBe('3');
      expect(await textOf(page, 'size-formula')).toContain('= 1');
    }));

  it('gives code to copy', () =>
    using('explorer/index.html?pad=same', async ({ page }) => {
      for (const [library, text] of Object.entries({
        Keras: 'padding="same"',
        PyTorch: 'ConvTranspose2d(16, 8, 3, stride=2)',
        tf: 'tf.conv2dTranspose(x, filter, [1, 6, 6, 8], 2, ',
      })) {
        await page.getByRole('tab', { name: library, exact: true }).click();
        expect(await textOf(page, 'code')).toContain(text);
      }
      await button(page, 'Copy').click();
      await page.getByText('Copied.').waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await textOf(page, 'code'));
    }));

  it('fits a phone, in light and in dark', () =>
    using(
      'explorer/index.html?input=6&kernel=5&pad=same',
      async ({ page, picture }) => {
        for (const variant of await variants(page)) {
          await page.getByRole('tab', { name: variant, exact: true }).click();
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
        }
        await cell(page, 'output', 3, 3).tap();
        expect(await textOf(page, 'formula')).toContain('y[3, 3]');
        const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect(await paper()).toBe('rgb(15, 19, 25)');
        await picture('explorer-phone-dark');
        await page.getByRole('button', { name: 'auto' }).click();
        expect(await paper()).toBe('rgb(255, 255, 255)');
        await page.reload();
        expect(await paper()).toBe('rgb(255, 255, 255)');
      },
      { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true },
    ));
}
