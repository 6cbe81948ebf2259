// SPDX-License-Identifier: Apache-2.0
/** What became of the visits: which are fine, and a table browser × backend for the terminal and docs/browsers.md. */
import Table from 'cli-table3';
import { formatLine } from '../progress.mjs';

const BACKENDS = ['cpu', 'wasm', 'webgl', 'webgpu'];
const number = (value) => value.toLocaleString('en');

/** What is wrong with a visit, a line each; nothing if all is right, or is lacking where it should be. */
export function complaints({ environment, facts, outcomes, failure, reason }) {
  if (reason) return [];
  if (failure) return [failure];
  const lines = Object.values(outcomes).flatMap(({ wrong }) =>
    wrong.map(({ spec, messages }) => `${spec}: ${messages.join('; ')}`),
  );
  for (const backend of BACKENDS) {
    const [isMissing, mayMiss] = [facts.missing[backend] !== undefined, environment.without?.includes(backend)];
    if (isMissing && !mayMiss) lines.push(`${backend} should be there: ${facts.missing[backend]}`);
    if (!isMissing && mayMiss) lines.push(`${backend} should not be there`);
    if (!isMissing && !outcomes[backend]?.right) lines.push(`${backend} has compared nothing`);
  }
  return lines;
}

/** Counts of a visit that was made: expectations that held, complaints; and the line that tells it. */
export function summary(visit, seconds) {
  const wrong = complaints(visit);
  const passed = Object.values(visit.outcomes).reduce((sum, { right }) => sum + right, 0);
  const details = wrong.map((text) => `  ${text}`).join('\n');
  const line = formatLine({ runner: 'visit', what: visit.name, passed, failed: wrong.length, seconds, details });
  return { passed, failed: wrong.length, line };
}

/** A line for each reason why engines of the cpu backend are not there. */
function missingEngines({ engineReasons }) {
  return [...new Set(Object.values(engineReasons))].map((reason) => {
    const names = Object.keys(engineReasons).filter((name) => engineReasons[name] === reason);
    return `no ${names.join(', no ')} engine: ${reason}`;
  });
}

/** The rows of the table, and below it the reasons that it refers to by number. */
function lay(visits) {
  const notes = [];
  const note = (reason) => {
    const text = reason.length > 160 ? `${reason.slice(0, 159)}…` : reason;
    if (!notes.includes(text)) notes.push(text);
    return `[${notes.indexOf(text) + 1}]`;
  };
  const cell = ({ facts, outcomes, failure, reason }, backend) => {
    if (reason) return `not run ${note(reason)}`;
    if (failure) return 'failed';
    if (facts.missing[backend] !== undefined) return `explained ${note(facts.missing[backend])}`;
    const { right, wrong } = outcomes[backend] ?? { right: 0, wrong: [] };
    if (wrong.length > 0) return `${number(wrong.length)} WRONG`;
    return [`${number(right)} right`, ...(backend === 'cpu' ? missingEngines(facts).map(note) : [])].join(' ');
  };
  const rows = visits.map((visit) => [visit.name, ...BACKENDS.map((backend) => cell(visit, backend))]);
  return { rows, notes: notes.map((text, at) => `[${at + 1}] ${text}`) };
}

export function renderTable(visits) {
  const { rows, notes } = lay(visits);
  const table = new Table({ head: ['browser', ...BACKENDS], style: { head: [], border: [] } });
  table.push(...rows);
  return [table.toString(), ...notes].join('\n');
}

export function renderMarkdown(visits) {
  const { rows, notes } = lay(visits);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const head = ['browser', ...BACKENDS.map((name) => `\`${name}\``)];
  const literal = (text) => text.replace(/[|<>*_`[\]]/g, (sign) => `\\${sign}`);
  return [
    ...[line(head), line(head.map(() => '---')), ...rows.map((cells) => line(cells.map(literal)))],
    ...['', ...notes.map((text) => `${literal(text)}\\`)],
  ]
    .join('\n')
    .replace(/\\$/, '');
}
