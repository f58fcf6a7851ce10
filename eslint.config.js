import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const PROGRAMS = ['child_process', 'node:child_process', 'execa'].map((name) => ({
  name,
  message: 'Only src/process/ starts programs.',
}));

/**
 * Arrows point down only: cli → tasks → build → domain folders → {process, report, errors, paths, config types}.
 * A domain folder imports no other domain folder; build/ hands values across.
 */
const DOMAINS = ['source', 'snapshots', 'basebox', 'vm', 'guest', 'disks', 'artifacts'];
const ABOVE = {
  tasks: ['cli'],
  build: ['tasks', 'cli'],
  ...Object.fromEntries(
    DOMAINS.map((folder) => [
      folder,
      [...DOMAINS.filter((other) => other !== folder), 'build', 'tasks', 'cli'],
    ]),
  ),
  config: [...DOMAINS, 'build', 'tasks', 'cli'],
  report: [...DOMAINS, 'config', 'build', 'tasks', 'cli'],
  process: [...DOMAINS, 'config', 'build', 'tasks', 'cli'],
};
const layers = Object.entries(ABOVE).map(([folder, forbidden]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: folder === 'process' ? [] : PROGRAMS,
        patterns: [
          {
            regex: `^(?:\\.\\./)+(?:${forbidden.join('|')})/`,
            message: `src/${folder}/ must not import from there (docs/architecture.md).`,
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist', 'out', 'coverage', 'node_modules'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/return-await': ['error', 'always'],
      // `await using _held = …` keeps a lock until the end of the block.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-imports': ['error', { paths: PROGRAMS }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
          message: 'Only src/cli/ ends the process.',
        },
      ],
    },
  },
  ...layers,
  {
    files: ['test/rig/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly' },
    },
  },
);
