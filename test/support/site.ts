// SPDX-License-Identifier: Apache-2.0
/** The built site of the examples, served from a folder deep in a plain web server, and a browser that looks at it. */
import { mkdirSync } from 'node:fs';
import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sirv from 'sirv';
import { launchChromium } from './chromium';

const root = resolve(__dirname, '../..');
const FOLDER = '/some/where/deep/';
/** The same without headers of its own, as static hosts have it. */
const STATIC_FOLDER = '/some/static/host/';

/** In the environment: what `npm run examples` sends with every file, as JSON (../pages/build_site.ts). */
export const HEADERS = 'SITE_HEADERS';

export interface OpenOptions extends BrowserContextOptions {
  /** Whether the server can't be told to send headers. */
  readonly onStaticHost?: boolean;
}

export interface Site {
  /** Opens a page of the site, as `compare/index.html?…`, or a file. What went wrong in it is in `complaints`. */
  open(path: string, options?: OpenOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, failed requests, and requests to other hosts. */
  readonly complaints: readonly string[];
  /** Keeps a picture of what went wrong in test/dist/screenshots. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Serves the site, which ../pages/build_site.ts has built, as `npm run examples` does, and starts a browser. */
export async function openSite(browserHas?: Parameters<typeof launchChromium>[0]): Promise<Site> {
  const headers = new Headers(JSON.parse(process.env[HEADERS]!) as Record<string, string>);
  const setHeaders = (response: ServerResponse): void => void response.setHeaders(headers);
  const folders = {
    [FOLDER]: sirv(join(root, 'examples/dist'), { dev: true, setHeaders }),
    [STATIC_FOLDER]: sirv(join(root, 'examples/dist'), { dev: true }),
  };
  const server = createServer((request, response) => {
    const [folder, files] = Object.entries(folders).find(([name]) => request.url?.startsWith(name)) ?? [];
    if (!folder || !files) {
      response.statusCode = 404;
      return response.end();
    }
    request.url = request.url!.slice(folder.length - 1);
    files(request, response, () => {
      response.statusCode = 404;
      response.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium(browserHas);
  return {
    open: (path, options) => openPage(browser, origin, path, options),
    close: async () => {
      await browser.close();
      await closed(server);
    },
  };
}

async function openPage(
  browser: Browser,
  origin: string,
  path: string,
  { onStaticHost, ...options }: OpenOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().message}`));
  context.on('requestfailed', (request) => {
    const { errorText } = request.failure() ?? {};
    // A page that is left drops what it was still loading.
    if (errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()} ${errorText}`);
  });
  context.on('request', (request) => {
    if (!new RegExp(`^(${origin}/|data:|blob:|file:)`).test(request.url()))
      complaints.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(new URL(path, `${origin}${onStaticHost ? STATIC_FOLDER : FOLDER}`).href);
  return {
    page,
    complaints,
    picture: async (name) => {
      mkdirSync(join(root, 'test/dist/screenshots'), { recursive: true });
      await page.screenshot({ path: join(root, `test/dist/screenshots/${name}.png`), fullPage: true });
    },
    close: () => context.close(),
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
