import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scriptText, yes, type ScriptName } from '../../../src/guest/scripts.js';
import { quoteWord } from '../../../src/process/command-error.js';
import { run } from '../../../src/process/run.js';
import { git, repository, temporaryFolder } from '../source/repository.js';

const NAMES: readonly ScriptName[] = ['prepare', 'provision', 'build', 'collect', 'finish'];

describe('the text of a script', () => {
  it.each(NAMES)('%s: values, then what all share, then itself; a shell can read it', async (name) => {
    const text = await scriptText(name, { MF_ONE: '1' });
    expect(text.startsWith('MF_ONE=1\n')).toBe(true);
    expect(text.indexOf('fail() {')).toBeGreaterThan(0);
    const shell = name === 'collect' ? 'bash' : 'sh';
    expect((await run(shell, ['-n'], { input: text })).stderr).toBe('');
  });

  it('hands over every value as it is', async () => {
    const values = {
      MF_A: 'it\'s $HOME `id` $(id) \\ " ; rm -rf / #',
      MF_B: 'two\nlines\n',
      MF_C: '',
      MF_D: 'ä 源',
    };
    const text = await scriptText('finish', values);
    const assignments = text.slice(0, text.indexOf('# Put before each script'));
    const print = `printf '%s\\0' "$MF_A" "$MF_B" "$MF_C" "$MF_D"`;
    const { stdout } = await run('sh', ['-s'], { input: `${assignments}${print}\n` });
    expect(stdout.split('\0').slice(0, -1)).toEqual(Object.values(values));
  });

  it('yes is yes or nothing', () => {
    expect([yes(true), yes(false)]).toEqual(['yes', '']);
  });
});

it('fail says its line on stderr, and exits with 70', async () => {
  const text = await scriptText('finish', { MF_SECRET: '0a1b' });
  const common = text.slice(0, text.indexOf('disk_by_serial'));
  const input = `${common}\nfail guest.clone 'it is broken'\n`;
  const result = await run('sh', ['-s'], { input, accept: [70] });
  expect(result).toMatchObject({ stdout: '', stderr: 'mayfly-failure 0a1b guest.clone it is broken\n' });
});

it.each([
  ['/proc', 'yes'],
  ['/proc/self', 'no'],
  ['', 'no'],
])('is_mounted knows where something is mounted: %s', async (place, answer) => {
  const text = await scriptText('finish', {});
  const common = text.slice(0, text.indexOf('disk_by_serial'));
  const input = `${common}\nif is_mounted '${place}'; then echo yes; else echo no; fi\n`;
  expect((await run('sh', ['-s'], { input })).stdout).toBe(`${answer}\n`);
});

it('other_disks unmounts each disk once, wherever it is mounted', async () => {
  const mounts = join(await temporaryFolder(), 'mounts');
  const lines = [
    '/dev/vda / ext4',
    '/dev/vdb /x ext4',
    '/dev/vdb /z ext4',
    'tmpfs /build tmpfs',
    '/dev/vdc1 /y ext4',
  ];
  await writeFile(mounts, lines.map((line) => `${line} rw 0 0\n`).join(''));
  const text = (await scriptText('finish', {})).replaceAll('/proc/mounts', quoteWord(mounts));
  const input = text.replace(/^main < .*$/m, 'umount() { echo "umount $*"; }; other_disks');
  const { stdout } = await run('sh', ['-s'], { input });
  expect(stdout).toBe('umount --all-targets /dev/vdb\numount --all-targets /dev/vdc1\n');
});

it('what a script that was ended has left mounted goes before its directory: the last first, and nothing else', async () => {
  const folder = await temporaryFolder();
  const mounts = join(folder, 'mounts');
  const lines = [
    'tmpfs /build',
    'proc /build/a/proc',
    'udev /build/a/dev',
    'x /build/a/dev/a\\040b',
    'y /builder',
  ];
  await writeFile(mounts, lines.map((line) => `${line} type rw 0 0\n`).join(''));
  const text = (await scriptText('finish', {})).replaceAll('/proc/mounts', quoteWord(mounts));
  const call = 'umount() { echo "umount $*"; }; rm() { echo "rm $*"; }; remove_all /build';
  const { stdout } = await run('sh', ['-s'], { input: text.replace(/^main < .*$/m, call) });
  expect(stdout.trim().split('\n')).toEqual([
    'umount --lazy /build/a/dev/a b',
    'umount --lazy /build/a/dev',
    'umount --lazy /build/a/proc',
    'rm -rf --one-file-system /build',
  ]);
});

