// SPDX-License-Identifier: Apache-2.0
/** Tests of the arithmetic explorer. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  at,
  axeFindings,
  button,
  cell,
  checksum,
  downloaded,
  enter,
  eventually,
  eventuallyAt,
  eventuallyPainted,
  faintCells,
  textOf,
  usingSite,
} from './in_page';

const WORKBENCH = 'explorer/index.html?step=workbench';

/** The numbers of a part of the story's picture, in their order. */
async function numbers(page: Page, part: string): Promise<string> {
  return (await page.locator(`[data-part=${part}] .value`).allTextContents()).join(' ');
}

/** Presses on once, then goes to the last picture of a step. */
async function playOut(page: Page): Promise<void> {
  await at(page, 'next').click();
  await at(page, 'scrub').fill('99');
  expect(await textOf(page, 'next')).toBe('Once more');
}

/** The variants that are shown. */
function variants(page: Page): Promise<string[]> {
  return page.getByRole('tablist', { name: 'Variant' }).getByRole('tab').allInnerTexts();
}

const using = usingSite();

describe('the arithmetic explorer', () => {
  it('tells a story in eight steps, each with something to do', () =>
    using('explorer/index.html', async ({ page }) => {
      const onwards = at(page, 'onwards');
      // Stamp.
      expect(await numbers(page, 'output')).toBe('2 4 6');
      await playOut(page);
      expect(await numbers(page, 'output')).toBe('2 4 7 2 6 6 9');
      await at(page, 'w-2').fill('5');
      expect(await numbers(page, 'output')).toBe('2 4 11 2 8 6 15');
      await eventuallyAt(page, 'step=stamp', 'at=2', 'w=1,2,5');
      await page.reload();
      expect(await numbers(page, 'output')).toBe('2 4 11 2 8 6 15');
      await at(page, 'w-2').fill('3');
      await at(page, 'x-0').fill('0');
      expect(await numbers(page, 'output')).toBe('0 0 1 2 6 6 9');
      await at(page, 'x-0').fill('2');
      await onwards.click();
      expect(await numbers(page, 'count')).toBe('1 1 2 1 2 1 1');
      await page.getByRole('group', { name: 'Stride' }).getByRole('button', { name: '3' }).click();
      expect(await numbers(page, 'count')).toBe('1 1 1 1 1 1 1 1 1');
      await page.getByRole('group', { name: 'Stride' }).getByRole('button', { name: '2' }).click();
      await onwards.click();
      const row = page.locator('.drawing .label.strong');
      expect(await row.first().textContent()).toBe('→ a + 2b + 3c');
      await playOut(page);
      expect(await row.nth(2).textContent()).toBe('→ 2·3 + 1·1 = 7');
      await onwards.click();
      expect(await textOf(page, 'caption')).toContain('Cropped: 1 (0 in front, 1 behind)');
      await page.getByRole('group', { name: 'Kernel' }).getByRole('button', { name: '4' }).click();
      expect(await textOf(page, 'caption')).toContain('Cropped: 2 (1 in front, 1 behind)');
      await page.getByRole('group', { name: 'Kernel' }).getByRole('button', { name: '3' }).click();
      await page.getByRole('button', { name: "'valid'" }).click();
      expect(await textOf(page, 'caption')).toContain('Nothing is cropped');
      await page.getByRole('button', { name: "'same'" }).click();
      await onwards.click();
      await playOut(page);
      expect(await numbers(page, 'output')).toBe('2 4 7 2 6 6');
      expect(await textOf(page, 'caption')).toContain('18 multiplications, 10 of them by zero');
      await onwards.click();
      expect(await page.locator('dfn').allInnerTexts()).toEqual(['tap', 'phase']);
      await playOut(page);
      expect(await textOf(page, 'caption')).toContain('8 multiplications');
      await onwards.click();
      await at(page, 'scrub').fill('99');
      expect(await textOf(page, 'so-far')).toBe(await textOf(page, 'total-subpixel'));
      // 7 and 6 of the phase with two taps, by three products.
      expect((await textOf(page, 'winograd')).replaceAll('\u00a0', ' ')).toContain('3 + 4 = 7, 4 + 2 = 6');
      await onwards.click();
      expect([await textOf(page, 'uneven-three'), await textOf(page, 'uneven-four')]).toEqual([
        '133 % uneven',
        '0 % uneven',
      ]);
      const even = await checksum(page, 'image-four');
      await at(page, 'noise').fill('60');
      await eventuallyPainted(page, 'image-four', even);
      for (const remedy of ['initialised', 'resized'])
        expect(await textOf(page, `uneven-${remedy}`)).toBe('0 % uneven');
      await eventuallyAt(page, 'step=checkerboard', 'noise=60');
      await onwards.click();
      await at(page, 'code').waitFor();
    }));

  it('gives the picture away, as SVG and as a GIF that loops', () =>
    using('explorer/index.html?step=transposed&at=1', async ({ page }) => {
      const svg = await downloaded(page, button(page, 'Save SVG'));
      const text = readFileSync(svg.path, 'utf8');
      expect(svg.name).toBe('convolution-transposed.svg');
      // It stands alone: no style sheet of the page, and no colours that only browsers know.
      expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
      expect(text).toContain('the table, transposed');
      expect(text).toContain('fill="#f6f7f9"'); // The paper of the page.
      expect(text).not.toMatch(/class=|var\(|rgba?\(|color\(|light-dark/);
      // On the paper of the page's panels, in its light colours.
      expect(text).toContain('<rect width="100%" height="100%" fill="#f6f7f9"/>');
      const gif = await downloaded(page, button(page, 'Save GIF'));
      const bytes = readFileSync(gif.path);
      expect([gif.name, bytes.subarray(0, 6).toString('latin1')]).toEqual(['convolution-transposed.gif', 'GIF89a']);
      expect(bytes.includes('NETSCAPE2.0')).toBe(true);
      // A graphic control for every picture of the step.
      const controls = bytes.toString('latin1').split('\x21\xf9\x04').length - 1;
      expect(controls).toBe(3);
      expect(await textOf(page, 'step')).toBe('2 / 3');
    }));

  it('has tabs that arrow keys move among, each with its panel', () =>
    using('explorer/index.html', async ({ page }) => {
      const steps = page.getByRole('tablist', { name: 'Steps' });
      const chosen = (): Promise<string> => steps.locator('[aria-selected=true]').innerText();
      await steps.locator('[aria-selected=true]').focus();
      await page.keyboard.press('ArrowRight');
      expect(await chosen()).toMatch(/^2\s/);
      expect(await page.getByRole('tabpanel', { name: /^2/ }).innerText()).toContain('stride');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      expect(await chosen()).toBe('Workbench');
      await page.keyboard.press('Home');
      expect(await chosen()).toMatch(/^1\s/);
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).not.toBe('tab');
    }));

  it('takes one’s own numbers in two dimensions', () =>
    using('explorer/index.html?step=count', async ({ page }) => {
      await cell(page, 'input', 0, 0).click();
      await at(page, 'edit').fill('9');
      await at(page, 'scrub').fill('99');
      expect(await cell(page, 'output', 0, 2).locator('text').textContent()).toBe('31');
      await cell(page, 'kernel', 0, 0).click();
      await at(page, 'edit').fill('0');
      await eventuallyAt(page, 'x2=9,4,3;2,2,2;3,4,1', 'w2=0,2,3;2,4,6;3,6,9');
    }));

  it('works the output out for whatever is set, and keeps it in the address', () =>
    using(`${WORKBENCH}&pad=number`, async ({ page }) => {
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
      await at(page, 'pad').selectOption('valid');
      expect(await textOf(page, 'size-formula')).toContain('= 11');
      await button(page, 'Reset').click();
      expect(await at(page, 'input-number').inputValue()).toBe('3');
    }));

  it('shows every variant arriving at the same output, played, stepped or scrubbed', () =>
    using(`${WORKBENCH}&pad=number`, async ({ page }) => {
      const outputs: string[] = [];
      for (const variant of await variants(page)) {
        await page.getByRole('tab', { name: variant, exact: true }).click();
        const steps = Number((await textOf(page, 'step')).split('/')[1]);
        await page.getByLabel('Step on').click();
        expect(await textOf(page, 'step')).toBe(`2 / ${steps}`);
        await page.getByLabel('Step back').click();
        if (outputs.length === 0) {
          await page.getByLabel('Play').click();
          await eventually(
            () => textOf(page, 'step'),
            (text) => Number(text.split('/')[0]) >= 3,
          );
          await page.getByLabel('Pause').click();
        }
        await at(page, 'scrub').fill(`${steps - 1}`);
        expect(await textOf(page, 'step')).toBe(`${steps} / ${steps}`);
        outputs.push((await at(page, 'output').locator('text').allTextContents()).join(' '));
      }
      expect(outputs.length).toBeGreaterThanOrEqual(4);
      expect(outputs[0].split(' ')).toHaveLength(25);
      expect(new Set(outputs).size).toBe(1);
    }));

  it('tells of a cell under the pointer, and pins it', () =>
    using(`${WORKBENCH}&pad=number`, async ({ page }) => {
      await cell(page, 'output', 1, 1).hover();
      const terms = ['x[0, 0]·w[2, 2]', 'x[0, 1]·w[2, 0]', 'x[1, 0]·w[0, 2]', 'x[1, 1]·w[0, 0]'];
      expect(await textOf(page, 'formula')).toContain(`y[1, 1] = ${terms.join(' + ')}`);
      expect(await textOf(page, 'formula')).toContain('= 1·9 + 4·3 + 2·3 + 2·1 = 29');
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
    using(`${WORKBENCH}&pad=number`, async ({ page }) => {
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
    using('explorer/index.html?pad=number&padding=6', async ({ page }) => {
      expect(await textOf(page, 'impossible')).toMatch(/The output /);
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

  it('fits a phone, the picture in its first screen, in light and in dark', () =>
    using(
      'explorer/index.html',
      async ({ page }) => {
        const fits = async (): Promise<void> =>
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
        for (const [n, tab] of (await page.getByRole('tablist', { name: 'Steps' }).getByRole('tab').all()).entries()) {
          await tab.tap();
          await fits();
          const { y, height } = (await page.locator('.stage').locator('svg, canvas').first().boundingBox())!;
          expect({ n, top: y < 600, seen: y + Math.min(height, 150) < 844 }).toEqual({ n, top: true, seen: true });
        }
        await page.goto(new URL('?input=6&kernel=5&pad=same', page.url()).href);
        for (const variant of await variants(page)) {
          await page.getByRole('tab', { name: variant, exact: true }).click();
          await fits();
        }
        await cell(page, 'output', 3, 3).tap();
        expect(await textOf(page, 'formula')).toContain('y[3, 3]');
        const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect(await paper()).toBe('rgb(15, 19, 25)');
        await page.getByRole('button', { name: 'auto' }).click();
        expect(await paper()).toBe('rgb(255, 255, 255)');
        await page.reload();
        expect(await paper()).toBe('rgb(255, 255, 255)');
      },
      { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true },
    ));

  it('moves nothing where less motion is asked for', () =>
    using(
      'explorer/index.html',
      async ({ page }) => {
        const moves = (): Promise<string[]> =>
          page
            .locator('.drawing .cell')
            .first()
            .evaluate((box) => {
              const { transitionDuration, animationName } = getComputedStyle(box);
              return [transitionDuration, animationName];
            });
        expect(await moves()).toEqual(['0s', 'none']);
        await page.emulateMedia({ reducedMotion: 'no-preference' });
        expect(await moves()).toEqual(['0.6s', 'appear']);
      },
      { reducedMotion: 'reduce' },
    ));

  it('has nothing that axe complains of, in light and in dark', () =>
    using(
      'explorer/index.html?noise=60',
      async ({ page }) => {
        const tabs = page.getByRole('tablist', { name: 'Steps' }).getByRole('tab');
        const readable = async (): Promise<void> => expect(await faintCells(page)).toEqual([]);
        for (const [n, tab] of (await tabs.all()).entries()) {
          await tab.click();
          await readable();
          // Steps 2 to 6 are made of what the first is made of.
          if (n === 0 || n > 5) expect(await axeFindings(page)).toEqual([]);
        }
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await axeFindings(page)).toEqual([]);
        for (const tab of await tabs.all()) {
          await tab.click();
          await readable();
        }
      },
      { colorScheme: 'light', reducedMotion: 'reduce' },
    ));
});
