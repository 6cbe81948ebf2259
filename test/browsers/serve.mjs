// SPDX-License-Identifier: Apache-2.0
/** A web server for one visit of one browser: the page, its scripts, tfjs's WebAssembly; and the page's reports. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sirv from 'sirv';
import { root } from '../../scripts/dependencies.mjs';

const packages = createRequire(import.meta.url);
const inPackage = (name, path) => join(dirname(packages.resolve(`${name}/package.json`)), path);
const wasm = sirv(inPackage('@tensorflow/tfjs-backend-wasm', 'dist'), { dev: true });

const page = (...scripts) =>
  ['<!doctype html><meta charset="utf-8"><title>Specs</title>']
    .concat(scripts.map((src) => `<script src="${src}"></script>`))
    .join('');
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8' };
const START_WORKER = `new Worker('/worker.js' + location.search).onerror = ({ message }) =>
  fetch('/report', { method: 'POST', body: JSON.stringify({ kind: 'crash', message }) });`;

const files = {
  '/page.html': () => page('/jasmine.js', '/suite.js'),
  '/in_worker.html': () => page('/start_worker.js'),
  '/start_worker.js': () => START_WORKER,
  '/worker.js': () => `importScripts('/jasmine.js', '/suite.js');`,
  '/jasmine.js': () => readFileSync(inPackage('jasmine-core', 'lib/jasmine-core/jasmine.js')),
  '/suite.js': () => readFileSync(`${root}test/dist/suite.js`),
};

/** Serves on this machine alone until `close`. All answers carry `headers`; `onReport` gets what the page posts. */
export async function serve({ headers = {}, onReport }) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('cache-control', 'no-store');
    if (request.method === 'POST') {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.end();
        onReport(JSON.parse(Buffer.concat(chunks).toString()));
      });
    } else if (files[pathname]) {
      response.setHeader('content-type', TYPES[pathname.split('.').at(-1)]);
      response.end(files[pathname]());
    } else {
      wasm(request, response, () => {
        response.statusCode = 404;
        response.end();
      });
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  };
}
