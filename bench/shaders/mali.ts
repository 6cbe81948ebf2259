// SPDX-License-Identifier: Apache-2.0
/**
 * What Mesa's compiler makes of shaders for Arm's GPUs, which have 64 registers a thread. It is a tool of Mesa's own
 * that no distribution has: `--build-mali` builds it of Debian's source package, in some minutes. Arm's own compiler
 * may do better.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { installPackages } from '../../scripts/programs.mjs';
import { FOLDER } from './tools';

/** Two architectures: Valhall (Mali-G57, G77, G78) and Bifrost (Mali-G52, G72, G76). */
const GPUS = { Valhall: 'G57', Bifrost: 'G52' } as const;
export type Mali = keyof typeof GPUS;
export const MALIS = Object.keys(GPUS) as Mali[];

/** A compiled shader. */
export interface CompiledForMali {
  readonly instructions: number;
  /** Of registers to memory and back: how many instructions do it. */
  readonly spills: number;
  readonly fills: number;
  /** How many threads share a core's registers, relative to those with 64 registers each: 2 if 32 are enough. */
  readonly threads: number;
}

const COMPILER = `${FOLDER}/mali/build/src/panfrost/bifrost_compiler`;
export const hasMaliCompiler = (): boolean => existsSync(COMPILER);

const VERTEX = `#version 300 es
out highp vec2 resultUV;
void main() {
  gl_Position = vec4(float(gl_VertexID));
  resultUV = gl_Position.xy;
}`;

/** Compiles a fragment shader in a folder; `undefined` if this compiler cannot. */
export function compileForMali(source: string, mali: Mali, folder: string): CompiledForMali | undefined {
  const [vertex, fragment] = [`${folder}/mali.vert`, `${folder}/mali.frag`];
  writeFileSync(vertex, VERTEX);
  writeFileSync(fragment, source);
  const { stderr } = spawnSync(COMPILER, [`--gpu=${GPUS[mali]}`, 'compile', vertex, fragment], {
    cwd: folder, // It writes its binary where it is.
    env: { ...process.env, BIFROST_MESA_DEBUG: 'shaderdb' },
    encoding: 'utf8',
  });
  const line = stderr.split('\n').find((text) => text.includes('MESA_SHADER_FRAGMENT')) ?? '';
  const counts = /(\d+) inst,.* (\d+) threads,.* (\d+):(\d+) spills:fills/.exec(line);
  if (!counts) return undefined;
  const [instructions, threads, spills, fills] = counts.slice(1).map(Number);
  return { instructions, threads, spills, fills };
}

/** What the compiler is built with. */
const PACKAGES =
  'dpkg-dev gcc g++ libc6-dev meson ninja-build bison flex pkg-config python3-mako ' +
  'libdrm-dev libelf-dev libexpat1-dev zlib1g-dev';
/** Nothing but the compiler. */
const OFF = 'glx egl gbm gles1 gles2 llvm shared-glapi valgrind libunwind zstd';

/** Builds the compiler; returns '' or why it cannot. */
export function buildMaliCompiler(): string {
  const problem = installPackages(PACKAGES.split(' '));
  if (problem !== '') return problem;
  const folder = `${FOLDER}/mali`;
  mkdirSync(`${folder}/lists/partial`, { recursive: true });
  // A list of sources of its own: the machine's may name no source packages.
  const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].find((file) => existsSync(file));
  if (!sources) return 'apt has no list of sources where Debian keeps it';
  const [type, list] = sources.endsWith('.sources')
    ? [/^Types: .*$/gm, `${folder}/debian.sources`]
    : [/^deb(?= )/gm, `${folder}/sources.list`];
  const asked = sources.endsWith('.sources') ? 'Types: deb-src' : 'deb-src';
  writeFileSync(list, readFileSync(sources, 'utf8').replace(type, asked));
  const own = { 'Dir::Etc::sourcelist': list, 'Dir::Etc::sourceparts': '-', 'Dir::State::Lists': `${folder}/lists` };
  const apt = [...Object.entries(own), ['APT::Sandbox::User', 'root']].flatMap(([key, to]) => ['-o', `${key}=${to}`]);
  const path = '/usr/sbin:/usr/bin:/sbin:/bin'; // Debian's Python has Debian's mako.
  const run = (program: string, ...args: string[]): void => {
    console.log(`  ${program} ${args.join(' ')}`);
    const { status } = spawnSync(program, args, {
      cwd: folder,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`${program} ${args[0]} failed`);
  };
  try {
    run('apt-get', ...apt, 'update');
    run('apt-get', ...apt, 'source', 'mesa');
    const mesa = readdirSync(folder).find((name) => /^mesa-[\d.]+$/.test(name));
    if (!mesa) return 'apt-get source mesa left no folder';
    // The tool asks for bindings of samplers that nobody has given to it: any will do.
    run('sed', '-i', 's/gl_nir_lower_samplers, prog)/gl_nir_lower_samplers, NULL)/', toolOf(folder, mesa));
    const off = OFF.split(' ').map((feature) => `-D${feature}=disabled`);
    const drivers = ['-Dgallium-drivers=panfrost', '-Dvulkan-drivers=', '-Dplatforms=', '-Dopengl=false'];
    run('meson', 'setup', 'build', mesa, '-Dtools=panfrost', '-Dbuildtype=release', ...drivers, ...off);
    run('ninja', '-C', 'build', '-j1', 'src/panfrost/bifrost_compiler');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const toolOf = (folder: string, mesa: string): string => `${folder}/${mesa}/src/panfrost/bifrost/cmdline.c`;
