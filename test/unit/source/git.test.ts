import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  git as askGit,
  gitEnvironment,
  listTree,
  parseTree,
  readFileAt,
  records,
  shortRefName,
} from '../../../src/source/git.js';
import { isSafePath } from '../../../src/source/safe-path.js';
import { commit, git, repository, temporaryFolder, write } from './repository.js';

describe('how git is run', () => {
  test('hooks and monitors of the repository are off, whatever its configuration says', () => {
    const env = gitEnvironment({ workTree: '/x' });
    const count = Number(env['GIT_CONFIG_COUNT']);
    const settings = Array.from({ length: count }, (_, index) => [
      env[`GIT_CONFIG_KEY_${index}`],
      env[`GIT_CONFIG_VALUE_${index}`],
    ]);
    expect(settings).toContainEqual(['core.hooksPath', '/dev/null']);
    expect(settings).toContainEqual(['core.fsmonitor', 'false']);
    expect(settings).toContainEqual(['safe.directory', '*']);
    expect(settings.flat()).not.toContain(undefined);
  });

  test('the environment names no configuration of the host or the person, and no transport', () => {
    expect(gitEnvironment({ workTree: '/x' })).toMatchObject({
      GIT_ALLOW_PROTOCOL: 'none',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
    });
    expect(gitEnvironment({ workTree: '/x' })).not.toHaveProperty('GIT_DIR');
    expect(gitEnvironment({ gitDir: '/x/.git' })).toMatchObject({
      GIT_DIR: '/x/.git',
      GIT_WORK_TREE: '/x/.git',
    });
  });

  test("git variables and configuration of the caller's session do not reach it", async () => {
    const root = await repository(join(await temporaryFolder(), 'project'));
    const home = await temporaryFolder();
    await write(
      home,
      '.gitconfig',
      '[core]\n\tabbrev = 30\n[alias]\n\trev-parse = !false\n[log]\n\tshowSignature = true\n',
    );
    vi.stubEnv('HOME', home);
    vi.stubEnv('GIT_DIR', '/nowhere');
    vi.stubEnv('GIT_INDEX_FILE', '/nowhere');
    const short = await askGit({ workTree: root }, ['rev-parse', '--short', 'HEAD']);
    vi.unstubAllEnvs();
    expect(short).toHaveLength(7);
  });

  test('replace refs of one clone do not change what a commit is', async () => {
    const root = await repository(join(await temporaryFolder(), 'project'), { a: '1\n' });
    const first = await git(root, 'rev-parse', 'HEAD');
    const second = await commit(root, 'Second', { a: '2\n' });
    await git(root, 'replace', second, first);
    expect(await readFileAt({ workTree: root }, second, 'a')).toBe('2\n');
  });
});

describe('what git answers', () => {
  test('records', () => {
    expect(records('a\0b c\0\0')).toEqual(['a', 'b c']);
    expect(records('')).toEqual([]);
  });

  test('trees', () => {
    expect(parseTree('100755 blob 1234\ta b\tc\0' + '160000 commit 99\tsub\0')).toEqual([
      { mode: '100755', object: '1234', path: 'a b\tc' },
      { mode: '160000', object: '99', path: 'sub' },
    ]);
  });

  test('a path is what it is: no pattern, no quotes', async () => {
    const root = await repository(join(await temporaryFolder(), 'project'), {
      'ü "x"*': '1\n',
      other: '2\n',
    });
    const entries = await listTree({ workTree: root }, ['HEAD']);
    expect(entries.map(({ path }) => path)).toEqual(['other', 'ü "x"*']);
    expect(await readFileAt({ workTree: root }, 'HEAD', '*')).toBeUndefined();
    expect(await readFileAt({ workTree: root }, 'HEAD', 'ü "x"*')).toBe('1\n');
  });

  test('names of refs', () => {
    expect(shortRefName('refs/heads/feature/1-a')).toBe('feature/1-a');
    expect(shortRefName('refs/tags/4.22')).toBe('4.22');
  });
});

test.each([
  ['provision/build', true],
  ['.gitignore', true],
  ['a..b', true],
  ['../x', false],
  ['a/../../x', false],
  ['/etc/passwd', false],
  ['a//b', false],
  ['.git/hooks/post-checkout', false],
  ['a/.GIT/config', false],
  ['', false],
])('the path %j is safe: %s', (path, safe) => {
  expect(isSafePath(path)).toBe(safe);
});
