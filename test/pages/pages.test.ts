// SPDX-License-Identifier: Apache-2.0
/** The pages of the examples in a real browser, from their static build, used as a person would. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Download, Locator, Page } from 'playwright-core';
import { type OpenPage, type Site, openSite } from '../support/site';

jest.setTimeout(240_000);

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

/** Uses a page; then nothing may have gone wrong in it. */
async function using(
  path: string,
  body: (opened: OpenPage) => Promise<void>,
  options?: Parameters<Site['open']>[1],
): Promise<void> {
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
}

const at = (page: Page, testId: string): Locator => page.locator(`[data-testid="${testId}"]`);
const textOf = async (page: Page, testId: string): Promise<string> => (await at(page, testId).innerText()).trim();
const cell = (page: Page, grid: string, row: number, col: number): Locator =>
  at(page, grid).locator(`.cell[data-row="${row}"][data-col="${col}"]`);

/** Waits until `read` gives something that passes `test`; fails with the last of it. */
async function eventually<T>(read: () => Promise<T>, test: (value: T) => boolean): Promise<T> {
  let value = await read();
  for (let n = 0; n < 600 && !test(value); n++) {
    await new Promise((resume) => setTimeout(resume, 100));
    value = await read();
  }
  if (!test(value)) throw new Error(`In a minute nothing but ${JSON.stringify(value)} came`);
  return value;
}

/** What `read` gives once it gives the same again after a while. */
async function settled<T>(read: () => Promise<T>): Promise<T> {
  let last = await read();
  return eventually(
    async () => {
      const before = last;
      await new Promise((resume) => setTimeout(resume, 500));
      last = await read();
      return { same: last === before, last };
    },
    ({ same }) => same,
  ).then((found) => found.last);
}

async function downloaded(page: Page, press: () => Promise<void>): Promise<{ name: string; path: string }> {
  const [download] = (await Promise.all([page.waitForEvent('download'), press()])) as [Download, void];
  return { name: download.suggestedFilename(), path: await download.path() };
}

/** The greys that a canvas shows. */
function greys(page: Page, testId: string): Promise<number[]> {
  return at(page, testId).evaluate((element) => {
    const shown = element as unknown as HTMLCanvasElement;
    // A copy, for one that is read often the browser would rather have told so.
    const canvas = Object.assign(document.createElement('canvas'), { width: shown.width, height: shown.height });
    if (canvas.width === 0) return [];
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(shown, 0, 0);
    return [...context.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, n) => n % 4 === 0);
  });
}

/** What a canvas shows, as a checksum; 0 if it is blank. */
async function checksum(page: Page, testId: string): Promise<number> {
  const values = await greys(page, testId);
  return new Set(values).size < 2 ? 0 : values.reduce((sum, grey) => (sum * 4099 + grey + 1) % 2_147_483_647, 0);
}

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

