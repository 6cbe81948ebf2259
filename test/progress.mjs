// SPDX-License-Identifier: Apache-2.0
/**
 * How far a run of tests is: a line for each check or suite that is finished, the details of what failed, and each
 * warning once. All runners print this way, so that their lines may come in any order. The default export is a reporter
 * for jest, which runs in a process of its own; `karmaProgress` is one for karma.
 */
import { relative } from 'node:path';

/** A line: who ran, how it went, what was run and how long it took; below it what went wrong. */
export function formatLine({ runner, what, passed = 0, failed = 0, skipped = 0, seconds, details = '' }) {
  const counts = [passed && `${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`];
  const facts = [what, ...counts.filter(Boolean), `${Math.round(seconds)} s`].join(' · ');
  const end = details ? `\n${details.trimEnd()}\n` : '';
  return `${runner.padEnd(5)} ${failed > 0 ? 'FAILED' : 'ok    '} ${facts}${end}\n`;
}

/** Prints what a runner warns of (a suite that cannot run here, and why), each text once. */
function notes(runner, write) {
  const seen = new Set();
  return (text) => {
    const first = text.trim().split('\n')[0];
    if (!seen.has(first)) write(`${runner.padEnd(5)} note   ${first}\n`);
    seen.add(first);
  };
}

/** Jest's own output on stdout is its report as JSON, so lines go to stderr. */
export default class JestProgress {
  #write = (text) => process.stderr.write(text);
  #note = notes('jest', this.#write);

  onTestResult(test, result) {
    for (const { type, message } of result.console ?? []) if (type === 'warn') this.#note(message);
    const { numPassingTests, numFailingTests, numPendingTests, numTodoTests, failureMessage, perfStats } = result;
    this.#write(
      formatLine({
        runner: 'jest',
        what: relative(process.cwd(), test.path),
        passed: numPassingTests,
        failed: numFailingTests + (result.testExecError ? 1 : 0),
        skipped: numPendingTests + numTodoTests,
        seconds: perfStats.runtime / 1000,
        details: failureMessage ?? '',
      }),
    );
  }
}

/** A suite is what the outermost `describe` names, on all backends that it runs on one after the other. */
function createKarmaProgress(formatError) {
  const write = (text) => process.stdout.write(text);
  const note = notes('karma', write);
  let suite;
  const finishSuite = () => {
    if (suite) write(formatLine(suite));
    suite = undefined;
  };
  return {
    onSpecComplete(_browser, result) {
      if (result.disabled) return; // By --grep.
      const what = (result.suite[0] ?? result.description).replace(/ \[.*\]$/, '');
      if (what !== suite?.what) finishSuite();
      suite ??= { runner: 'karma', what, passed: 0, failed: 0, skipped: 0, seconds: 0, details: '' };
      suite[result.skipped ? 'skipped' : result.success ? 'passed' : 'failed']++;
      suite.seconds += result.time / 1000;
      if (result.success) return;
      suite.details += `  ${[...result.suite, result.description].join(' › ')}\n`;
      for (const text of result.log) suite.details += formatError(text, '    ');
    },
    onBrowserLog(_browser, log, type) {
      if (type === 'warn') note(String(log).replace(/^'|'$/g, ''));
    },
    onBrowserError(_browser, error) {
      write(`karma FAILED ${formatError(error, '  ')}\n`);
    },
    onRunComplete: finishSuite,
  };
}
createKarmaProgress.$inject = ['formatError'];
export const karmaProgress = { 'reporter:progress-lines': ['factory', createKarmaProgress] };
