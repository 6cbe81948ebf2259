// SPDX-License-Identifier: Apache-2.0
/** Tests of what the pages that train show before their trained network is there, and if it never is. */
import { describe, expect, it } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { PHONE, at, axeFindings, button, eventually, usingSite } from './in_page';

const using = usingSite();

/** Goes to a page from the home page, its trained network being answered so. */
async function open(page: Page, title: string, answer: (route: Route) => Promise<void>): Promise<void> {
  await page.route('**/*.safetensors', answer);
  await page.locator('.card', { hasText: title }).click();
}

describe.each(['Decoder', 'GAN'])('%s, while it loads', (title) => {
  it.each([{ width: 1280, height: 900 }, PHONE])('has its controls where they stay, $width pixels wide', (viewport) =>
    using(
      'index.html',
      async ({ page }) => {
        let letIn = (): void => undefined;
        const allowed = new Promise<void>((resolve) => (letIn = resolve));
        await open(page, title, (route) => allowed.then(() => route.continue()));
        const backend = at(page, 'training-backend');
        expect(await backend.isDisabled()).toBe(true);
        const top = async (): Promise<number> => (await button(page, 'Time stock kernels, too').boundingBox())!.y;
        const before = await top();
        letIn();
        await eventually(
          () => backend.isEnabled(),
          (enabled) => enabled,
        );
        expect(await top()).toBe(before);
      },
      { viewport },
    ),
  );

  it('says so if its trained network is none', () =>
    using('index.html', async ({ page }) => {
      await open(page, title, (route) => route.fulfill({ body: 'nonsense' }));
      expect(await page.getByRole('alert').innerText()).toContain('pretrained.safetensors is no safetensors file');
      expect(await button(page, 'Train').count()).toBe(0);
      expect(await axeFindings(page)).toEqual([]);
    }));
});