it.each([
  ['99 1000', true],
  ['100 1000', false],
])('of the cache of packages with %s blocks free, all is thrown away: %j', async (blocks, isEmptied) => {
  const folder = await temporaryFolder();
  for (const name of ['lost+found', '127.0.0.1']) await mkdir(join(folder, name));
  await writeFile(join(folder, '127.0.0.1/a.deb'), '');
  const call = `MF_SECRET=0a; stat() { echo '${blocks}'; }; empty_when_full ${quoteWord(folder)}`;
  const input = (await scriptText('prepare', {})).replace(/^main < .*$/m, call);
  const { stderr } = await run('sh', ['-s'], { input });
  expect(stderr.includes('mayfly-notice 0a guest.cache-full')).toBe(isEmptied);
  expect(await readdir(folder)).toHaveLength(isEmptied ? 1 : 2);
});

describe('what a mayfly that was killed left running in the VM', () => {
  /** Calls a function of common.sh, with control groups that are folders. @returns what it did */
  async function call(name: string, isUnfinished: boolean) {
    const folder = await temporaryFolder();
    const groups = ['mayfly-build', 'mayfly-provision'];
    for (const group of groups) {
      await mkdir(join(folder, group));
      await writeFile(join(folder, group, 'cgroup.kill'), '');
      await writeFile(join(folder, group, 'cgroup.events'), 'populated 0\nfrozen 0\n');
    }
    const mark = join(folder, 'unfinished');
    if (isUnfinished) await writeFile(mark, 'yes\n');
    const text = await scriptText('prepare', {});
    const common = text.slice(0, text.indexOf("# The tool's own part of provisioning"));
    const here = common.replaceAll(/\/sys\/fs\/cgroup|\/run\/mayfly/g, () => quoteWord(folder));
    const { stdout } = await run('sh', ['-s'], { input: `${here}\ndpkg() { echo "dpkg $*"; }\n${name}\n` });
    const killed = await Promise.all(
      groups.map((group) => readFile(join(folder, group, 'cgroup.kill'), 'utf8')),
    );
    const isMarked = (await readFile(mark, 'utf8').catch(() => '')) !== '';
    return { stdout: stdout.trim(), killed, isMarked, folder };
  }

  it.each([
    ['a build only', false, ['1\n', ''], ''],
    ['provisioning', true, ['1\n', '1\n'], 'dpkg --force-confold --configure -a'],
  ] as const)('is ended before anything else is done: %s', async (_what, isUnfinished, killed, stdout) => {
    expect(await call('end_unfinished', isUnfinished)).toMatchObject({ killed, stdout });
  });

  it('is known by a mark, which goes when provisioning is over', async () => {
    const begun = await call('begin_provisioning', false);
    expect(begun.isMarked).toBe(true);
    expect(await readFile(join(begun.folder, 'mayfly-provision/cgroup.procs'), 'utf8')).toMatch(/^\d+\n$/);
    expect(await call('end_provisioning', true)).toMatchObject({ isMarked: false });
  });

  it('is looked for by each prepare, and noted by both halves of provisioning', async () => {
    const order = (text: string): readonly string[] =>
      Array.from(
        text.matchAll(/^ {2}((?:end|begin)_(?:unfinished|provisioning))$/gm),
        ([, name]) => name ?? '',
      );
    expect(order(await scriptText('prepare', {}))).toEqual([
      'end_unfinished',
      'begin_provisioning',
      'end_provisioning',
    ]);
    expect(order(await scriptText('provision', {}))).toEqual(['begin_provisioning', 'end_provisioning']);
  });
});

it('the submodules of a commit come from the share, whatever they are called', async () => {
  const folder = await temporaryFolder();
  const [root, library, clone] = [join(folder, 'root'), join(folder, 'library'), join(folder, 'clone')];
  await repository(library, { 'lib.txt': 'hello\n' });
  await repository(root);
  for (const name of ['plain', 'third party/lib'])
    await git(root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, name);
  await git(root, 'commit', '--quiet', '--message', 'Add submodules');
  await git(folder, 'clone', '--quiet', '--no-local', root, clone);
  // What they were made from is gone: only the share has them.
  await rm(library, { recursive: true });
  const text = await scriptText('build', {});
  const own = text.slice(text.indexOf('submodules() {'), text.indexOf('# One whose scripts do all this'));
  const input = `as_user() { "$@"; }\n${own}\nsubmodules "$1/.git"\n`;
  const env = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'protocol.file.allow',
    GIT_CONFIG_VALUE_0: 'always',
  };
  await run('sh', ['-s', '--', root], { cwd: clone, input, env });
  expect(await readFile(join(clone, 'third party/lib/lib.txt'), 'utf8')).toBe('hello\n');
  expect(await readFile(join(clone, 'plain/lib.txt'), 'utf8')).toBe('hello\n');
});
