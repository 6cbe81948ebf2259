// SPDX-License-Identifier: Apache-2.0
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'docs/api/',
      'dist/',
      'coverage/',
      'bench/out/',
      'test/dist/',
      'examples/dist/',
      'examples/out/',
      '**/*.as.ts',
      '**/*.generated.ts',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@tensorflow/*/*'], message: "Import the roots of tfjs packages only, not what's inside." },
          ],
        },
      ],
      eqeqeq: 'error',
    },
  },
  {
    // Dependencies point one way: examples → src → (names, geometry) ← kernels.
    files: ['src/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['**/kernels/**', '**/test/**', '@tensorflow/tfjs-backend-*', '@tensorflow/*/*'] }] },
      ],
    },
  },
  {
    files: ['kernels/*/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(\\.\\./)+src/(?!geometry/|contract)',
              message: 'A kernel knows geometry, names and its backend.',
            },
          ],
        },
      ],
    },
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
