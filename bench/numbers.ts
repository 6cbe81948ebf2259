// SPDX-License-Identifier: Apache-2.0
/** Numbers as tables show them. */

/** Three significant digits, without an exponent. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** How many times as fast: '3.5×', or a dash if there is nothing to compare with. */
export function timesText(ratio: number): string {
  return Number.isFinite(ratio) ? `${significant(ratio)}×` : '–';
}

/** An error in units of the bound. */
export function errorText(error: number): string {
  return error === 0 ? '0' : error.toPrecision(2);
}

/** '1 layer', '2 layers'. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
