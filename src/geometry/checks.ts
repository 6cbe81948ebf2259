// SPDX-License-Identifier: Apache-2.0
/** What public functions check of their arguments, and how they show them: what was given, what was expected. */

/** A value as a caller would have written it; unlike JSON, NaN stays NaN, and nothing breaks it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_SHOWN).map(show);
    return `[${[...shown, ...(value.length > MOST_SHOWN ? ['…'] : [])].join(', ')}]`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const names = Object.keys(value);
  return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, MOST_SHOWN).join(', ')}`;
}
const MOST_SHOWN = 12;

/** @throws RangeError unless a value is an integer of at least `least`. */
export function checkInteger(who: string, value: unknown, least: number, most = Infinity): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = most === Infinity ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`;
  throw new RangeError(`${who} must be ${range}, but was ${show(value)}`);
}

/** @throws RangeError unless a value is one of some. */
export function checkOneOf(who: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value))
    throw new RangeError(`${who} must be one of ${choices.map(show).join(', ')}, but was ${show(value)}`);
}

/** @throws RangeError unless a value is an object that holds things by name. */
export function checkObject(who: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${who} must be an object, but was ${show(value)}`);
}

/** @throws RangeError if an object has a field of a name that is not known. */
export function checkNames(who: string, value: object, known: readonly string[]): void {
  for (const name in value) {
    if (!known.includes(name))
      throw new RangeError(`${who}: unknown option ${show(name)}; the options are ${known.join(', ')}`);
  }
}
