// SPDX-License-Identifier: Apache-2.0
/** Compiles what was collected, and makes the lines of the tables of it: a program each, or a class of tfjs's. */
import { significant } from '../numbers';
import { workloadNamed } from '../workloads';
import { type CompiledForMali, MALIS, type Mali, compileForMali } from './mali';
import type { Collected, Use } from './page';
import { type Compiled, FAMILIES, type Family, compileForAmd } from './radv';
import { type Spirv, compileSpirv } from './spirv';
import type { AmdTools } from './tools';

/** A program as all compilers see it. */
export interface Measured {
  readonly name: string;
  /** 'forward subpixel', 'input gradient ours', … */
  readonly purposes: readonly string[];
  readonly layers: readonly string[];
  readonly uses: readonly Use[];
  readonly amd: Readonly<Record<Family, Compiled>>;
  readonly mali?: Readonly<Record<Mali, CompiledForMali | undefined>>;
}

const AMD = Object.keys(FAMILIES) as Family[];

/** Compiles programs for all GPUs. @param mali Whether the compiler for Mali is here. */
export function measure(programs: readonly Collected[], tools: AmdTools, mali: boolean): Measured[] {
  const shaders = programs.map((program, n) => spirvOf(program, `${tools.folder}/${n}.spv`));
  const amd = AMD.map((family) => compileForAmd(shaders, family, tools));
  const record = <K extends string, V>(keys: readonly K[], value: (key: K, n: number) => V): Record<K, V> =>
    Object.fromEntries(keys.map((key, n) => [key, value(key, n)])) as Record<K, V>;
  return programs.map((program, n) => ({
    name: titleOf(program),
    purposes: [...new Set(program.uses.map(({ pass, by }) => `${pass} ${by}`))],
    layers: [...new Set(program.uses.map(({ layer }) => layer))],
    uses: program.uses,
    amd: record(AMD, (_, family) => amd[family][n]),
    ...(mali ? { mali: record(MALIS, (gpu) => compileForMali(program.source, gpu, tools.folder)) } : {}),
  }));
}

const TRANSPOSED_PACKED = 'Conv2DDerInputPackedProgram';

function strideOf({ uses }: Collected): number {
  return workloadNamed(uses[0].layer).geometry.strideWidth;
}

function spirvOf(program: Collected, file: string): Spirv {
  // Beyond stride 1 no tap is common to neighbouring columns.
  const loop = program.name === TRANSPOSED_PACKED && strideOf(program) > 1 ? 'smallest' : 'largest';
  return compileSpirv(program.source, 'frag', file, loop);
}

function titleOf(program: Collected): string {
  if (program.name !== TRANSPOSED_PACKED) return program.name;
  return `${program.name}, stride ${strideOf(program) > 1 ? '> 1' : '1'}`;
}

export const HEAD = [
  'program',
  'fetches',
  ...['vector', 'registers', 'spills', 'waves', 'instructions'].map((what) => `${what}, ${AMD.join(' / ')}`),
  ...MALIS.map((mali) => `${mali}: spills, threads, instructions`),
  'for',
];

/** The cells of each program of ours, and of each class of tfjs's: from the least to the most. */
export function rowsOf(all: readonly Measured[]): string[][] {
  const groups = new Map<string, Measured[]>();
  for (const one of all) groups.set(one.name, [...(groups.get(one.name) ?? []), one]);
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([name, group]) => {
      const amd = (of: (compiled: Compiled) => number | undefined): string =>
        AMD.map((family) => span(group.map((one) => of(one.amd[family])))).join(' / ');
      const layers = new Set(group.flatMap((one) => one.layers)).size;
      const purposes = [...new Set(group.flatMap((one) => one.purposes))];
      return [
        name,
        span(group.map((one) => one.amd.RDNA2.fetchesPerMultiplyAdd)),
        dashIfNone(amd((of) => of.vectorPerMultiplyAdd)),
        amd((of) => of.registers),
        amd((of) => of.spills),
        amd((of) => of.waves),
        amd((of) => of.instructions),
        ...MALIS.map((mali) => maliCell(group, mali)),
        `${purposes.join(', ')}; ${layers} ${layers === 1 ? 'layer' : 'layers'}`,
      ];
    });
}

function maliCell(group: readonly Measured[], mali: Mali): string {
  const found = group.flatMap((one) => one.mali?.[mali] ?? []);
  if (found.length === 0) return '';
  const of = (get: (one: CompiledForMali) => number): string => span(found.map(get));
  const spills = `${of(({ spills }) => spills)} : ${of(({ fills }) => fills)}`;
  return `${spills}, ${of(({ threads }) => threads)}, ${of(({ instructions }) => instructions)}`;
}

/** A number, or the least and the most of several. */
function span(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '';
  const [least, most] = [Math.min(...known), Math.max(...known)].map((n) =>
    Number.isInteger(n) ? `${n}` : significant(n),
  );
  return least === most ? least : `${least}–${most}`;
}

const dashIfNone = (text: string): string => (text === ' / ' ? '' : text);
