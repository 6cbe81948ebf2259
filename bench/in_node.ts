// SPDX-License-Identifier: Apache-2.0
/** What commands in Node share: tfjs with all its backends on one thread, a progress bar, and files to write. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type Options, Presets, SingleBar } from 'cli-progress';

/** tfjs as it is measured and trained with: one thread, no checks of every result, the files of wasm where they are. */
export function setUpTfjs(): void {
  tf.enableProdMode();
  setUpWasm();
}

/** The wasm backend with its files where they are, on one thread. */
export function setUpWasm(): void {
  setWasmPaths(fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)));
  setThreadsCount(1);
}

/** The machine, as results name it. */
export function machineWith(threads: number): string {
  const used = threads === 1 ? 'one thread' : `${threads} threads`;
  return `${cpus()[0].model.trim()}, ${cpus().length} cores, ${used} used`;
}
export const MACHINE = machineWith(1);

/**
 * A progress bar on the error stream. `what` comes after the percentage and may name tokens: 'step {value}/{total}'.
 */
export function progressBar(what: string, options: Options = {}): SingleBar {
  const format = `{bar} {percentage}% | ${what}`;
  return new SingleBar({ format, stream: process.stderr, hideCursor: true, ...options }, Presets.shades_classic);
}

/** Writes a file, and its folder if need be, and says so. */
export function write(path: string, text: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  writeFileSync(path, `${text}\n`);
  console.log(`Wrote ${path}`);
}

export function writeJson(path: string, value: unknown): void {
  write(path, JSON.stringify(value, null, 2));
}
