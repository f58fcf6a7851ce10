/** builder.yaml, as text → Config. Whoever calls reads the file. */
import { MayflyError } from '../errors.js';
import type { Config } from './config.js';
import { toConfig, type ConfigDefaults } from './defaults.js';
import { problemsOf } from './issues.js';
import { showProblems } from './problems.js';
import { builderSchema } from './schema.js';
import { readYaml, type IsText } from './yaml-reader.js';
import { ownFile } from '../program.js';

export interface LoadContext {
  /** How messages call the file: its path as the person knows it. */
  readonly file: string;
  readonly defaults: ConfigDefaults;
}

/** A builder.yaml of this size is something else. Bytes. */
const LARGEST = 1024 * 1024;

/** In the installation of mayfly: a project has no such page. */
const REFERENCE = ownFile('docs/builder.yaml.md');

/** Values that mean what is written: variables, and what belongs to a build option. */
const isText: IsText = (path) =>
  (path.length === 3 && path[0] === 'build' && path[1] === 'environment') ||
  (path.length === 2 && path[0] === 'options');

/**
 * Reads the settings of a project; an empty text gives the defaults.
 * @throws MayflyError `config.invalid` whose details show every problem with its line and place
 */
export function loadConfig(content: string, { file, defaults }: LoadContext): Config {
  const text = content.replace(/^\ufeff/, '');
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST) {
    throw new MayflyError(
      'usage',
      'config.invalid',
      `${file} has ${bytes} bytes, more than the ${LARGEST} that settings may have.`,
      {
        hint: 'Is it really the builder.yaml of a project?',
      },
    );
  }
  const reading = readYaml(text, isText);
  if (reading.broken) throw invalid(file, text, reading.problems, 'It must be one valid YAML 1.2 document.');
  const parsed = builderSchema.safeParse(reading.value ?? {});
  const problems = [...reading.problems, ...problemsOf(parsed.error?.issues ?? [], reading)];
  if (!parsed.success || problems.length > 0) {
    throw invalid(file, text, problems, `${REFERENCE} describes every field.`);
  }
  return toConfig(parsed.data, defaults);
}

function invalid(
  file: string,
  text: string,
  problems: Parameters<typeof showProblems>[2],
  hint: string,
): MayflyError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new MayflyError('usage', 'config.invalid', `${file} has ${count}.`, {
    details: showProblems(file, text, problems),
    hint: `Correct the marked ${problems.length === 1 ? 'place' : 'places'}. ${hint}`,
  });
}
