import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../../../src/process/run.js';
import { makeKeys } from '../../../src/vm/keys.js';
import { temporaryFolder } from '../source/repository.js';

it('a VM gets two new ed25519 keys, and its own is known by its alias', async () => {
  const folder = await temporaryFolder();
  await makeKeys(folder, new AbortController().signal);
  for (const name of ['id_ed25519', 'ssh_host_ed25519_key']) {
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, `${name}.pub`), 'utf8')).toMatch(/^ssh-ed25519 [\w+/=]+ mayfly/);
  }
  const found = await run('ssh-keygen', ['-F', 'mayfly-builder', '-f', 'known_hosts'], { cwd: folder });
  const [, type, key] = (await readFile(join(folder, 'ssh_host_ed25519_key.pub'), 'utf8'))
    .split(' ')
    .slice(0, 2)
    .reduce<string[]>((words, word) => [...words, word], ['']);
  expect(found.stdout).toContain(`mayfly-builder ${type ?? ''} ${key ?? ''}\n`);
});
