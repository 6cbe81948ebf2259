// SPDX-License-Identifier: Apache-2.0
/** Two runs of the same tests side by side: one with stock tfjs, one with our kernels installed. */

/**
 * Compares runs (./boot.mjs). A problem is a test that passes with stock and not with ours, or did not run with ours;
 * an error outside of tests that only ours has; or that there was nothing to compare. What tfjs leaves out itself (a
 * pending test) does not count as run.
 */
export function compareRuns(stock, ours) {
  const found = byName(ours.specs);
  const counts = { ran: 0, passedWithStock: 0, passedWithOurs: 0, passedWithBoth: 0, passedWithOursOnly: 0 };
  const problems = [];
  for (const [name, { status }] of byName(stock.specs)) {
    if (status !== 'passed' && status !== 'failed') continue;
    const [before, now] = [status === 'passed', found.get(name)?.status === 'passed'];
    counts.ran++;
    if (before) counts.passedWithStock++;
    if (now) counts.passedWithOurs++;
    if (before && now) counts.passedWithBoth++;
    if (!before && now) counts.passedWithOursOnly++;
    if (before && !now) problems.push(describeFailure(name, found.get(name)));
  }
  for (const error of ours.errors) if (!stock.errors.includes(error)) problems.push(`  Outside of tests: ${error}`);
  if (counts.passedWithStock === 0) problems.push('  No test passed with stock: there was nothing to compare.');
  if (ours.installed.length === 0) problems.push('  install() has installed nothing.');
  return { ...counts, problems };
}

function describeFailure(name, spec) {
  const messages = spec?.messages.length ? spec.messages : [spec ? `It was ${spec.status}.` : 'It did not run.'];
  const lines = messages.flatMap((text) => text.split('\n')).map(shorten);
  return [`  ${name}`, ...lines.map((line) => `    ${line}`)].join('\n');
}

/** Messages hold whole arrays. */
function shorten(line) {
  return line.length > 200 ? `${line.slice(0, 200)} …` : line;
}

/** Tests may share a name: they are told apart by their order. */
function byName(specs) {
  const times = new Map();
  return new Map(
    specs.map((spec) => {
      const nth = (times.get(spec.name) ?? 0) + 1;
      times.set(spec.name, nth);
      return [nth === 1 ? spec.name : `${spec.name} (no. ${nth} of this name)`, spec];
    }),
  );
}
