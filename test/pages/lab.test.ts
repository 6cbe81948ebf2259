// SPDX-License-Identifier: Apache-2.0
/** Tests of the comparison lab. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { LabResults } from '../../examples/compare/export';
import {
  PHONE,
  at,
  axeFindings,
  button,
  downloaded,
  dropOn,
  eventually,
  eventuallyAt,
  eventuallyText,
  textOf,
  usingSite,
} from './in_page';

const ready = (page: Page): Promise<void> => page.getByText('Ready.').waitFor();
const run = (page: Page): Promise<void> => button(page, 'Run').click();
const done = (page: Page): Promise<void> => page.getByText('Done.', { exact: true }).waitFor({ timeout: 120_000 });

/** Of the table of results, the rows that are one contender's. */
const ROWS = 'tbody tr:not(.first)';

/** A model of one transposed layer. */
function modelJson(name: string): string {
  const layer = { name, filters: 2, kernel_size: [2, 2], strides: [2, 2], padding: 'valid' };
  const config = { ...layer, batch_input_shape: [null, 4, 4, 3] };
  const layers = [{ class_name: 'Conv2DTranspose', config }];
  return JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } } });
}

/** What three backends have for one layer: variants, 'auto' and stock, and the gradients. */
const RESULTS = 21;

const using = usingSite();

