// SPDX-License-Identifier: Apache-2.0
/**
 * The axis that settings ask for, or why there is none; and what meets along it. All of it is read from
 * ../../src/geometry: the pictures have no arithmetic of their own.
 */
import { type AxisArithmetic, axisArithmetic } from '../../src/geometry/arithmetic';
import { SLIDERS, type Settings, type SliderName, axisRequest } from './settings';

/** Input cell and tap, whose product adds to an output cell. */
export interface Meeting {
  readonly input: number;
  readonly tap: number;
  readonly output: number;
}

/** What is wrong with impossible settings, and which values of a single one of them would do. */
export interface Impossible {
  readonly message: string;
  readonly remedies: readonly { readonly name: SliderName; readonly values: readonly number[] }[];
}

export function axisOf(settings: Settings): AxisArithmetic | Impossible {
  try {
    return axisArithmetic(axisRequest(settings));
  } catch (error) {
    return { message: (error as Error).message, remedies: remediesOf(settings) };
  }
}

/** The same axis with nothing cropped and nothing added: all that the stamps reach. */
export function uncropped({ inSize, kernel, stride, dilation }: AxisArithmetic): AxisArithmetic {
  return axisArithmetic({ inSize, kernel, stride, dilation });
}

/** What meets inside the output, input by input and tap by tap: the phase table, turned round. */
export function meetingsOf({ inSize, stride, phases }: AxisArithmetic): Meeting[] {
  const meetings: Meeting[] = [];
  for (const { firstOut, firstIndex, count, taps } of phases)
    for (let t = 0; t < count; t++)
      for (const { tap, inputOffset } of taps) {
        const input = firstIndex + t - inputOffset;
        if (input >= 0 && input < inSize) meetings.push({ input, tap, output: firstOut + t * stride });
      }
  return meetings.sort((a, b) => a.input - b.input || a.tap - b.tap);
}

/** The phase of an output cell. */
export function phaseOf({ phases, stride }: AxisArithmetic, output: number): number {
  return phases[output % stride].phase;
}

/** The phase whose output cells a tap adds to; `undefined` if none of them lies in the output. */
export function phaseOfTap({ phases }: AxisArithmetic, tap: number): number | undefined {
  return phases.find(({ taps }) => taps.some((own) => own.tap === tap))?.phase;
}

/** The sliders of which another value, all else being as it is, makes the settings possible. */
function remediesOf(settings: Settings): Impossible['remedies'] {
  return (Object.keys(SLIDERS) as SliderName[]).flatMap((name) => {
    if (name === 'padding' && settings.pad !== 'number') return [];
    const { least, most } = SLIDERS[name];
    const values = Array.from({ length: most - least + 1 }, (_, n) => least + n).filter((value) =>
      isPossible({ ...settings, [name]: value }),
    );
    return values.length > 0 ? [{ name, values }] : [];
  });
}

function isPossible(settings: Settings): boolean {
  try {
    axisArithmetic(axisRequest(settings));
    return true;
  } catch {
    return false;
  }
}
