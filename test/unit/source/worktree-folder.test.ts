import { chmod, readFile, readlink, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALL, materialize, modes, project } from './builder-project.js';
import { contents, failure, git, repository, temporaryFolder, write } from './repository.js';

describe('materializeFolder from the work tree', () => {
  test('edited, new and deleted files count, ignored ones do not', async () => {
    const root = await project();
    await write(root, 'builder/builder.yaml', 'edited\n');
    await write(root, 'builder/new/file', 'new\n');
    await write(root, 'builder/x.o', 'ignored\n');
    await unlink(join(root, 'builder/empty'));
    await chmod(join(root, 'builder/kept.txt'), 0o755);
    const out = await materialize(root, 'worktree');
    const expected = Object.entries(ALL).filter(([name]) => name !== 'empty');
    expect(await modes(out)).toEqual({
      ...Object.fromEntries(expected),
      'kept.txt': '755',
      'new/': '755',
      'new/file': '644',
    });
    expect(await readFile(join(out, 'builder.yaml'), 'utf8')).toBe('edited\n');
  });

  test('a folder that became a link is a link, and is not followed', async () => {
    const root = await project();
    const outside = await temporaryFolder();
    await write(outside, 'file', 'secret\n');
    await rm(join(root, 'builder/ünder'), { recursive: true });
    await symlink(outside, join(root, 'builder/ünder'));
    const out = await materialize(root, 'worktree');
    expect(await readlink(join(out, 'ünder'))).toBe(outside);
  });

  test('another repository inside is refused', async () => {
    const root = await project();
    await repository(join(root, 'builder/nested'));
    const error = await failure(materialize(root, 'worktree'));
    expect(error).toMatchObject({ kind: 'usage', code: 'source.folder-content' });
  });

  test('a file that a sparse checkout leaves out is named', async () => {
    const root = await project();
    await git(root, 'sparse-checkout', 'set', '--no-cone', '/*', '!/builder/kept.txt');
    const error = await failure(materialize(root, 'worktree'));
    expect(error).toMatchObject({ kind: 'refused', code: 'source.sparse' });
    expect(error.message).toContain('builder/kept.txt');
  });

  test('writes nothing into the checkout', async () => {
    const root = await project();
    await write(root, 'builder/new', 'new\n');
    const before = await contents(root);
    await materialize(root, 'worktree');
    expect(await contents(root)).toEqual(before);
  });
});
