// SPDX-License-Identifier: Apache-2.0
/** The pages of the examples in a real browser, from their static build, used as a person would. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Site, openSite } from '../support/site';
import { describeExplorer } from './explorer';
import type { Using } from './in_page';
import { describeLab } from './lab';
import { describeTrainings } from './trainings';

jest.setTimeout(240_000);

// Built once for all: that takes longer than most of the tests.
let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const using: Using = async (path, body, options) => {
  const opened = await site.open(path, options);
  try {
    await body(opened);
    expect(opened.complaints).toEqual([]);
  } catch (error) {
    await opened.picture('failed').catch(() => undefined);
    throw error;
  } finally {
    await opened.close();
  }
};

describe('the home page', () => {
  it('leads to all four pages and back', () =>
    using('index.html', async ({ page, picture }) => {
      for (const title of ['Comparison lab', 'Arithmetic explorer', 'Decoder', 'GAN']) {
        await page.locator('.card', { hasText: title }).click();
        await page.locator('h1', { hasText: title }).waitFor();
        expect(await page.locator('nav [aria-current=page]').innerText()).toBe(title);
        await page.waitForLoadState('networkidle');
        await page.locator('.brand').click();
        await page.locator('.card').first().waitFor();
      }
      await picture('home');
    }));
});

describe('the arithmetic explorer', () => describeExplorer(using));
describe('the comparison lab', () => describeLab(using));
describeTrainings(using);
