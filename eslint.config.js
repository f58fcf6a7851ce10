import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/**
 * Arrows point down only: cli → build → domain folders → {process, report, errors, paths}.
 * A domain folder imports no other domain folder; build/ hands values across. A type that two
 * of them need lives in the folder that owns it and is imported as a type.
 */
const domains = ['source', 'snapshots', 'basebox', 'vm', 'guest', 'disks', 'artifacts'];
const zones = [
  ...domains.flatMap((from) =>
    domains
      .filter((target) => target !== from)
      .map((target) => ({
        target: `./src/${target}`,
        from: `./src/${from}`,
        message: `${target}/ does not import ${from}/: let build/ hand the value across.`,
      })),
  ),
  ...domains.map((target) => ({ target: `./src/${target}`, from: ['./src/build', './src/cli'] })),
  { target: './src/build', from: './src/cli' },
  ...['process', 'report', 'config'].map((target) => ({
    target: `./src/${target}`,
    from: [...domains, 'build', 'cli'].map((folder) => `./src/${folder}`),
  })),
];

export default tseslint.config(
  { ignores: ['dist', 'out', 'coverage', 'node_modules'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { 'import-x': importX },
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
      'import-x/no-restricted-paths': ['error', { zones }],
      'no-restricted-imports': [
        'error',
        {
          paths: ['child_process', 'node:child_process', 'execa'].map((name) => ({
            name,
            message: 'Only src/process/ starts programs.',
          })),
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
          message: 'Only src/cli/ ends the process.',
        },
      ],
    },
  },
  {
    files: ['src/process/**/*.ts', 'test/rig/**/*.ts', 'bench/**/*.ts'],
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
