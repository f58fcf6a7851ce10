import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sparseSha256 } from '../../../src/process/sparse.js';
import { run } from '../../../src/process/run.js';
import { temporaryFolder } from '../source/repository.js';

const { signal } = new AbortController();

it.each([
  ['all of it is a hole', 32 * 2 ** 20, []],
  ['data at both ends', 24 * 2 ** 20, [0, 24 * 2 ** 20 - 512]],
  ['data in the middle, off any border', 20 * 2 ** 20, [7 * 2 ** 20 + 1536]],
  ['no multiple of anything', 5 * 2 ** 20 + 512 * 3, [4096]],
])('the checksum is that of sha256sum: %s', async (_name, bytes, offsets) => {
  const path = join(await temporaryFolder(), 'disk.raw');
  const file = await open(path, 'w');
  await file.truncate(bytes);
  for (const offset of offsets) await file.write(Buffer.alloc(512, 0xa5), 0, 512, offset);
  await file.close();
  const { stdout } = await run('sha256sum', [path]);
  // sha256sum marks a line with a backslash when it had to escape the name.
  expect(await sparseSha256(path, signal)).toBe(stdout.replace(/^\\/, '').slice(0, 64));
});

it('stops when it is interrupted', async () => {
  const path = join(await temporaryFolder(), 'disk.raw');
  await (await open(path, 'w')).close();
  await expect(sparseSha256(path, AbortSignal.abort())).rejects.toThrow();
});
