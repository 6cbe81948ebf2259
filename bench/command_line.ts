// SPDX-License-Identifier: Apache-2.0
/** What the command lines of the benches share: a bad argument gets its reason, the usage, and exit code 2. */
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_NAMES, WORKLOADS, type Workload } from './workloads';

/** The layers that stock tfjs computes as well. */
const UNGROUPED = WORKLOADS.filter(({ geometry }) => geometry.groups === 1);

/**
 * A command with the options that all have: which layers, and where the numbers go.
 *
 * @param of The layers to choose from. Default: those that stock tfjs computes as well.
 * @param byDefault Those that are measured if none are named. Default: the layers of networks that have no groups.
 */
export function benchCommand(
  name: string,
  description: string,
  json: string,
  of: readonly Workload[] = UNGROUPED,
  byDefault: readonly string[] = DEFAULT_NAMES,
): Command {
  const names = of.map((workload) => workload.name);
  const others = names.filter((one) => !byDefault.includes(one));
  const notByDefault = others.length > 0 ? `; not by default, ${others.join(', ')}` : '';
  return command(name, description, json).option(
    '-w, --workloads <names>',
    `comma-separated, of ${byDefault.join(', ')}${notByDefault}`,
    listOf(names),
    [...byDefault],
  );
}

/** A command that says where its numbers go. */
export function command(name: string, description: string, json: string): Command {
  return new Command(name)
    .description(description)
    .option('-j, --json <file>', 'where the numbers go', json)
    .showHelpAfterError()
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

/** Parses comma-separated names, each one of `choices`. */
export function listOf(choices: readonly string[]): (value: string) => string[] {
  return (value) => {
    const names = value.split(',');
    const wrong = names.find((name) => !choices.includes(name));
    if (wrong !== undefined) throw new InvalidArgumentError(`'${wrong}' is none of ${choices.join(', ')}.`);
    return names;
  };
}

export function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

export function wholePositive(value: string): number {
  if (!Number.isInteger(positive(value))) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(value);
}
