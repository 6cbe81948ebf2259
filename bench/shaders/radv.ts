// SPDX-License-Identifier: Apache-2.0
/**
 * What Mesa's compiler makes of shaders for AMD's GPUs. RADV's null device compiles for a GPU that is not there; its
 * statistics and its assembly are what a driver would have made. ./radv_statistics.c asks for both.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Spirv, type WhichLoop, chooseLoop, compileSpirv } from './spirv';
import type { AmdTools } from './tools';

/** Two architectures: RDNA2 (of Radeon RX 6800, Steam Deck, PlayStation 5) and GCN 5 (Vega: many laptops). */
export const FAMILIES = { RDNA2: 'NAVI21', GCN: 'VEGA10' } as const;
export type Family = keyof typeof FAMILIES;

/** A compiled shader. */
export interface Compiled {
  /** Vector registers of a thread. */
  readonly registers: number;
  /** Registers that had to be kept in memory, vector and scalar. */
  readonly spills: number;
  /** Waves of threads that a SIMD unit holds at once, with that many registers: more hide more of memory's latency. */
  readonly waves: number;
  readonly instructions: number;
  /** Per multiply-add of the innermost loop; `undefined` if there is none. */
  readonly fetchesPerMultiplyAdd: number | undefined;
  readonly vectorPerMultiplyAdd: number | undefined;
}

const VERTEX = `#version 300 es
out vec2 resultUV;
void main() {
  vec4 corner = vec4(float(gl_VertexIndex % 2) * 4. - 1., float(gl_VertexIndex / 2) * 4. - 1., 0., 1.);
  gl_Position = corner;
  resultUV = corner.xy * .5 + .5;
}`;

/** Compiles fragment shaders in SPIR-V for a family of GPUs. @throws Error if the driver refuses one. */
export function compileForAmd(shaders: readonly Spirv[], family: Family, tools: AmdTools): Compiled[] {
  const vertex = compileSpirv(VERTEX, 'vert', `${tools.folder}/vertex.spv`);
  const assemblyOf = ({ file }: Spirv): string => `${file}.${family}.txt`;
  const input = shaders.map((shader) => {
    const { file, outputs, bindings, uniformBinding } = shader;
    return [file, outputs, bindings, uniformBinding, assemblyOf(shader)].join(' ');
  });
  const env = { ...process.env, RADV_FORCE_FAMILY: FAMILIES[family], VK_ICD_FILENAMES: tools.driver };
  const options = { input: input.join('\n'), env, encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(tools.statistics, [vertex.file], options);
  const lines = stdout.trim().split('\n').filter(Boolean);
  if (status !== 0 || lines.length !== shaders.length) {
    throw new Error(`RADV does not compile ${shaders[lines.length]?.file} for ${family}: ${stderr}`);
  }
  return shaders.map((shader, n) =>
    compiledOf(
      JSON.parse(lines[n]) as Record<string, number>,
      readFileSync(assemblyOf(shader), 'utf8'),
      shader,
      family,
    ),
  );
}

function compiledOf(
  statistics: Record<string, number>,
  assembly: string,
  { asked, loop }: Spirv,
  family: Family,
): Compiled {
  const { vector, fetches } = innermostLoop(assembly, loop);
  // The compiler may unroll a loop. A round of it has as many fetches as the source's, so these are compared.
  const perFetch = asked.fetches / asked.multiplyAdds;
  const counts = asked.multiplyAdds > 0 && asked.fetches > 0 && fetches > 0;
  return {
    registers: statistics.VGPRs,
    spills: statistics['Spilled VGPRs'] + statistics['Spilled SGPRs'],
    // RADV counts a wave of RDNA twice, being 64 threads on units of 32.
    waves: statistics['Subgroups per SIMD'] / (family === 'RDNA2' ? 2 : 1),
    instructions: statistics.Instructions,
    fetchesPerMultiplyAdd: counts ? perFetch : undefined,
    vectorPerMultiplyAdd: counts ? (vector / fetches) * perFetch : undefined,
  };
}

interface Loop {
  /** Instructions of the vector units, and fetches of texels. */
  readonly vector: number;
  readonly fetches: number;
  readonly fused: number;
}

/** The innermost loop of some assembly; without loops, all of it. */
function innermostLoop(assembly: string, which: WhichLoop): Loop {
  const instructions: string[] = [];
  const labels = new Map<string, number>();
  /** By where it begins, where a loop ends: at the last jump back. */
  const ends = new Map<number, number>();
  for (const line of assembly.split('\n').map((text) => text.trim())) {
    const [, label] = /^(BB\d+):/.exec(line) ?? [];
    if (label) labels.set(label, instructions.length);
    else if (/^[a-z_0-9]+( |$)/.test(line)) instructions.push(line);
    const [, to] = /^s_c?branch\w* (BB\d+)/.exec(line) ?? [];
    const begin = to === undefined ? undefined : labels.get(to);
    if (begin !== undefined) ends.set(begin, instructions.length);
  }
  const spans = [...ends];
  const loops = spans
    .filter(([begin, end]) => !spans.some(([b, e]) => b >= begin && e <= end && (b !== begin || e !== end)))
    .map(([begin, end]) => countOf(instructions.slice(begin, end)));
  return chooseLoop(loops, which, ({ fused }) => fused) ?? countOf(instructions);
}

function countOf(instructions: readonly string[]): Loop {
  const count = (pattern: RegExp): number => instructions.filter((one) => pattern.test(one)).length;
  return {
    vector: count(/^v_/),
    fetches: count(/^image_/),
    fused: count(/^v_(pk_)?(fma|fmac|mac|mad|fmamk|fmaak|madak|madmk|dot)/),
  };
}
