// SPDX-License-Identifier: Apache-2.0
/** Numbers as tables show them. */

/** Three significant digits, without an exponent. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** An error in units of the bound. */
export function errorText(error: number): string {
  return error === 0 ? '0' : error.toPrecision(2);
}
