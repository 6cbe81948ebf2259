// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:shaders`: what compilers of real GPUs make of the webgl programs, ours and stock tfjs's, though no GPU
 * is here. Chromium collects the programs of all layers; Mesa compiles them for two of AMD's architectures and, once
 * `--build-mali` has built that compiler, for two of Arm's. The table goes into docs/shaders.md, which explains it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import Table from 'cli-table3';
import { format, resolveConfig } from 'prettier';
import { command, listOf } from './command_line';
import { write, writeJson } from './in_node';
import { collectShaders } from './shaders/collect';
import { buildMaliCompiler, hasMaliCompiler } from './shaders/mali';
import { RATIO_HEAD, countedModel, predictAll, ratioRows } from './shaders/prediction';
import { HEAD, measure, rowsOf } from './shaders/rows';
import { ensureAmdTools } from './shaders/tools';
import { BORDERS } from './tables';
import { ALL_WORKLOADS } from './workloads';

const PAGE = 'docs/shaders.md';
const COUNTS = 'src/choice/counts.ts';
/** The exit code where something is missing; 1 is an error. */
const CANNOT = 3;
const names = ALL_WORKLOADS.map(({ name }) => name);
const description = 'What compilers of GPUs that are not here make of the webgl programs.';
const options = command('npm run bench:shaders --', description, 'bench/out/bench_shaders.json')
  .option('-w, --workloads <names>', `comma-separated; default: all layers, of which ${PAGE} is`, listOf(names))
  .option('--no-stock', "leave stock tfjs's programs out")
  .option('--build-mali', "build the compiler for Arm's GPUs first: some minutes, on Debian, as root")
  .parse()
  .opts<{ json: string; workloads?: string[]; stock: boolean; buildMali?: boolean }>();

/** It cannot be done on this machine. */
function stop(reason: string): never {
  console.error(reason);
  process.exit(CANNOT);
}

const tools = ensureAmdTools();
if ('missing' in tools) stop(`To compile for GPUs that are not here takes ${tools.missing}.`);
if (options.buildMali && !hasMaliCompiler()) {
  const problem = buildMaliCompiler();
  if (problem !== '') stop(`The compiler for Mali cannot be built: ${problem}`);
}
const collected = await collectShaders(options.workloads ?? names, options.stock);
if ('skipped' in collected) stop(collected.skipped);
const compilers = `Mesa ${tools.version}`;
const measured = {
  'Ours, where a thread has 128 registers': measure(collected.ours, tools, hasMaliCompiler()),
  'Ours, where it has 64': measure(collected.oursOfFewRegisters, tools, hasMaliCompiler()),
  "Stock tfjs's, for the same work": measure(collected.stock, tools, hasMaliCompiler()),
};
const sections = Object.entries(measured).map(([title, programs]) => [title, rowsOf(programs)] as const);
for (const [title, rows] of sections.filter((section) => section[1].length > 0)) {
  const table = new Table({ ...BORDERS, head: HEAD.map((head) => head.replace(/[,:] /, '\n')) });
  table.push(...rows);
  console.log(`${title}\n${table.toString()}`);
}
console.log(compilers);
if (!hasMaliCompiler()) console.log("Not compiled for Arm's GPUs: --build-mali builds a compiler.");
const predicted = predictAll(Object.values({ ...measured, 'Ours, where it has 64': [] }).flat());
const model = countedModel(predicted);
const ratios = ratioRows(predicted, model);
for (const row of ratios) console.log(`Predicted × stock's better program on RDNA2: ${row.join(', ')}`);
writeJson(options.json, { compilers, programs: measured, predicted });
if (!options.workloads && options.stock) {
  await writePage();
  await writeCounts();
}

/** Writes the cost model of renderers that are not calibrated. */
async function writeCounts(): Promise<void> {
  const counts = { command: 'npm run bench:shaders', compilers, models: { webgl: model } };
  const source = `// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model where nothing is calibrated, written by \`npm run bench:shaders\`: don't edit. */
export const COUNTS = ${JSON.stringify(counts)};
`;
  write(COUNTS, (await format(source, { ...(await resolveConfig(COUNTS)), filepath: COUNTS })).trimEnd());
}

/** Puts the tables in place of those before them, between two comments. */
async function writePage(): Promise<void> {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = (rows: readonly (readonly string[])[], head: readonly string[]): string =>
    [head, head.map(() => '---'), ...rows].map(line).join('\n');
  const prediction = `## Predicted, × stock's better program on RDNA2\n\n${table(ratios, RATIO_HEAD)}\n`;
  const markdown = sections.map(([title, rows]) => {
    return `## ${title}\n\n${table(rows, HEAD)}\n`;
  });
  const between = /(?<=<!-- npm run bench:shaders -->\n).*(?=<!-- end -->)/s;
  const text = readFileSync(PAGE, 'utf8').replace(
    between,
    () => `\n${[prediction, ...markdown].join('\n')}\n${compilers}.\n\n`,
  );
  writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
  console.log(`Wrote ${PAGE}`);
}