describe('the arithmetic explorer', () => {
  it('works the output out for whatever is set, and keeps it in the address', () =>
    using('explorer/index.html', async ({ page, picture }) => {
      expect(await textOf(page, 'size-formula')).toContain('2·(3 − 1) + 1·(3 − 1) + 1 + 0 − 2 = 5');
      await at(page, 'kernel').first().focus();
      await page.locator('#kernel-slider').focus();
      await page.keyboard.press('ArrowRight');
      expect(await at(page, 'kernel-number').inputValue()).toBe('4');
      expect(await textOf(page, 'size-formula')).toContain('= 6');
      await at(page, 'input-number').fill('5');
      await at(page, 'input-number').press('Enter');
      expect(await textOf(page, 'size-formula')).toContain('2·(5 − 1) + 1·(4 − 1) + 1 + 0 − 2 = 10');
      expect(await textOf(page, 'score')).toBe('0 %');
      await at(page, 'kernel-number').fill('3');
      await at(page, 'kernel-number').press('Enter');
      expect([await textOf(page, 'score'), await textOf(page, 'why')]).toEqual(['75 %', expect.stringContaining('(2 or 4)')]); // prettier-ignore
      await at(page, 'weights').selectOption('bilinear');
      expect(await textOf(page, 'weighted')).toBe('0 %');
      await eventually(async () => page.url(), (url) => /input=5.*kernel=3.*weights=bilinear/.test(url)); // prettier-ignore
      await page.reload();
      expect(await at(page, 'input-number').inputValue()).toBe('5');
      await picture('explorer');
    }));

  it('shows every variant arriving at the same output, played, stepped or scrubbed', () =>
    using('explorer/index.html', async ({ page, picture }) => {
      const outputs: string[] = [];
      for (const variant of ['scatter', 'dilate', 'matmul', 'subpixel']) {
        await page.getByRole('tab', { name: variant, exact: true }).click();
        const steps = Number((await textOf(page, 'step')).split('/')[1]);
        await page.getByLabel('Step on').click();
        expect(await textOf(page, 'step')).toBe(`2 / ${steps}`);
        await page.getByLabel('Step back').click();
        await page.getByLabel('Play').click();
        await eventually(() => textOf(page, 'step'), (text) => Number(text.split('/')[0]) >= 3); // prettier-ignore
        await page.getByLabel('Pause').click();
        await at(page, 'scrub').fill(`${steps - 1}`);
        expect(await textOf(page, 'step')).toBe(`${steps} / ${steps}`);
        outputs.push((await at(page, 'output').locator('text').allInnerTexts()).join(' '));
        await picture(`explorer-${variant}`);
      }
      expect(outputs[0].split(' ')).toHaveLength(25);
      expect(new Set(outputs).size).toBe(1);
    }));

  it('tells of a cell under the pointer, and pins it', () =>
    using('explorer/index.html', async ({ page }) => {
      await cell(page, 'output', 1, 1).hover();
      expect(await textOf(page, 'formula')).toContain('y[1, 1] = x[0, 0]·w[2, 2] + x[0, 1]·w[2, 0] + x[1, 0]·w[0, 2] + x[1, 1]·w[0, 0]'); // prettier-ignore
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
        // prettier-ignore
        await page.getByRole('tab', { name: library, exact: true }).click();
        expect(await textOf(page, 'code')).toContain(text);
      }
      await page.getByRole('button', { name: 'Copy' }).click();
      await page.getByText('Copied.').waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await textOf(page, 'code'));
    }));

  it('fits a phone, in light and in dark', () =>
    using(
      'explorer/index.html?input=6&kernel=5&pad=same',
      async ({ page, picture }) => {
        for (const variant of ['scatter', 'dilate', 'matmul', 'subpixel']) {
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
});

describe('the comparison lab', () => {
  const ready = (page: Page): Promise<void> => page.getByText('Ready.').waitFor();
  const run = (page: Page): Promise<void> => page.getByRole('button', { name: 'Run' }).click();
  const done = (page: Page): Promise<void> => page.getByText('Done.', { exact: true }).waitFor({ timeout: 120_000 });

  it('compares, shows table and plots, and exports both', () =>
    using('compare/index.html?backends=cpu,webgl,wasm&layers=selfie&seconds=0.4', async ({ page, picture }) => {
      await ready(page);
      expect(await textOf(page, 'environment')).toMatch(/cpu: .*webgl: ANGLE.*wasm: .*Mozilla.*tfjs 4/s);
      await run(page);
      await done(page);
      const rows = at(page, 'results').locator('tbody tr');
      expect(await rows.count()).toBe(15);
      expect(await rows.filter({ hasText: 'fastest' }).count()).toBe(3);
      expect(await at(page, 'results').locator('.wrong').count()).toBe(0);
      for (const what of [
        'Useful GFLOP/s',
        'Times as fast as stock',
        'Error / bound (1 is wrong)',
        'First call (ms)',
        'Memory (bytes)',
        'Time (ms)',
      ]) {
        // prettier-ignore
        await page.getByRole('tab', { name: what }).click();
        await eventually(() => at(page, 'plot').locator('svg .mark-symbol path').count(), (count) => count >= 9); // prettier-ignore
      }
      await picture('compare');
      const json = await downloaded(page, () => page.getByRole('button', { name: 'Export JSON' }).click());
      const results = JSON.parse(readFileSync(json.path, 'utf8')) as { rows: { ms: number; error: number; firstMs: number }[]; userAgent: string }; // prettier-ignore
      expect([json.name, results.rows.length, results.userAgent.includes('Chrome')]).toEqual(['comparison.json', 15, true]); // prettier-ignore
      expect(results.rows.every(({ ms, error, firstMs }) => ms > 0 && error <= 1 && firstMs > 0)).toBe(true);
      const csv = await downloaded(page, () => page.getByRole('button', { name: 'Export CSV' }).click());
      expect([csv.name, readFileSync(csv.path, 'utf8').trim().split('\n').length]).toEqual(['comparison.csv', 16]);
    }));

  it('stops at once, in the middle of a call, keeps what it has, and can run again', () =>
    using(
      'compare/index.html?backends=cpu&layers=unet-up1&contenders=stock&passes=forward,input-gradient&seconds=0.2',
      async ({ page }) => {
        await ready(page);
        await run(page);
        await page.getByText('unet-up1, forward: stock').waitFor();
        await page.getByRole('button', { name: 'Stop' }).click({ timeout: 5000 });
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
      'compare/index.html?backends=wasm&layers=&passes=input-gradient&seconds=0.2&own=small:1.3.3.4.4.2.2.3.3.1.1.1.0.0.same&own=holes:1.3.3.4.4.3.3.1.1.2.2.1.0.0.same',
      async ({ page, picture }) => {
        await ready(page);
        await run(page);
        await done(page);
        const wrong = at(page, 'results').locator('tr.wrong');
        expect(await wrong.allInnerTexts()).toEqual([expect.stringMatching(/small\s+stock.*WRONG/s)]);
        expect(await wrong.locator('td').first().evaluate((element) => getComputedStyle(element).color)).toBe('rgb(185, 28, 28)'); // prettier-ignore
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
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      expect(await textOf(page, 'own-status')).toMatch(/is impossible for x \[1, 16, 16, 32\]/);
      await page.locator('input[name=pad]').fill('same');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      const model = { modelTopology: { class_name: 'Sequential', config: { name: 'm', layers: [{ class_name: 'Conv2DTranspose', config: { name: 'up', filters: 2, kernel_size: [2, 2], strides: [2, 2], padding: 'valid', batch_input_shape: [null, 4, 4, 3] } }] } } }; // prettier-ignore
      const file = page.locator('input[type=file]');
      await file.setInputFiles({ name: 'model.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
      await eventually(() => textOf(page, 'own-status'), (text) => text.includes('no model.json of TensorFlow.js')); // prettier-ignore
      await file.setInputFiles({ name: 'model.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(model)) }); // prettier-ignore
      await eventually(() => textOf(page, 'own-status'), (text) => text.includes('1 transposed layer')); // prettier-ignore
      const other = JSON.stringify(model).replace('"up"', '"dropped"');
      const dropped = await page.evaluateHandle((text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], 'model.json'));
        return transfer;
      }, other);
      await page.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped });
      await page.getByRole('button', { name: 'Remove dropped' }).click();
      await eventually(async () => page.url(), (url) => url.includes('own=own') && url.includes('own=up')); // prettier-ignore
      await page.reload();
      await ready(page);
      await run(page);
      await done(page);
      const layers = await at(page, 'results').locator('tbody td:nth-child(2)').allInnerTexts();
      expect(layers).toEqual(['own', 'own', 'up', 'up']);
    }));
});

/** Trains until so many steps more have been made, then pauses; the number of steps. */
async function trainSome(page: Page, more: number): Promise<number> {
  const step = async (): Promise<number> => Number(/Step (\d+)/.exec(await textOf(page, 'progress'))![1]);
  const from = await step();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await eventually(step, (now) => now >= from + more);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
  return step();
}

/** Saves, starts over and loads: all is as before. */
async function saveAndLoad(page: Page, name: string, steps: number): Promise<void> {
  const saved = await downloaded(page, () => page.getByRole('button', { name: 'Save' }).click());
  expect(saved.name).toBe(name);
  await page.getByRole('button', { name: 'Start over' }).click();
  await eventually(() => textOf(page, 'progress'), (text) => text.startsWith('Step 0,')); // prettier-ignore
  const load = page.getByLabel('Load a checkpoint');
  await load.setInputFiles({ name: 'broken.safetensors', mimeType: '', buffer: Buffer.from('nonsense') });
  await eventually(() => textOf(page, 'training-status'), (text) => text.includes('broken.safetensors is no safetensors file')); // prettier-ignore
  await load.setInputFiles(saved.path);
  await eventually(() => textOf(page, 'progress'), (text) => text.startsWith(`Step ${steps},`)); // prettier-ignore
}

describe('the decoder', () => {
  it('decodes where the plane is dragged, on any backend and by any variant', () =>
    using('decoder/index.html', async ({ page, picture }) => {
      const shown = (): Promise<number> => checksum(page, 'decoded');
      const first = await eventually(shown, (sum) => sum !== 0);
      await eventually(() => checksum(page, 'plane-picture'), (sum) => sum !== 0); // prettier-ignore
      const box = (await at(page, 'plane').boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
      for (let n = 1; n <= 20; n++) {
        await page.mouse.move(box.x + box.width / 2 + 8 * n, box.y + box.height / 2 - 6 * n);
        await page.waitForTimeout(16);
      }
      await page.mouse.up();
      expect(await page.getByText(/Decoded at/).innerText()).toBe('Decoded at (1.78, 1.33)');
      await eventually(shown, (sum) => sum !== first);
      await settled(shown);
      expect(Number(await textOf(page, 'fps'))).toBeGreaterThan(0);
      expect(await textOf(page, 'ms')).toMatch(/^\d+\.\d ms$/);
      // The same digit from everyone, up to rounding.
      for (const [backend, variant] of Object.entries({ cpu: 'stock', wasm: 'matmul', webgl: 'subpixel' })) {
        const before = await shown();
        await at(page, 'backend').selectOption(backend);
        await at(page, 'variant').selectOption(variant);
        await at(page, 'plane').focus();
        await page.keyboard.press('ArrowDown');
        await eventually(shown, (sum) => sum !== before);
        await settled(shown);
        const theirs = await greys(page, 'decoded');
        await at(page, 'backend').selectOption('cpu');
        await at(page, 'variant').selectOption('auto');
        await page.waitForTimeout(500);
        const ours = await greys(page, 'decoded');
        expect(Math.max(...ours.map((grey, n) => Math.abs(grey - theirs[n])))).toBeLessThanOrEqual(1);
      }
      const single = await settled(shown);
      await at(page, 'side').selectOption('9');
      await eventually(shown, (sum) => sum !== single);
      await at(page, 'plane').focus();
      await page.keyboard.press('ArrowLeft');
      expect(await page.getByText(/Decoded at/).innerText()).toBe('Decoded at (1.68, 1.03)');
      await page.getByRole('button', { name: 'Take a tour' }).click();
      const touring = await shown();
      await eventually(shown, (sum) => sum !== touring);
      await page.getByRole('button', { name: 'End the tour' }).click();
      await picture('decoder');
    }));

  it('trains, saves and loads', () =>
    using('decoder/index.html', async ({ page }) => {
      await eventually(() => checksum(page, 'plane-picture'), (sum) => sum !== 0); // prettier-ignore
      const begun = Number(/Step (\d+)/.exec(await textOf(page, 'progress'))![1]);
      expect(begun).toBeGreaterThan(1000);
      const steps = await trainSome(page, 3);
      expect(await textOf(page, 'progress')).toMatch(/reconstruction \d+\.\d, divergence \d+\.\d+ nats/);
      expect(await textOf(page, 'pace')).toMatch(/An epoch of 78 steps takes about .* on \w+/);
      await saveAndLoad(page, 'decoder.safetensors', steps);
    }));
});

describe('the GAN', () => {
  it('trains either kind, shows digits and losses, saves, loads, and judges', () =>
    using('gan/index.html', async ({ page, picture }) => {
      const blank = await eventually(() => checksum(page, 'samples'), (sum) => sum !== 0); // prettier-ignore
      const steps = await trainSome(page, 5);
      await eventually(() => checksum(page, 'samples'), (sum) => sum !== blank); // prettier-ignore
      await at(page, 'losses').locator('svg, canvas').first().waitFor();
      expect(await textOf(page, 'progress')).toMatch(/critic -?\d+\.\d+, generator -?\d+\.\d+/);
      await saveAndLoad(page, 'dcgan.safetensors', steps);
      await page.getByRole('button', { name: 'Judge the digits' }).click();
      await at(page, 'verdict').waitFor({ timeout: 120_000 });
      expect(await textOf(page, 'verdict')).toMatch(/sure of.*effective classes of 10.*Fréchet distance/s);
      await picture('gan');
      await page.getByLabel(/WGAN-GP/).check();
      await eventually(() => textOf(page, 'progress'), (text) => text.startsWith('Step 0,')); // prettier-ignore
      await trainSome(page, 1);
      await at(page, 'losses').waitFor();
    }));
});
