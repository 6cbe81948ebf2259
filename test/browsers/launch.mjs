// SPDX-License-Identifier: Apache-2.0
/** Programs that run for a while: each leads a group of processes, and all of a group end with it, whatever happens. */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

const running = new Set();
const endAll = () => running.forEach(({ pid }) => signal(pid, 'SIGKILL'));
process.on('exit', endAll);

/** Ctrl-C reaches no group but ours. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
function onSignal(name) {
  endAll();
  process.exit(SIGNALS[name]);
}

/**
 * Starts a program. `exited` resolves when it has, to how; `output` is the last of what it printed; `stop` ends it and
 * all that it has started.
 */
export function launch(program, args, { env = {}, stdio = [] } = {}) {
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...stdio],
  });
  if (running.size === 0) for (const name of Object.keys(SIGNALS)) process.on(name, onSignal);
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (output = (output + text).slice(-4000)));
  const exited = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (status, by) => resolve(by ? `it was ended by ${by}` : `it ended with status ${status}`));
  });
  return {
    exited,
    pipes: child.stdio,
    get output() {
      return output.trim();
    },
    async stop() {
      for (const name of ['SIGTERM', 'SIGKILL']) {
        signal(child.pid, name);
        for (let tries = 0; tries < 50 && signal(child.pid, 0); tries++) await wait(100);
      }
      running.delete(child);
      if (running.size === 0) for (const name of Object.keys(SIGNALS)) process.off(name, onSignal);
    },
  };
}

/** Sends a signal to a group. Returns whether there is one. */
function signal(pid, name) {
  try {
    process.kill(-pid, name);
    return true;
  } catch {
    return false;
  }
}

/** A display for browsers that draw nothing without one. */
export async function startDisplay(xvfb) {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const server = launch(xvfb, args, { stdio: ['pipe'] });
  const number = await Promise.race([
    new Promise((resolve) => server.pipes[3].once('data', (text) => resolve(Number(text)))),
    server.exited.then(() => undefined),
    wait(30_000, undefined, { ref: false }),
  ]);
  if (number === undefined) {
    await server.stop();
    throw new Error(`Xvfb did not start. ${server.output}`);
  }
  return { display: `:${number}`, stop: () => server.stop() };
}
