// SPDX-License-Identifier: Apache-2.0
/** Brings WebGL's GLSL into SPIR-V, which Vulkan drivers compile, and counts what its innermost loop asks for. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** A shader in SPIR-V, and what a pipeline for it has to know. */
export interface Spirv {
  readonly file: string;
  readonly outputs: number;
  readonly bindings: number;
  /** The binding of its uniforms that are no samplers; −1 if it has none. */
  readonly uniformBinding: number;
  readonly loop: WhichLoop;
  readonly asked: Asked;
}

/** What a round of the innermost loop asks for; of the whole shader, if it has no loop. */
export interface Asked {
  readonly multiplyAdds: number;
  readonly fetches: number;
}

/**
 * Which of several innermost loops runs. Nearly always the largest, besides what borders need; in stock's packed
 * transposed convolution, the largest is for two neighbouring columns with a tap in common, which takes a stride of 1.
 */
export type WhichLoop = 'largest' | 'smallest';

/** Compiles a shader of WebGL 2 into `file`. @throws Error with the compiler's log. */
export function compileSpirv(source: string, stage: 'vert' | 'frag', file: string, loop: WhichLoop = 'largest'): Spirv {
  const glsl = `${file}.${stage}`;
  writeFileSync(glsl, source.replace('#version 300 es', '#version 450').replace(/precision \w+ \w+;/g, ''));
  // -R takes uniforms that are in no block; bindings and locations are given to what has none.
  run('glslangValidator', ['-V', '-R', '--amb', '--aml', glsl, '-o', file]);
  // tfjs writes `if (false) …`, which no driver keeps.
  const kept = `${file}.kept`;
  run('spirv-opt', ['--eliminate-dead-branches', '--merge-blocks', file, '-o', kept]);
  const text = run('spirv-dis', [kept]);
  const classes = new Map([...text.matchAll(/(%\w+) = OpVariable %\w+ (\w+)/g)].map(([, id, kind]) => [id, kind]));
  const bindings = new Map([...text.matchAll(/OpDecorate (%\w+) Binding (\d+)/g)].map(([, id, n]) => [id, Number(n)]));
  const uniforms = [...bindings].find(([id]) => classes.get(id) === 'Uniform');
  return {
    file,
    outputs: [...classes.values()].filter((kind) => kind === 'Output').length,
    bindings: Math.max(-1, ...bindings.values()) + 1,
    uniformBinding: uniforms?.[1] ?? -1,
    loop,
    asked: askedBy(text, loop),
  };
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stdout.slice(-1500)}`);
  return stdout;
}

/** What the innermost loop asks for; without loops, all of it. */
export function askedBy(text: string, which: WhichLoop): Asked {
  const functions = functionsOf(text.split('\n'));
  const bodies = [...functions.values()];
  const loops = bodies.flatMap(innermostLoops).map((loop) => countOf(loop, functions));
  return (
    chooseLoop(loops, which, ({ multiplyAdds }) => multiplyAdds) ?? countOf(functions.get('%main') ?? [], functions)
  );
}

/** Of loops that hold no other and do some arithmetic, the one that does most, or least. */
export function chooseLoop<T>(loops: readonly T[], which: WhichLoop, arithmetic: (loop: T) => number): T | undefined {
  const sorted = loops.filter((loop) => arithmetic(loop) > 0).sort((a, b) => arithmetic(a) - arithmetic(b));
  return which === 'largest' ? sorted.at(-1) : sorted[0];
}

function functionsOf(lines: readonly string[]): Map<string, string[]> {
  const functions = new Map<string, string[]>();
  let body: string[] = [];
  for (const line of lines) {
    const [, id] = /(%\w+) = OpFunction /.exec(line) ?? [];
    if (id) functions.set(id, (body = []));
    body.push(line);
  }
  return functions;
}

/** A loop goes from its OpLoopMerge to the label that this names. */
function innermostLoops(lines: readonly string[]): string[][] {
  const spans = lines.flatMap((line, begin) => {
    const [, end] = /OpLoopMerge (%\w+)/.exec(line) ?? [];
    return end ? [[begin, lines.findIndex((other) => other.includes(`${end} = OpLabel`))] as const] : [];
  });
  return spans
    .filter(([begin, end]) => !spans.some(([other]) => other > begin && other < end))
    .map(([begin, end]) => lines.slice(begin, end));
}

/** Multiplications of floats in some lines, lane by lane; and fetches, those of functions that they call included. */
function countOf(lines: readonly string[], functions: ReadonlyMap<string, readonly string[]>): Asked {
  const lanesOf = (type: string): number => Number(/^%v(\d)float$/.exec(type)?.[1] ?? (type === '%float' ? 1 : 0));
  const types = new Map<string, string>();
  let [multiplyAdds, fetches] = [0, 0];
  for (const line of lines) {
    const [, id, op, type, rest] = /(%\w+) = (Op\w+) (%\w+)(.*)/.exec(line) ?? [];
    if (!id) continue;
    types.set(id, type);
    const operands = rest.trim().split(' ');
    if (op === 'OpDot') multiplyAdds += lanesOf(types.get(operands[0]) ?? '');
    else if (op === 'OpFMul' || op === 'OpVectorTimesScalar') multiplyAdds += lanesOf(type);
    else if (op === 'OpMatrixTimesVector' || op === 'OpVectorTimesMatrix') multiplyAdds += lanesOf(type) ** 2;
    else if (/^OpImage(Fetch|Sample)/.test(op)) fetches++;
    else if (op === 'OpFunctionCall') fetches += countOf(functions.get(operands[0]) ?? [], functions).fetches;
  }
  return { multiplyAdds, fetches };
}
