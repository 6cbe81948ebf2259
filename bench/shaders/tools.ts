// SPDX-License-Identifier: Apache-2.0
/** The compilers of GPUs that are not here: finds them, and sets up what Debian has by name. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, installPackages, packageVersion } from '../../scripts/programs.mjs';

/** Where tools are built. Git ignores it. */
export const FOLDER = fileURLToPath(new URL('../out/shaders', import.meta.url));
const STATISTICS = fileURLToPath(new URL('radv_statistics.c', import.meta.url));
const DRIVERS = '/usr/share/vulkan/icd.d';
const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan-dev', 'glslang-tools', 'spirv-tools', 'gcc', 'libc6-dev'];

/** What it takes to compile for AMD's GPUs. */
export interface AmdTools {
  /** For shaders and assembly, of this process alone; gone when it ends. */
  readonly folder: string;
  /** Tells Vulkan's loader where RADV is. */
  readonly driver: string;
  /** The compiled ./radv_statistics.c. */
  readonly statistics: string;
  /** Of Mesa, for what is written down. */
  readonly version: string;
}

/** The tools for AMD's GPUs, as far as they are here, or what is missing. */
export function findAmdTools(): AmdTools | { readonly missing: string } {
  const names = existsSync(DRIVERS) ? readdirSync(DRIVERS) : [];
  const icd = names.find((name) => /^radeon_icd.*\.json$/.test(name));
  const missing = [
    icd === undefined && 'RADV (mesa-vulkan-drivers)',
    !findProgram(['glslangValidator']) && 'glslangValidator (glslang-tools)',
    !findProgram(['spirv-dis']) && 'spirv-dis (spirv-tools)',
    !findProgram(['cc']) && 'a C compiler (gcc)',
    !existsSync('/usr/include/vulkan/vulkan.h') && "Vulkan's headers (libvulkan-dev)",
  ].filter((what) => what !== false);
  if (missing.length > 0) return { missing: missing.join(', ') };
  const folder = mkdtempSync(join(tmpdir(), 'shaders-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const statistics = `${folder}/radv_statistics`;
  const { status, stderr } = spawnSync('cc', ['-O1', STATISTICS, '-o', statistics, '-lvulkan'], { encoding: 'utf8' });
  if (status !== 0) return { missing: `a C compiler that makes radv_statistics: ${stderr}` };
  const version = packageVersion('mesa-vulkan-drivers');
  return { folder, driver: `${DRIVERS}/${icd}`, statistics, version };
}

/** The same; installs what is missing where it may. */
export function ensureAmdTools(): AmdTools | { readonly missing: string } {
  const found = findAmdTools();
  if (!('missing' in found)) return found;
  const problem = installPackages(PACKAGES);
  return problem === '' ? findAmdTools() : { missing: `${found.missing}; ${problem}` };
}
