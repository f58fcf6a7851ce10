import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../../src/process/make-folder.js';
import { failure, temporaryFolder } from '../source/repository.js';

describe('a folder', () => {
  it('is made with what is missing above it; one that is there is left as it is', async () => {
    const path = join(await temporaryFolder(), 'a/b c/d');
    await makeFolder(path, 0o700);
    await makeFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, '../..'))).mode & 0o777).toBe(0o700);
  });

  it('is made once by two who want it', async () => {
    const path = join(await temporaryFolder(), 'a/b/c');
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)]);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('that a file system does not take is an error, at once', async () => {
    expect(await failure(makeFolder('/proc/nope/data'))).toMatchObject({
      kind: 'host',
      code: 'host.no-folder',
      message: 'The folder /proc/nope cannot be made: its file system takes none.',
    });
  });

  it('is not made where a file is in the way', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, '');
    await expect(makeFolder(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(path, 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
