// SPDX-License-Identifier: Apache-2.0
/** One visit: starts a browser, has it run the suite, waits for what the page reports, ends the browser. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { installPackages, packageVersion } from '../../scripts/programs.mjs';
import { bundle } from '../bundle.mjs';
import { xvfb } from './environments.mjs';
import { launch, startDisplay } from './launch.mjs';
import { serve } from './serve.mjs';

/** A page that says nothing for so long hangs. */
const SILENCE_MS = 180_000;

/** Makes the script of the page, for all visits. */
export const bundleSuite = () => bundle('suite', "import './browsers/page';");

const needs = ({ browser, libraries, display }) => [browser, ...libraries, ...(display ? [xvfb] : [])];

/** What of an environment's needs this machine has not. */
const missingNeeds = (environment) => needs(environment).filter(({ find }) => !find());

/** Why an environment cannot be had here, or ''. With `install`, what is missing is installed first where it may be. */
export function whyNotRun(environment, { install = false } = {}) {
  const packages = missingNeeds(environment).map(({ debian }) => debian);
  const reason = install && packages.length > 0 ? installPackages(packages) : '';
  const missing = missingNeeds(environment);
  if (missing.length === 0) return '';
  const names = missing.map(({ name, debian }) => `${name} (Debian: ${debian})`).join(', ');
  return `this machine lacks ${names}${reason && `; ${reason}`}`;
}

/** As `Firefox 153.7, in a worker`; without the version where the browser is not here. */
export function nameOf({ browser, setting }) {
  const path = browser.find();
  const said = path && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout;
  const version = /\d+(\.[1-9]\d*)?/.exec(said || packageVersion(browser.debian))?.[0];
  return [[browser.name, version].filter(Boolean).join(' '), setting].filter(Boolean).join(', ');
}

/**
 * Runs the suite in an environment that can be had. Resolves to what the page has found (`facts`), to what became of
 * each backend (`outcomes`), and to what went wrong besides wrong numbers (`failure`, else '').
 */
export async function visit(environment, { smoke = false } = {}) {
  const { browser, display, env, start, headers, page = 'page.html' } = environment;
  const folder = mkdtempSync(join(tmpdir(), 'browser-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.on('exit', removeFolder); // On Ctrl-C.
  const ends = [removeFolder, () => process.off('exit', removeFolder)];
  const result = { facts: undefined, outcomes: {}, failure: '' };
  try {
    let last = performance.now();
    const reported = {};
    reported.end = new Promise((resolve) => (reported.resolve = resolve));
    const server = await serve({
      headers,
      onReport: ({ kind, ...report }) => {
        last = performance.now();
        Object.assign(result, kind === 'facts' || kind === 'done' ? report : {});
        if (kind === 'crash') reported.resolve(`The page crashed: ${report.message}`);
        if (kind === 'done') reported.resolve('');
      },
    });
    ends.unshift(server.close);
    const screen = display ? await startDisplay(xvfb.find()) : undefined;
    if (screen) ends.unshift(screen.stop);
    const home = { HOME: folder, XDG_RUNTIME_DIR: folder, TMPDIR: folder };
    // Without a session's bus they would start one, and leave it running.
    const alone = { DBUS_SESSION_BUS_ADDRESS: 'disabled:', NO_AT_BRIDGE: '1', WAYLAND_DISPLAY: '' };
    const program = launch(browser.find(), start(folder, `${server.origin}/${page}${smoke ? '?smoke' : ''}`), {
      env: { ...home, ...alone, ...(screen && { DISPLAY: screen.display, GDK_BACKEND: 'x11' }), ...env },
    });
    ends.unshift(() => program.stop());
    const silence = async () => {
      while (performance.now() - last < SILENCE_MS) await wait(1000, undefined, { ref: false });
      return `The page said nothing for ${SILENCE_MS / 1000} s`;
    };
    const exited = program.exited.then((how) => `The browser is gone: ${how}`);
    result.failure = await Promise.race([reported.end, exited, silence()]);
    if (result.failure && !result.facts) result.failure += `\n${program.output}`;
  } catch (error) {
    result.failure = error.message;
  } finally {
    for (const end of ends) await end();
  }
  if (!result.failure && !environment.is(result.facts))
    result.failure = `It is not what it is called: ${JSON.stringify(result.facts)}`;
  return result;
}
