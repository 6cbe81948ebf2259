// SPDX-License-Identifier: Apache-2.0
/**
 * A plugin of vite: tfjs's packages, of hundreds of files each, are bundled by esbuild before rollup sees them. That
 * takes a second, where rollup takes twenty.
 */
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import type { Plugin } from 'vite';

const FOLDER = '/bundled-first/';

/** @param packages All that are imported by their roots: what they share is there once. */
export function bundledFirst(packages: readonly string[], options: BuildOptions): Plugin {
  const fileOf = (name: string): string => join(FOLDER, `${name}.js`);
  let files: Promise<ReadonlyMap<string, string>> | undefined;
  const bundle = async (): Promise<ReadonlyMap<string, string>> => {
    const { outputFiles } = await build({
      ...options,
      entryPoints: Object.fromEntries(packages.map((name) => [name, name])),
      outdir: FOLDER,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'browser',
      write: false,
    });
    return new Map(outputFiles.map(({ path, text }) => [path, text]));
  };
  return {
    name: 'bundled-first',
    enforce: 'pre',
    resolveId(source, importer) {
      if (packages.includes(source)) return fileOf(source);
      return importer?.startsWith(FOLDER) && source.startsWith('.') ? join(importer, '..', source) : undefined;
    },
    async load(id) {
      return id.startsWith(FOLDER) ? (await (files ??= bundle())).get(id) : undefined;
    },
  };
}
