// SPDX-License-Identifier: Apache-2.0
/** A worker: scripts/build_wasm.mjs makes a script of it, as text, that runs in Node and in browsers. */
import { instantiate } from '../instance';
import { Member, type Start } from './team';

interface Port {
  postMessage(message: string): void;
  addEventListener(type: 'message', listener: (event: { data: Start }) => void): void;
}
declare const importScripts: unknown;
declare function require(name: string): { parentPort: Port };

const inPage = typeof importScripts === 'function';
const port = inPage ? (globalThis as unknown as Port) : require('worker_threads').parentPort;

port.addEventListener('message', ({ data: { module, memory, index, threads } }) => {
  const member = new Member(instantiate(module, memory), index, threads);
  port.postMessage('ready');
  member.follow();
});
