// SPDX-License-Identifier: Apache-2.0
/** The linter's rules: those of ESLint and typescript-eslint, which room may import which, and the width of lines. */
import js from '@eslint/js';
import stylistic from '@stylistic/eslint-plugin';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { backends, index, kernelFolders, subpaths } from './scripts/entries.mjs';

const [contract, geometry, engine, family] = ['src/contract', 'src/geometry', 'kernels/engine', 'kernels/family'];
/** Backends that keep tensors as arrays in memory, where the family's kernels run. */
const IN_MEMORY = ['cpu', 'wasm'];

/**
 * What the files of a room may import of this repository, besides each other. Dependencies point one way:
 * examples → bench → src → (contract, geometry) ← kernels. Tests may import anything; nobody else imports a test.
 * A new folder of `kernels` gets the rules of a backend that shares nothing with others.
 */
const MAY_IMPORT = {
  src: [],
  'src/geometry': [],
  'src/contract': [geometry],
  'src/choice': [contract, geometry],
  'src/op': ['src/choice', contract, geometry],
  'src/integrations': ['src/op', 'src/choice', contract, geometry],
  'kernels/engine': [],
  'kernels/family': [engine, contract, geometry],
  ...Object.fromEntries(
    kernelFolders
      .map((name) => `kernels/${name}`)
      .filter((folder) => folder !== engine && folder !== family)
      .map((folder) => [folder, [contract, geometry]]),
  ),
  ...Object.fromEntries(IN_MEMORY.map((name) => [`kernels/${name}`, [family, engine, contract, geometry]])),
  'kernels/*.ts': [index, 'kernels/index.ts', ...backends.map((name) => `kernels/${name}/index.ts`)],
  bench: ['src', 'kernels', 'scripts'],
  // The public things of src and kernels: those of the entries, where they are written or in the built package.
  examples: [
    ...[index, contract, geometry, ...Object.values(subpaths), 'kernels/index.ts', 'dist', 'bench', 'scripts'],
    'docs/screenshots',
  ],
  scripts: [],
};

const zones = Object.entries(MAY_IMPORT).map(([room, others]) => ({
  target: room,
  from: '.',
  except: ['node_modules', ...(room.includes('*') ? [] : [room]), ...others],
  message: `What ${room} may import: ${['itself', ...others].join(', ')}. See eslint.config.js.`,
}));

/** Which packages may be imported: of tfjs only roots, and no others than some if there are such. */
function packages(others) {
  const inside = { group: ['@tensorflow/*/*'], message: "Import the roots of tfjs packages only, not what's inside." };
  const restrict = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
  if (!others) return restrict([inside]);
  const names = others.map((name) => `@tensorflow/tfjs-${name}`);
  const message = `Of packages, import here only ${names.join(', ')}.`;
  return restrict([inside, { regex: `^(?!\\.|(${names.join('|')})$)`, message }]);
}

/** Where the insides of a backend are known: a file for each. What a later tfjs changes is mended there. */
const INTERNALS = [
  'kernels/webgl/tfjs_internals.ts',
  'kernels/webgpu/tfjs_internals.ts',
  ...IN_MEMORY.map((name) => `kernels/${name}/index.ts`),
];

/** No member of a backend, neither `backend.…`, `this.backend.…` nor `const { … } = backend`; and nothing else. */
function noInternals(...others) {
  const backend = [
    'MemberExpression[object.name=/backend$/i]',
    'MemberExpression[object.property.name=/backend$/i]',
    "VariableDeclarator[id.type='ObjectPattern'][init.name=/backend$/i]",
    'TSAsExpression[expression.name=/backend$/i]',
  ];
  const message = `Only ${INTERNALS.join(', ')} know what is inside tfjs's backends.`;
  return { 'no-restricted-syntax': ['error', ...[...backend, ...others].map((selector) => ({ selector, message }))] };
}

/** Sees nothing but lines. AssemblyScript is no TypeScript: `@inline function` would be a syntax error. */
const linesOnly = {
  parseForESLint: (text) => ({
    ast: {
      type: 'Program',
      sourceType: 'module',
      body: [],
      tokens: [],
      comments: [],
      range: [0, text.length],
      loc: { start: { line: 1, column: 0 }, end: { line: text.split('\n').length, column: 0 } },
    },
    visitorKeys: { Program: [] },
  }),
};

export default tseslint.config(
  { ignores: ['docs/api/', '**/dist/', 'coverage/', 'bench/out/', 'examples/out/', '**/*.generated.ts'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    plugins: { '@stylistic': stylistic, 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'] })],
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      eqeqeq: 'error',
      // Comments, strings and GLSL and WGSL too. A line that holds an address may be longer.
      '@stylistic/max-len': ['error', { code: 120, comments: 120, ignoreUrls: true }],
      // A line that the formatter would break wants another shape.
      'no-warning-comments': ['error', { terms: ['prettier-ignore'], location: 'anywhere' }],
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      ...packages(),
    },
  },
  // What the library's own files may import of packages. Later blocks replace the rule of earlier ones.
  { files: ['src/**', 'kernels/**'], rules: packages(['core']) },
  { files: ['src/integrations/**'], rules: packages(['core', 'layers', 'converter']) },
  ...backends.map((name) => ({ files: [`kernels/${name}/**`], rules: packages(['core', `backend-${name}`]) })),
  {
    files: ['kernels/**'],
    // A proof calls what every backend has: write, readSync, disposeData.
    ignores: [...INTERNALS, 'kernels/family/proof_of_storage.ts'],
    rules: noInternals(),
  },
  // Flags of tfjs, too.
  {
    files: ['kernels/webgl/**', 'kernels/webgpu/**'],
    ignores: INTERNALS,
    rules: noInternals("CallExpression[callee.name='env']"),
  },
  {
    files: ['**/*.as.ts'],
    languageOptions: { parser: linesOnly },
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
      },
    },
    rules: { '@typescript-eslint/explicit-function-return-type': 'off' },
  },
);
