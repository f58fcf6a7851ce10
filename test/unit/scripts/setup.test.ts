import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { run, which } from '../../../src/process/run.js';
import { temporaryFolder } from '../source/repository.js';

/** setup.sh on a Debian machine without Node.js whose APT offers this version of it; apt-get installs nothing. */
async function setUp(candidate: string): Promise<{ exitCode: number; stderr: string; calls: string }> {
  const folder = await temporaryFolder();
  for (const name of ['dirname', 'sort', 'sed', 'ls', 'id', 'env', 'dpkg'])
    await symlink((await which(name)) ?? name, join(folder, name));
  const log = join(folder, 'calls');
  const fake = async (name: string, body: string): Promise<void> => {
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  };
  await fake('sudo', 'exec "$@"');
  await fake('apt-get', `echo "$*" >>'${log}'; [ "$1" = update ] || exit 9`);
  // Its lists are empty until the first update.
  await fake(
    'apt-cache',
    `echo 'nodejs:'; echo '  Installed: (none)'; [ ! -e '${log}' ] || echo '  Candidate: ${candidate}'`,
  );
  const line = `PATH='${folder}' exec /bin/sh '${resolve('scripts/setup.sh')}'`;
  const { exitCode, stderr } = await run('sh', ['-c', line], { accept: [0, 3, 9] });
  return { exitCode, stderr, calls: await readFile(log, 'utf8').catch(() => '') };
}

it('installs nothing where the Node.js of APT is too old, and says what to do', async () => {
  const { exitCode, stderr, calls } = await setUp('18.20.4+dfsg-1~deb12u1');
  expect({ exitCode, calls }).toEqual({ exitCode: 3, calls: 'update -qq\n' });
  expect(stderr).toMatch(/18\.20\.4.*Nothing was installed\. Take one from nodejs\.org/);
});

it('installs that of APT where it is new enough', async () => {
  const { exitCode, calls } = await setUp('20.19.2+dfsg-1');
  expect(exitCode).toBe(9);
  expect(calls).toMatch(/^install .*\bnodejs\b/m);
});
