/** docs/coming-from-rake.md names all that there is, and its script does what it says. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { TASKS } from '../../../src/cli/rake.js';
import { OPTION_VARIABLES } from '../../../src/config/options.js';
import { OPTION_WORDS } from '../../../src/config/options-words.js';
import { GUEST_VARIABLES } from '../../../src/config/variables.js';
import { run } from '../../../src/process/run.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { repository, temporaryFolder } from '../source/repository.js';

let page: string;
beforeAll(async () => {
  const path = fileURLToPath(new URL('../../../docs/coming-from-rake.md', import.meta.url));
  page = await readFile(path, 'utf8');
});

/** A section, from its heading to the next. */
const section = (heading: string): string => page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

describe('the page names', () => {
  it.each(TASKS.map(({ name }) => name))('the task %s, there and here', (name) => {
    expect(section('Tasks')).toContain(`| \`rake ${name}\``);
    expect(section('Tasks')).toContain(`\`mayfly rake ${name}\``);
  });

  it.each(OPTION_WORDS.map(({ word }) => word))('the option %s', (word) => {
    const first = section('Build options').matchAll(/^\| ([^|]*) \|/gm);
    const words = [...first].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`=]+)/g)]).map(([, it]) => it);
    expect(words).toContain(word);
  });

  it.each(GUEST_VARIABLES.map(({ name }) => name.replace('PREFIX_', 'TAILS_')))(
    'the variable %s of the scripts',
    (name) => {
      expect(page).toMatch(new RegExp(`\`${name}\\b`));
    },
  );

  it.each(OPTION_VARIABLES)('%s', (name) => {
    expect(section('Variables')).toContain(`\`${name}\``);
  });
});

describe('its script `rake`', () => {
  /** What was called, in a checkout with this file. */
  async function called(file: string, at: string): Promise<unknown> {
    const folder = await temporaryFolder();
    const root = await repository(join(folder, 'checkout'), { [file]: '', 'deep/down/file': '' });
    const mayfly = await fakeProgram('mayfly', '');
    const other = await fakeProgram('other-rake', '');
    const script = /^#!\/bin\/sh\n[^]*?(?=^```$)/m.exec(page)?.[0] ?? '';
    expect(script).toContain('/usr/bin/rake');
    const program = join(folder, 'bin/rake');
    await mkdir(dirname(program));
    await writeFile(program, script.replace('/usr/bin/rake', 'other-rake'));
    await chmod(program, 0o755);
    await mkdir(join(folder, 'elsewhere'));
    await run(program, ['build', 'ARTIFACTS=/srv/my images'], { cwd: join(root, at) });
    return { mayfly: await mayfly.calls(), other: await other.calls() };
  }

  const TAILS = 'vagrant/lib/tails_build_settings.rb';
  const words = ['build', 'ARTIFACTS=/srv/my images'];

  it.each(['.', 'deep/down'])('calls mayfly in a Tails-style checkout, at %s', async (at) => {
    expect(await called(TAILS, at)).toEqual({ mayfly: [['rake', ...words]], other: [] });
  });

  it.each([
    ['another checkout', 'deep/down'],
    ['no checkout', '../elsewhere'],
  ])('leaves %s to the real one', async (_, at) => {
    expect(await called('Rakefile', at)).toEqual({ mayfly: [], other: [words] });
  });
});
