// SPDX-License-Identifier: Apache-2.0
/**
 * The worker of every page: one bundle, whose tfjs is built, loaded and cached once for all of them. Its name says
 * whose work it does.
 */
const WORKERS: Readonly<Record<string, () => Promise<unknown>>> = {
  compare: () => import('../compare/worker'),
  decoder: () => import('../decoder/worker'),
  gan: () => import('../gan/worker'),
};

// What the page says meanwhile waits for those who listen.
const early: MessageEvent[] = [];
const keep = (event: Event): void => void early.push(event as MessageEvent);
addEventListener('message', keep);
void WORKERS[self.name]().then(() => {
  removeEventListener('message', keep);
  for (const { data, ports } of early)
    dispatchEvent(new MessageEvent('message', { data: data as unknown, ports: [...ports] }));
});
