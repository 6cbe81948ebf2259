// SPDX-License-Identifier: Apache-2.0
/** Tests of the comparison lab. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { LabResults } from '../../examples/compare/export';
import { type Using, at, button, downloaded, eventually, eventuallyAt, eventuallyText, textOf } from './in_page';

const ready = (page: Page): Promise<void> => page.getByText('Ready.').waitFor();
const run = (page: Page): Promise<void> => button(page, 'Run').click();
const done = (page: Page): Promise<void> => page.getByText('Done.', { exact: true }).waitFor({ timeout: 120_000 });

/** A model of one transposed layer. */
function modelJson(name: string): string {
  const layer = { name, filters: 2, kernel_size: [2, 2], strides: [2, 2], padding: 'valid' };
  const config = { ...layer, batch_input_shape: [null, 4, 4, 3] };
  const layers = [{ class_name: 'Conv2DTranspose', config }];
  return JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } } });
}

export function describeLab(using: Using): void {
  it('compares, shows table and plots, and exports both', () =>
    using('compare/index.html?backends=cpu,webgl,wasm&layers=selfie&seconds=0.4', async ({ page, picture }) => {
      await ready(page);
      const environment = await textOf(page, 'environment');
      for (const part of [/cpu: /, /webgl: ANGLE/, /wasm: /, /Mozilla.*tfjs 4/s]) expect(environment).toMatch(part);
      await run(page);
      await done(page);
      const rows = at(page, 'results').locator('tbody tr');
      expect(await rows.count()).toBe(15);
      expect(await rows.filter({ hasText: 'fastest' }).count()).toBe(3);
      expect(await at(page, 'results').locator('.wrong').count()).toBe(0);
      for (const tab of await page.getByRole('tablist', { name: 'What to plot' }).getByRole('tab').all()) {
        await tab.click();
        await eventually(
          () => at(page, 'plot').locator('svg .mark-symbol path').count(),
          (count) => count >= 9,
        );
      }
      await picture('compare');
      const json = await downloaded(page, button(page, 'Export JSON'));
      const results = JSON.parse(readFileSync(json.path, 'utf8')) as LabResults;
      expect([json.name, results.rows.length]).toEqual(['comparison.json', 15]);
      expect(results.userAgent).toContain('Chrome');
      expect(results.rows.every(({ ms, error, firstMs }) => ms > 0 && error! <= 1 && firstMs! > 0)).toBe(true);
      const csv = await downloaded(page, button(page, 'Export CSV'));
      expect([csv.name, readFileSync(csv.path, 'utf8').trim().split('\n').length]).toEqual(['comparison.csv', 16]);
    }));

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
        expect(await at(page, 'results').locator('tbody tr').count()).toBe(1);
      },
    ));

  it('shows a wrong result in red, and what cannot run with its reason', () =>
    using(
      // Stock's conv2d on wasm gives zeros for 'same' with a kernel smaller than its stride; and it has no dilation.
      'compare/index.html?backends=wasm&layers=&passes=input-gradient&seconds=0.2' +
        '&own=small:1.3.3.4.4.2.2.3.3.1.1.1.0.0.same&own=holes:1.3.3.4.4.3.3.1.1.2.2.1.0.0.same',
      async ({ page, picture }) => {
        await ready(page);
        await run(page);
        await done(page);
        const wrong = at(page, 'results').locator('tr.wrong');
        expect(await wrong.allInnerTexts()).toEqual([expect.stringMatching(/small\s+stock.*WRONG/s)]);
        const colourOf = (element: Element): string => getComputedStyle(element).color;
        expect(await wrong.locator('td').first().evaluate(colourOf)).toBe('rgb(185, 28, 28)');
        expect(await page.getByRole('alert').innerText()).toContain('1 result is wrong');
        expect(await at(page, 'results').locator('tr.unsupported').innerText()).toContain('stock tfjs has no dilation');
        expect(await at(page, 'results').locator('tr.best').count()).toBe(2);
        await picture('compare-wrong');
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
          .locator('input[type=file]')
          .setInputFiles({ name: 'model.json', mimeType: 'application/json', buffer: Buffer.from(text) });
      await choose('{}');
      await eventuallyText(page, 'own-status', 'no model.json of TensorFlow.js');
      await choose(modelJson('up'));
      await eventuallyText(page, 'own-status', '1 transposed layer');
      const dropped = await page.evaluateHandle((text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], 'model.json'));
        return transfer;
      }, modelJson('dropped'));
      await page.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped });
      await page.getByRole('button', { name: 'Remove dropped' }).click();
      await eventuallyAt(page, 'own=own', 'own=up');
      await page.reload();
      await ready(page);
      await run(page);
      await done(page);
      const layers = await at(page, 'results').locator('tbody td:nth-child(2)').allInnerTexts();
      expect(layers).toEqual(['own', 'own', 'up', 'up']);
    }));

  it('drops backends of the address that the browser has not', () =>
    using('compare/index.html?backends=tpu,cpu', async ({ page }) => {
      await ready(page);
      await eventuallyAt(page, 'backends=cpu&');
      expect(await page.getByRole('checkbox', { name: 'cpu' }).isChecked()).toBe(true);
      expect(await page.getByRole('checkbox', { name: 'tpu' }).count()).toBe(0);
    }));
}
