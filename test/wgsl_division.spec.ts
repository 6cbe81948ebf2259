// SPDX-License-Identifier: Apache-2.0
/** How WGSL divides integers, by floats (kernels/webgpu/programs/program): exactly, however a device rounds. */
import { LARGEST_DIVIDEND, QUOTIENT } from '../kernels/webgpu/programs/program';

/** Units in the last place by which WGSL lets a quotient of floats be wrong. */
const MOST_ULPS = 2.5;

type Division = (a: number, b: number) => number;
type Rounding = (quotient: number) => number;

/** The very code of the programs, with a device of our own for the floats: numbers here hold what i32 does. */
function playedWith(divided: Division): Record<'quotient' | 'smallQuotient', Division> {
  const code = QUOTIENT.replace(/fn (\w+)\(a: i32, b: i32\) -> i32/g, 'function $1(a, b)')
    .replace(/i32\((.+?) \/ f32\(b\)\)/g, 'i32(divided($1, f32(b)))')
    .replace(/\blet\b/g, 'const');
  const names = ['divided', 'i32', 'f32', 'select'];

  const made = new Function(...names, `${code}\nreturn { quotient, smallQuotient };`) as (
    ...members: unknown[]
  ) => Record<'quotient' | 'smallQuotient', Division>;
  const select = (no: number, yes: number, condition: boolean): number => (condition ? yes : no);
  return made(divided, Math.trunc, Math.fround, select);
}

/** As high or as low as a quotient may come out, and a little more: it is not rounded to a float. */
const off =
  (ulps: number): Rounding =>
  (quotient) =>
    quotient === 0 ? 0 : quotient + ulps * 2 ** (Math.floor(Math.log2(Math.abs(quotient))) - 23);
const DEVICES: readonly Rounding[] = [off(-MOST_ULPS), Math.fround, off(MOST_ULPS)];

const DIVISORS = [1, 2, 3, 5, 7, 11, 52, 60, 127, 255, 641, 1023, 4097, 16383, 65537, 349525];

/** Around multiples of `b` up to `most`, where quotients change. */
function dividends(b: number, most: number): number[] {
  const multiples = Array.from({ length: 400 }, (_, n) => Math.floor((most / b) * (1 - (n / 400) ** 2)) * b);
  return multiples.flatMap((multiple) => [multiple - 1, multiple, multiple + 1]).filter((a) => a >= 0 && a <= most);
}

/** The first that comes out wrong of quotients of numbers up to `most`. */
function wrong(divide: Division, most: number): string {
  for (const b of [...DIVISORS, most - 1, most])
    for (const a of dividends(b, most)) if (divide(a, b) !== Math.floor(a / b)) return `${a} / ${b} = ${divide(a, b)}`;
  return '';
}

describe('division in WGSL', () => {
  it('of numbers up to LARGEST_DIVIDEND is exact in the short way, and not of all', () => {
    const short = DEVICES.map((device) => playedWith((a, b) => device(a / b)).smallQuotient);
    expect(short.map((divide) => wrong(divide, LARGEST_DIVIDEND))).toEqual(['', '', '']);
    expect(short.map((divide) => divide(1703987, 52))).toEqual([32768, 32768, 32769]);
  });

  it('of all numbers is exact in the other way, each of its two quotients as wrong as may be', () => {
    for (const first of DEVICES)
      for (const second of DEVICES) {
        let calls = 0;
        const { quotient } = playedWith((a, b) => (calls++ % 2 === 0 ? first : second)(a / b));
        expect(wrong(quotient, 2 ** 31 - 1)).toBe('');
      }
  });
});
