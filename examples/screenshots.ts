// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run screenshots`: the README's pictures of the pages, from their static build; and what pages show before their
 * trained networks have drawn it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Page, chromium } from 'playwright-core';
import { PNG } from 'pngjs';
import { type PreviewServer, build, preview } from 'vite';
import { CHROMIUM_FLAGS, HOW_TO_GET_ONE, ensureChromium } from '../scripts/chromium.mjs';

const folder = fileURLToPath(new URL('../docs/screenshots/', import.meta.url));
const configFile = fileURLToPath(new URL('vite.config.ts', import.meta.url));

/** Of PNG. */
const GREYSCALE = 0;

interface Scene {
  readonly path: string;
  readonly height: number;
  /** The canvas whose first picture the page shows before it is there. */
  readonly first?: string;
  /** What is done before the picture is taken. */
  play(page: Page): Promise<void>;
}

const SCENES: Readonly<Record<string, Scene>> = {
  compare: {
    path: 'compare/index.html?backends=cpu,webgl,wasm&layers=hand,dcgan-g4,ae-train&seconds=1.5',
    height: 1080,
    play: async (page) => {
      await page.getByText('Ready.').waitFor();
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByText('Done.', { exact: true }).waitFor();
      await page.locator('[data-testid=plot-field]').selectOption('ratio');
    },
  },
  explorer: {
    path: 'explorer/index.html?step=phases&at=6',
    height: 880,
    play: (page) => page.locator('[data-testid=drawing]').waitFor(),
  },
  decoder: {
    path: 'decoder/index.html',
    height: 720,
    first: 'plane-picture',
    play: async (page) => {
      await page.locator('[data-testid=plane]').waitFor();
      const isPainted = (): boolean =>
        document.querySelector<HTMLCanvasElement>('[data-testid=plane-picture]')!.width > 300;
      await page.waitForFunction(isPainted);
      await page.locator('[data-testid=side]').selectOption('9');
      await page.getByRole('button', { name: 'Take a tour' }).click();
      await page.waitForTimeout(2500);
      await page.getByRole('button', { name: 'End the tour' }).click();
      const { width, height } = (await page.locator('[data-testid=plane]').boundingBox())!;
      await page.locator('[data-testid=plane]').click({ position: { x: 0.43 * width, y: 0.7 * height } });
    },
  },
  gan: {
    path: 'gan/index.html',
    height: 1290,
    first: 'samples',
    play: async (page) => {
      await page.locator('[data-testid=opinions] span').first().waitFor();
      const begun = await page.evaluate(() => Number(/Step (\d+)/.exec(document.body.innerText)?.[1]));
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await page.waitForFunction(
        (least) => Number(/Step (\d+)/.exec(document.body.innerText)?.[1]) >= least,
        begun + 100,
      );
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('button', { name: 'Judge the digits' }).click();
      await page.locator('[data-testid=verdict]').waitFor();
    },
  },
};

/** Keeps what a canvas shows as soon as it has been painted. */
async function keepFirst(page: Page, canvas: string, path: string): Promise<void> {
  const painted = page.locator(`[data-testid=${canvas}][width]`);
  await painted.waitFor();
  const url = await painted.evaluate((element) => (element as unknown as HTMLCanvasElement).toDataURL());
  const picture = PNG.sync.read(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));
  writeFileSync(path, PNG.sync.write(picture, { colorType: GREYSCALE }));
  console.log(`Wrote ${path}`);
}

async function shoot(server: PreviewServer): Promise<void> {
  const executablePath = ensureChromium();
  if (!executablePath) throw new Error(HOW_TO_GET_ONE);
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  try {
    for (const [name, { path, height, first, play }] of Object.entries(SCENES)) {
      const page = await browser.newPage({ viewport: { width: 1200, height } });
      page.setDefaultTimeout(300_000);
      await page.goto(`${server.resolvedUrls!.local[0]}${path}`);
      if (first) await keepFirst(page, first, fileURLToPath(new URL(`${name}/first.png`, import.meta.url)));
      await play(page);
      await page.mouse.move(2, 2);
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.waitForTimeout(1000);
      await page.screenshot({ path: `${folder}${name}.png` });
      await page.close();
      console.log(`Wrote docs/screenshots/${name}.png`);
    }
  } finally {
    await browser.close();
  }
}

await build({ configFile, logLevel: 'warn' });
const server = await preview({ configFile, preview: { port: 0, host: 'localhost' } });
await shoot(server).finally(() => server.close());