describe('the comparison lab', () => {
  it('compares, shows verdict, table and plots, and shares them by file and by link', () =>
    using('compare/index.html?backends=cpu,webgl,wasm&layers=selfie&seconds=0.4', async ({ page }) => {
      await ready(page);
      const environment = await textOf(page, 'environment');
      for (const part of [/cpu: \w+ engine, \d+ threads/, /webgl: ANGLE/, /wasm: /, /Mozilla.*tfjs 4/s])
        expect(environment).toMatch(part);
      expect(await axeFindings(page)).toEqual([]);
      await run(page);
      await done(page);
      const rows = at(page, 'results').locator(ROWS);
      expect(await rows.count()).toBe(RESULTS);
      expect(await rows.filter({ hasText: /auto → \w+/ }).count()).toBe(3);
      // On a busy machine somebody may want samples: then there is no verdict, and it says so.
      const groups = at(page, 'results').locator('tbody');
      expect(await groups.filter({ hasText: /fastest|no verdict/ }).count()).toBe(3);
      expect(await at(page, 'results').locator('.wrong').count()).toBe(0);
      expect(await textOf(page, 'sentence')).toMatch(/times as fast as stock on|level with stock|No verdict/);
      const field = at(page, 'plot-field');
      for (const [index] of (await field.locator('option').all()).entries()) {
        await field.selectOption({ index });
        await eventually(
          () => at(page, 'plot').locator('svg .mark-symbol path').count(),
          (count) => count >= 12,
        );
      }
      expect(await axeFindings(page)).toEqual([]);
      await page.getByLabel('Name of this device').fill('Anna’s');
      const json = await downloaded(page, button(page, 'Save results'));
      const results = JSON.parse(readFileSync(json.path, 'utf8')) as LabResults;
      expect([json.name, results.rows.length]).toEqual(['comparison-Anna-s.json', RESULTS]);
      expect(results.userAgent).toContain('Chrome');
      const measured = results.rows.filter(({ reason }) => reason === undefined);
      expect(measured.every(({ ms, error, firstMs }) => ms > 0 && error! <= 1 && firstMs! > 0)).toBe(true);
      // A layer of single taps.
      const left = results.rows.filter((row) => !measured.includes(row));
      expect(left.map(({ contender }) => contender)).toEqual(Array(3).fill('winograd'));
      const csv = await downloaded(page, button(page, 'Save as CSV'));
      expect([csv.name, readFileSync(csv.path, 'utf8').trim().split('\n').length]).toEqual([
        'comparison-Anna-s.csv',
        1 + RESULTS,
      ]);
      // The same again as that of another device, from a file, beside one that is none; and from the link.
      const none = { name: 'none.json', mimeType: 'application/json', buffer: Buffer.from('{"rows":[7]}') };
      await dropOn(page, at(page, 'others'), {
        'ben.json': readFileSync(json.path, 'utf8').replace('Anna’s', 'Ben’s'),
      });
      await page.getByRole('button', { name: 'Remove Ben’s' }).waitFor();
      await page.getByLabel('Results to open').setInputFiles([none]);
      await eventuallyText(page, 'others-error', 'none.json: rows[0] must be an object, but is 7');
      const heads = at(page, 'side-by-side').locator('thead th');
      expect(await heads.allInnerTexts()).toEqual(['by', 'Anna’s', 'Ben’s']);
      expect(await rows.count()).toBe(2 * RESULTS);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await axeFindings(page)).toEqual([]);
      await button(page, 'Remove Ben’s').click();
      expect(await rows.count()).toBe(RESULTS);
      await button(page, 'Copy link').click();
      await eventuallyText(page, 'status', 'Copied: the address of this page with these results.');
      await page.goto(await page.evaluate(() => navigator.clipboard.readText()));
      await page.reload(); // Only the last part of the address was new.
      await eventually(
        () => rows.count(),
        (count) => count === RESULTS,
      );
      expect(await at(page, 'others').innerText()).toContain('Anna’s');
      await ready(page);
      expect(page.url()).toContain('#run=');
    }));

  it('runs on one thread on a host that sends no headers, and says why', () =>
    using(
      'compare/index.html?backends=cpu&layers=selfie',
      async ({ page }) => {
        await ready(page);
        const device = /cpu: \w+ engine, 1 thread: this page is not cross-origin isolated/;
        expect(await textOf(page, 'environment')).toMatch(device);
      },
      { onStaticHost: true },
    ));

  it('stops at once, in the middle of a call, keeps what it has, and can run again', () =>
    using(
      'compare/index.html?backends=cpu&layers=unet-up1&contenders=stock&passes=forward,input-gradient&seconds=0.2',
      async ({ page }) => {
        await ready(page);
        await run(page);
        await page.getByText('unet-up1, forward: stock').waitFor();
        await button(page, 'Stop').click({ timeout: 5000 });
        await page.getByText('Stopped.').waitFor({ timeout: 5000 });
        await page.getByRole('checkbox', { name: 'input gradient' }).uncheck();
        await page.getByRole('checkbox', { name: 'unet-up1' }).uncheck();
        await page.getByRole('checkbox', { name: 'selfie' }).check();
        await run(page);
        await done(page);
        expect(await at(page, 'results').locator(ROWS).count()).toBe(1);
        expect(await textOf(page, 'sentence')).toBe('Nothing to compare yet.');
      },
    ));

  it('shows a wrong result in red, and what cannot run with its reason', () =>
    using(
      // Stock's conv2d on wasm gives zeros for 'same' with a kernel smaller than its stride; and it has no dilation.
      'compare/index.html?backends=wasm&layers=&passes=input-gradient&seconds=0.2' +
        '&own=small:1.3.3.4.4.2.2.3.3.1.1.1.0.0.same&own=holes:1.3.3.4.4.3.3.1.1.2.2.1.0.0.same',
      async ({ page }) => {
        await ready(page);
        await run(page);
        await done(page);
        const wrong = at(page, 'results').locator('tr.wrong');
        expect(await wrong.allInnerTexts()).toEqual([expect.stringMatching(/stock.*WRONG/s)]);
        const colourOf = (element: Element): string => getComputedStyle(element).color;
        expect(await wrong.locator('td').first().evaluate(colourOf)).toBe('rgb(185, 28, 28)');
        expect(await page.getByRole('alert').innerText()).toContain('1 result wrong');
        expect(await at(page, 'results').locator('tr.unsupported').innerText()).toContain('stock tfjs has no dilation');
        // Ours alone is left of either: it has won against nobody.
        expect(await at(page, 'results').locator('tr.best').count()).toBe(0);
        expect(await axeFindings(page)).toEqual([]);
      },
    ));

  it('takes a layer of one’s own, and the layers of a model.json; the address holds them', () =>
    using('compare/index.html?backends=cpu&layers=&contenders=matmul,stock&seconds=0.2', async ({ page }) => {
      await at(page, 'environment').waitFor();
      expect(await textOf(page, 'status')).toBe('Choose a layer, or add one of your own.');
      await page.getByText('Add a layer').click();
      await page.locator('input[name=pad]').fill('50');
      await button(page, 'Add').click();
      expect(await textOf(page, 'own-status')).toMatch(/is impossible for x \[1, 16, 16, 32\]/);
      await page.locator('input[name=pad]').fill('same');
      await button(page, 'Add').click();
      const choose = (text: string): Promise<void> =>
        page
          .getByLabel('model.json', { exact: true })
          .setInputFiles({ name: 'model.json', mimeType: 'application/json', buffer: Buffer.from(text) });
      await choose('{}');
      await eventuallyText(page, 'own-status', 'no model.json of TensorFlow.js');
      await choose(modelJson('up'));
      await eventuallyText(page, 'own-status', '1 transposed layer');
      await dropOn(page, page.locator('.own .drop'), { 'model.json': modelJson('dropped') });
      await page.getByRole('button', { name: 'Remove dropped' }).click();
      await eventually(
        async () => page.url(),
        (url) => url.includes('own=own') && url.includes('own=up') && !url.includes('dropped'),
      );
      await page.reload();
      await ready(page);
      await run(page);
      await done(page);
      const cells = await at(page, 'results').locator('tbody tr.first').allInnerTexts();
      expect(cells).toEqual([expect.stringContaining('cpu · own · forward'), expect.stringContaining('cpu · up')]);
      expect(await at(page, 'results').locator(ROWS).count()).toBe(4);
    }));

  it('races a whole model, stock against install()', () =>
    using('compare/index.html?backends=cpu,wasm&layers=&seconds=0.2', async ({ page }) => {
      await at(page, 'environment').waitFor();
      const race = button(page, 'Race stock against install()');
      expect(await race.isDisabled()).toBe(true);
      const choose = page.getByLabel('Model and weights');
      const weights = [
        { name: 'up/kernel', shape: [2, 2, 2, 3], dtype: 'float32' },
        { name: 'up/bias', shape: [2], dtype: 'float32' },
      ];
      const json = { ...JSON.parse(modelJson('up')), weightsManifest: [{ paths: ['weights.bin'], weights }] } as object;
      const model = { name: 'model.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(json)) };
      await choose.setInputFiles([model]);
      await race.click();
      await eventuallyText(page, 'status', 'Choose the weights together with model.json: it names weights.bin');
      const bytes = Buffer.from(Float32Array.from({ length: 26 }, (_, n) => Math.sin(n)).buffer);
      await choose.setInputFiles([model, { ...model, name: 'weights.bin', buffer: bytes }]);
      await race.click();
      await done(page);
      expect(await at(page, 'results').locator(ROWS).count()).toBe(4);
      expect(await at(page, 'results').locator('.wrong').count()).toBe(0);
      expect(await textOf(page, 'sentence')).toContain('As a whole, the model under install() is');
    }));

  it('drops backends of the address that the browser has not, and keeps what is chosen there', () =>
    using('compare/index.html?backends=tpu,cpu', async ({ page }) => {
      await ready(page);
      await eventuallyAt(page, 'backends=cpu&');
      expect(await page.getByRole('checkbox', { name: 'cpu' }).isChecked()).toBe(true);
      expect(await page.getByRole('checkbox', { name: 'tpu' }).count()).toBe(0);
      await page.getByRole('checkbox', { name: 'dilate' }).uncheck();
      await page.getByLabel('Seconds for each').fill('0.5');
      await page.getByLabel('Seconds for each').press('Enter');
      await eventuallyAt(page, 'contenders=auto%2Cscatter%2Cmatmul%2Csubpixel%2Cwinograd%2Cstock', 'seconds=0.5');
      await dropOn(page, at(page, 'model'), { 'model.json': '{}' });
      await button(page, 'Race stock against install()').click();
      await eventuallyText(page, 'status', 'The run ended with an error: ');
      expect(await axeFindings(page)).toEqual([]);
    }));

  it('folds what to compare on a phone, for Run and the results to be in sight; unfolded, it stays so', () =>
    using(
      'compare/index.html?backends=cpu&layers=selfie&contenders=matmul,scatter&seconds=0.2',
      async ({ page }) => {
        await ready(page);
        const fits = async (): Promise<void> =>
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
        const dilate = page.getByRole('checkbox', { name: 'dilate' });
        expect(await dilate.isVisible()).toBe(false);
        const { y, height } = (await button(page, 'Run').boundingBox())!;
        expect(y + height).toBeLessThan(PHONE.height);
        const fold = page.locator('summary', { hasText: 'What to compare' });
        await fold.tap();
        await dilate.check();
        await eventuallyAt(page, 'contenders=scatter%2Cdilate%2Cmatmul&');
        expect(await dilate.isVisible()).toBe(true);
        await fits();
        expect(await axeFindings(page)).toEqual([]);
        await fold.tap();
        expect(await dilate.isVisible()).toBe(false);
        await run(page);
        await done(page);
        expect(await at(page, 'results').locator(ROWS).count()).toBe(3);
        await fits();
      },
      { viewport: PHONE, hasTouch: true },
    ));
});
