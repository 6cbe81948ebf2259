// SPDX-License-Identifier: Apache-2.0
/**
 * The suite in a page or a worker: looks what this browser has, runs the specs there in jasmine, which a script before
 * this one has brought, and posts what it finds. `?smoke` is for a few layers on the fastest engine.
 */
import { type Environment, environments } from '../support/environments';
import '../support/setup_browser';
import { webgpu } from '../support/webgpu_environment';
import { type Facts, findFacts } from './facts';

/** What became of a backend: how many expectations held, on what, and what did not. */
interface Outcome {
  right: number;
  on: string[];
  wrong: { spec: string; messages: string[] }[];
}

type Report =
  | { kind: 'facts'; facts: Facts }
  | { kind: 'progress'; specs: number }
  | { kind: 'done'; outcomes: Record<string, Outcome> }
  | { kind: 'crash'; message: string };

/** What jasmine.js brings before its interface is made, which is the global `jasmine` that the specs use. */
interface JasmineRequire {
  core(required: JasmineRequire): typeof jasmine;
  interface(core: typeof jasmine, env: jasmine.Env): object;
}
const scope = globalThis as typeof globalThis & { jasmineRequire: JasmineRequire };

const LAYERS = [
  'depthwise, dilated',
  'groups 2',
  'dilation 2, stride 4: gcd 2',
  'stride 3, output padding 1',
  "3 × 3, 'same'",
];
const SMOKE = new RegExp(`: (${LAYERS.join('|')})$|, relu,`);
const isSmoke = new URLSearchParams(location.search).has('smoke');
const PROGRESS_EVERY_MS = 2000;

const wasmEnvironment: Environment = { name: 'wasm', backend: 'wasm', onlyNumbers: true };

/** The order of reports is kept. */
let posted: Promise<unknown> = Promise.resolve();
function post(report: Report): Promise<unknown> {
  posted = posted.then(() => fetch('/report', { method: 'POST', body: JSON.stringify(report) }));
  return posted;
}

/**
 * Leaves those that this browser has: cpu on every engine, wasm, WebGL 2 and WebGPU as they are; for a smoke one per
 * backend. Other ways of WebGL, which are the same in every browser, are for test/karma.mjs.
 */
function chooseEnvironments({ missing }: Facts): void {
  const all = environments.splice(0).filter(({ backend, name }) => backend === 'cpu' || name === 'webgl 2');
  const wanted = [...all, wasmEnvironment, webgpu].filter(({ backend }) => missing[backend] === undefined);
  const first = wanted.filter(({ backend }, at) => wanted.findIndex((other) => other.backend === backend) === at);
  environments.push(...(isSmoke ? first : wanted));
}

function createReporter(): jasmine.CustomReporter {
  const outcomes: Record<string, Outcome> = {};
  for (const { backend, name } of environments) (outcomes[backend] ??= { right: 0, on: [], wrong: [] }).on.push(name);
  /** The backend of a spec; `library` for specs of none. */
  const outcomeOf = (fullName: string): Outcome => {
    const found = environments.find(({ name }) => fullName.includes(`[${name}]`));
    return (outcomes[found?.backend ?? 'library'] ??= { right: 0, on: [], wrong: [] });
  };
  const addFailures = (spec: string, failed: { message: string }[] | undefined): void => {
    if (failed?.length) outcomeOf(spec).wrong.push({ spec, messages: failed.map(({ message }) => message) });
  };
  let specs = 0;
  let last = performance.now();
  return {
    async specDone({ fullName, passedExpectations, failedExpectations }) {
      outcomeOf(fullName).right += passedExpectations?.length ?? 0;
      addFailures(fullName, failedExpectations);
      specs++;
      if (performance.now() - last < PROGRESS_EVERY_MS) return;
      last = performance.now();
      await post({ kind: 'progress', specs });
    },
    suiteDone: ({ fullName, failedExpectations }) => addFailures(fullName, failedExpectations),
    async jasmineDone({ overallStatus, incompleteReason, failedExpectations }) {
      addFailures('all specs', failedExpectations);
      if (overallStatus === 'incomplete') addFailures('all specs', [{ message: incompleteReason ?? '' }]);
      await post({ kind: 'done', outcomes });
    },
  };
}

async function run(): Promise<void> {
  const facts = await findFacts();
  await post({ kind: 'facts', facts });
  chooseEnvironments(facts);
  const core = scope.jasmineRequire.core(scope.jasmineRequire);
  const env = core.getEnv();
  Object.assign(scope, { jasmine: core }, scope.jasmineRequire.interface(core, env));
  core.DEFAULT_TIMEOUT_INTERVAL = 120_000;
  // Here, as they describe themselves when they are loaded.
  await import('../kernels.spec');
  await import('../fused.spec');
  await import('../install.spec');
  const specFilter = (spec: jasmine.Spec): boolean => !isSmoke || SMOKE.test(spec.getFullName());
  env.configure({ random: false, specFilter });
  env.addReporter(createReporter());
  await env.execute();
}

run().catch((error: Error) => post({ kind: 'crash', message: error.stack ?? String(error) }));
