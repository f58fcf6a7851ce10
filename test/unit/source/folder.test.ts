import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { materializeFolder } from '../../../src/source/folder.js';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { withPreview } from '../../../src/source/preview.js';
import { ALL, BINARY, materialize, modes, project } from './builder-project.js';
import { commit, failure, git, repository, temporaryFolder, write } from './repository.js';

describe.each(['commit', 'worktree'] as const)('materializeFolder from the %s', (from) => {
  test('gives every file byte for byte, with modes that do not depend on the umask', async () => {
    const root = await project();
    const old = process.umask(0o077);
    onTestFinished(() => {
      process.umask(old);
    });
    const out = await materialize(root, from);
    process.umask(old);
    expect(await modes(out)).toEqual(ALL);
    expect((await lstat(out)).mode & 0o777).toBe(0o755);
    expect(await readFile(join(out, 'binary'))).toEqual(BINARY);
    expect(await readFile(join(out, 'kept.txt'), 'utf8')).toBe('line\n');
    expect(await readlink(join(out, 'link'))).toBe('../outside.txt');
    expect(await readlink(join(out, 'dangling'))).toBe('/nowhere/at all');
  });

  test('a folder in a folder, and the whole project', async () => {
    const root = await project();
    expect(await modes(await materialize(root, from, { folder: './builder/ünder/' }))).toEqual({
      file: '644',
    });
    expect(await readdir(await materialize(root, from, { folder: '.' }))).toEqual([
      '.gitattributes',
      '.gitignore',
      'builder',
      'outside.txt',
    ]);
  });

  test.each(['none', 'outside.txt', '../x', '/etc'])('no such folder: %s', async (folder) => {
    const error = await failure(materialize(await project(), from, { folder }));
    expect(error).toMatchObject({ kind: 'usage', code: 'source.folder-missing' });
  });

  test('a submodule inside is refused, and nothing is left', async () => {
    const root = await project();
    const other = await repository(join(await temporaryFolder(), 'other'));
    await git(root, 'submodule', '--quiet', 'add', other, 'builder/sub');
    await commit(root, 'Submodule', {});
    const folder = await temporaryFolder();
    const error = await failure(materialize(root, from, { destination: join(folder, 'out') }));
    expect(error).toMatchObject({ kind: 'usage', code: 'source.folder-content' });
    expect(error.message).toContain('builder/sub');
    expect(await readdir(folder)).toEqual([]);
  });

  test('a destination with files is refused, or replaced when asked', async () => {
    const root = await project();
    const destination = await temporaryFolder();
    await write(destination, 'old/file', 'old');
    const error = await failure(materialize(root, from, { destination }));
    expect(error).toMatchObject({ kind: 'refused', code: 'source.destination-not-empty' });
    expect(await readdir(destination)).toEqual(['old']);
    await materialize(root, from, { destination, replace: true });
    expect(await modes(destination)).toEqual(ALL);
  });
});

describe('from the commit', () => {
  test('edits in the work tree do not count', async () => {
    const root = await project();
    await write(root, 'builder/builder.yaml', 'edited\n');
    await write(root, 'builder/new', 'new\n');
    const out = await materialize(root, 'commit');
    expect(await readFile(join(out, 'builder.yaml'), 'utf8')).toBe('name: x\n');
    expect(await modes(out)).toEqual(ALL);
  });

  test('may be one that exists in a preview only', async () => {
    const root = await project();
    await commit(root, 'Base', { 'config/base_branch': 'main\n' });
    await git(root, 'branch', 'topic');
    await commit(root, 'Main', { 'builder/main': '1\n' });
    await git(root, 'switch', '--quiet', 'topic');
    await commit(root, 'Topic', { 'builder/topic': '1\n' });
    const checkout = await inspectCheckout(root);
    const destination = join(await temporaryFolder(), 'out');
    await withPreview(checkout, { merge: true }, (share) =>
      materializeFolder({ checkout, share, folder: 'builder', destination, from: 'commit' }),
    );
    expect(await modes(destination)).toEqual({ ...ALL, main: '644', topic: '644' });
  });

  test('names in a tree cannot lead outside', async () => {
    const root = await project();
    const blob = await git(root, 'rev-parse', 'HEAD:outside.txt');
    const entry = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')]);
    const scratch = join(await temporaryFolder(), 'tree');
    await writeFile(scratch, entry);
    const inner = await git(root, 'hash-object', '-t', 'tree', '-w', '--literally', scratch);
    const outer = Buffer.concat([Buffer.from('40000 builder\0'), Buffer.from(inner, 'hex')]);
    await writeFile(scratch, outer);
    const tree = await git(root, 'hash-object', '-t', 'tree', '-w', '--literally', scratch);
    const evil = await git(root, 'commit-tree', tree, '-m', 'Evil');
    const checkout = await inspectCheckout(root);
    const share = { gitDir: checkout.gitDir, commit: evil };
    const folder = await temporaryFolder();
    const request = {
      checkout,
      share,
      folder: 'builder',
      destination: join(folder, 'out'),
      from: 'commit',
    } as const;
    expect(await failure(materializeFolder(request))).toMatchObject({ code: 'source.folder-content' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('works in a worktree', async () => {
    const root = await project();
    const tree = join(await temporaryFolder(), 'tree');
    await git(root, 'worktree', 'add', '--quiet', '-b', 'topic', tree);
    expect(await modes(await materialize(tree, 'commit'))).toEqual(ALL);
    expect(await modes(await materialize(tree, 'worktree'))).toEqual(ALL);
  });
});
