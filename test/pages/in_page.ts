// SPDX-License-Identifier: Apache-2.0
/** What tests of pages share: finding things in a page, waiting for what comes of itself, and reading canvases. */
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import axe from 'axe-core';
import type { Download, Locator, Page } from 'playwright-core';
import { type OpenPage, type Site, openSite } from '../support/site';

/** Opens a page, uses it, and closes it; nothing may have gone wrong in it then. */
export type Using = (
  path: string,
  body: (opened: OpenPage) => Promise<void>,
  options?: Parameters<Site['open']>[1],
) => Promise<void>;

/** For the tests of a file: a browser of their own that pages of the site are opened in. */
export function usingSite(browserHas?: Parameters<typeof openSite>[0]): Using {
  jest.setTimeout(240_000);
  let site: Site;
  beforeAll(async () => {
    site = await openSite(browserHas);
  });
  afterAll(() => site?.close());
  return async (path, body, options) => {
    const opened = await site.open(path, options);
    try {
      await body(opened);
      expect(opened.complaints).toEqual([]);
    } catch (error) {
      await opened.picture(`failed-${path.split(/\W/)[0]}`).catch(() => undefined);
      throw error;
    } finally {
      await opened.close();
    }
  };
}

export const PHONE = { width: 390, height: 844 } as const;

export const at = (page: Page, testId: string): Locator => page.locator(`[data-testid="${testId}"]`);
export const textOf = async (page: Page, testId: string): Promise<string> =>
  (await at(page, testId).innerText()).trim();
export const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
export const cell = (page: Page, grid: string, row: number, col: number): Locator =>
  at(page, grid).locator(`.cell[data-row="${row}"][data-col="${col}"]`);

/** Types a number and leaves the field. */
export async function enter(page: Page, testId: string, value: number): Promise<void> {
  await at(page, testId).fill(`${value}`);
  await at(page, testId).press('Enter');
}

/** Waits until `read` gives something that passes `test`; fails with the last of it. */
export async function eventually<T>(read: () => Promise<T>, test: (value: T) => boolean): Promise<T> {
  let value = await read();
  for (let n = 0; n < 600 && !test(value); n++) {
    await new Promise((resume) => setTimeout(resume, 100));
    value = await read();
  }
  if (!test(value)) throw new Error(`In a minute nothing but ${JSON.stringify(value)} came`);
  return value;
}

export function eventuallyText(page: Page, testId: string, part: string): Promise<string> {
  return eventually(
    () => textOf(page, testId),
    (text) => text.includes(part),
  );
}

/** Waits until the address of the page has all these parts. */
export async function eventuallyAt(page: Page, ...parts: string[]): Promise<void> {
  await eventually(
    async () => page.url(),
    (url) => parts.every((part) => url.includes(part)),
  );
}

/** What `read` gives once it gives the same again after a while. */
export async function settled<T>(read: () => Promise<T>): Promise<T> {
  let last = await read();
  const again = async (): Promise<{ same: boolean; last: T }> => {
    const before = last;
    await new Promise((resume) => setTimeout(resume, 500));
    last = await read();
    return { same: last === before, last };
  };
  return (await eventually(again, ({ same }) => same)).last;
}

export async function downloaded(page: Page, press: Locator): Promise<{ name: string; path: string }> {
  const [download] = (await Promise.all([page.waitForEvent('download'), press.click()])) as [Download, void];
  return { name: download.suggestedFilename(), path: await download.path() };
}

/** Drops files on an element, as their names and texts. */
export async function dropOn(page: Page, target: Locator, files: Readonly<Record<string, string>>): Promise<void> {
  const dataTransfer = await page.evaluateHandle((named) => {
    const transfer = new DataTransfer();
    for (const [name, text] of Object.entries(named)) transfer.items.add(new File([text], name));
    return transfer;
  }, files);
  await target.dispatchEvent('drop', { dataTransfer });
}

/** In the page: the greys that a canvas shows; or what they come to, as a checksum, which is sooner sent. */
function read(shown: HTMLCanvasElement, isSum: boolean): number | number[] {
  // A copy, for one that is read often the browser would rather have told so.
  const canvas = Object.assign(document.createElement('canvas'), { width: shown.width, height: shown.height });
  if (canvas.width === 0) return isSum ? 0 : [];
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(shown, 0, 0);
  const greys = context.getImageData(0, 0, canvas.width, canvas.height).data.filter((_, n) => n % 4 === 0);
  if (!isSum) return [...greys];
  return new Set(greys).size < 2 ? 0 : greys.reduce((sum, grey) => (sum * 4099 + grey + 1) % 2_147_483_647, 0);
}

/** The greys that a canvas shows. */
export async function greys(page: Page, testId: string): Promise<number[]> {
  return (await at(page, testId).evaluate(read as never, false)) as number[];
}

/** What a canvas shows, as a checksum; 0 if it is blank. */
export async function checksum(page: Page, testId: string): Promise<number> {
  return (await at(page, testId).evaluate(read as never, true)) as number;
}

/** Waits until a canvas shows something, and something else than before if that is given; its checksum. */
export function eventuallyPainted(page: Page, testId: string, before = 0): Promise<number> {
  return eventually(
    () => checksum(page, testId),
    (sum) => sum !== 0 && sum !== before,
  );
}

/**
 * What axe finds wrong on a page as it is now, and what it cannot decide: rule and element of each. What lies behind a
 * text it cannot tell in an SVG (`faintCells` can), nor where the text is scrolled out of sight in a box of its own:
 * there it looks as what is in sight. And it does not know the head of a group of rows.
 */
export async function axeFindings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: here } = globalThis as unknown as { axe: typeof axe };
    const found = await here.run(document, { resultTypes: ['violations', 'incomplete'] });
    const isInSight = (selector: string): boolean => {
      const element = document.querySelector(selector)!;
      const { left, top, right, bottom } = element.getBoundingClientRect();
      for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
        if (getComputedStyle(box).overflow === 'visible') continue;
        const around = box.getBoundingClientRect();
        if (left < around.left || top < around.top || right > around.right || bottom > around.bottom) return false;
      }
      return true;
    };
    const isUnclear = (id: string, html: string, target: unknown): boolean => {
      const selector = String(target);
      if (id === 'th-has-data-cells') return !document.querySelector(`${selector} th[scope=rowgroup]`);
      return id !== 'color-contrast' || (!html.startsWith('<text') && isInSight(selector));
    };
    return [
      ...found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `wrong ${id}: ${html.slice(0, 160)}`)),
      ...found.incomplete.flatMap(({ id, nodes }) =>
        nodes
          .filter(({ html, target }) => isUnclear(id, html, target))
          .map(({ html }) => `undecided ${id}: ${html.slice(0, 160)}`),
      ),
    ];
  });
}

/** Numbers in cells of a contrast to what is behind them below 4.5 : 1, as WCAG 2.2 defines it. */
export function faintCells(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
      willReadFrequently: true,
    })!;
    /** Relative luminance of colours painted over each other. */
    const luminance = (...colours: string[]): number => {
      for (const colour of colours) {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
      }
      const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((value) =>
        value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = getComputedStyle(document.querySelector('.panel')!).backgroundColor;
    return [...document.querySelectorAll('.cell:not(.cut) text')].flatMap((text) => {
      const behind = getComputedStyle(text.parentElement!.querySelector('rect')!).fill;
      const [one, other] = [luminance(paper, behind), luminance(paper, behind, getComputedStyle(text).fill)];
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      return contrast < 4.5 ? [`${text.textContent} on ${behind}: ${contrast.toFixed(1)}`] : [];
    });
  });
}
